package salesforce

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestLinger_RisesWithTheForecast(t *testing.T) {
	for share, want := range map[float64]time.Duration{0: 0, 0.5: 0, 0.625: 500 * time.Millisecond, 0.75: time.Second, 1: 2 * time.Second, 9: 10 * time.Second} {
		if got := lingerAt(share); got != want {
			t.Errorf("at %v of the allowance rows wait %v, want %v", share, got, want)
		}
	}
}

func TestLinger_ForecastsByWhatTheLastHourAdded(t *testing.T) {
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	q := newQuota(Config{Name: "main"}, Deps{Now: func() time.Time { return at }}.withDefaults())
	say := func(used int) time.Duration {
		q.read(http.Header{"Sforce-Limit-Info": {fmt.Sprintf("api-usage=%d/100000", used)}})
		return q.linger()
	}
	if d := q.linger(); d != 0 {
		t.Errorf("nothing is known and rows wait %v", d)
	}
	if d := say(40_000); d != 0 {
		t.Errorf("under half the allowance rows wait %v", d)
	}
	at = at.Add(30 * time.Minute)
	if d := say(42_000); d != 0 { // 24 times 2,000
		t.Errorf("at a pace under half the allowance rows wait %v", d)
	}
	at = at.Add(20 * time.Minute)
	if d := say(43_125); d != time.Second { // 24 times 3,125 are three quarters
		t.Errorf("at a pace of three quarters rows wait %v, want 1s", d)
	}
	for range 4 { // nothing is added for two hours: the pace is over
		at = at.Add(30 * time.Minute)
		say(43_125)
	}
	if d := q.linger(); d != 0 {
		t.Errorf("after a quiet hour rows wait %v", d)
	}
	if d := say(75_000); d < time.Second {
		t.Errorf("with three quarters used rows wait %v", d)
	}
}

func TestLinger_OfTheConfigurationWins(t *testing.T) {
	fixed := 3 * time.Second
	_, client := orgClient(t, nil)
	client.config.Linger = &fixed
	if d := client.Linger(); d != fixed {
		t.Errorf("rows wait %v", d)
	}
}
