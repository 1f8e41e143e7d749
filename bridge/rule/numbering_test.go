package rule

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestNumbering_AnswersAsIfReadAnew(t *testing.T) {
	g := &numbering{region: "MY"}
	texts := []string{"012-345 6789", "+60123456789", "012-345 6789 ext 12", "ask Ann", "", "３４５", strings.Repeat("1", longestKept+1), "012-345 6780"}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 200 {
				s := texts[i%len(texts)]
				n, ok := g.read(s)
				want, wantOK := readPhone(s, "MY")
				if ok != wantOK || n.e164 != want.e164 || n.ext != want.ext || ok && n.written("national", "MY") != want.written("national", "MY") {
					t.Errorf("%q is read as %v %v, want %v %v", s, n, ok, want, wantOK)
				}
			}
		})
	}
	all.Wait()
	if len(g.now) != len(texts)-1 {
		t.Errorf("%d readings are kept, want all but the long one", len(g.now))
	}
}

func TestNumbering_KeepsWhatIsInUseWithinItsBound(t *testing.T) {
	g := &numbering{region: "MY"}
	for i := range 3*keptReadings + 10 {
		g.keep(fmt.Sprint("x", i), reading{})
		if n := len(g.now) + len(g.before); n > 2*keptReadings {
			t.Fatalf("%d readings are kept", n)
		}
		if i%500 == 0 {
			if _, kept := g.kept("x0"); !kept {
				t.Fatalf("what is asked for again and again was let go after %d", i)
			}
		}
	}
	if _, kept := g.kept("x1"); kept {
		t.Error("what nobody asked for is still kept")
	}
}
