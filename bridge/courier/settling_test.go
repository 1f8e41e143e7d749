package courier

import (
	"testing"
	"time"

	"sfbridge/bridge"
)

func TestCourier_KnowsHowLongWhatAnEarlierProcessSentMayBeUnderWay(t *testing.T) {
	began := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name    string
		resumed bool
		age     time.Duration
		want    time.Duration
	}{
		{"at the start", true, 0, 2 * time.Second},
		{"after a while", true, 500 * time.Millisecond, 1500 * time.Millisecond},
		{"a moment before the end: the journal knows milliseconds", true, 2*time.Second - time.Microsecond, lookAgain},
		{"at the end", true, 2 * time.Second, 0},
		{"the clock was set back", true, -time.Hour, 0},
		{"what came after the start", false, 0, 0},
	} {
		c1 := &Courier{cfg: Config{}.filled(), d: Deps{Now: func() time.Time { return began.Add(c.age) }}, began: began}
		if got := c1.settles(&bridge.Work{Resumed: c.resumed}); got != c.want {
			t.Errorf("%s: it waits %v, want %v", c.name, got, c.want)
		}
	}
}
