package courier

import (
	"testing"
	"time"
)

// Whoever fails together does not come back together: the waits of each rung lie all over it.
func TestLadder_SpreadsThoseWhoFailTogether(t *testing.T) {
	const draws, parts = 1000, 10
	for n := 1; n <= 12; n++ {
		bound := min(ladderCap, ladderBase<<(n-1))
		var in [parts]int
		for range draws {
			in[min(parts-1, int(rung(n)*parts/bound))]++
		}
		for i, got := range in {
			if got < draws/parts/2 || got > draws/parts*3/2 {
				t.Errorf("rung %d: %d of %d waits lie between %v and %v", n, got, draws, bound*time.Duration(i)/parts, bound*time.Duration(i+1)/parts)
			}
		}
	}
}
