package courier

import (
	"math/rand/v2"
	"time"
)

const (
	ladderBase = time.Second
	ladderCap  = 15 * time.Minute
	// itemAge bounds how long an item may fail by its own fault before it is buried.
	itemAge = 7 * 24 * time.Hour
)

// rung is the wait before try n (from 1): full jitter below a bound that doubles from the base to the cap.
func rung(n int) time.Duration {
	bound := ladderCap
	if n < 20 {
		bound = min(ladderCap, ladderBase<<max(0, n-1))
	}
	return 1 + rand.N(bound)
}

// spent is how long an item has waited on the ladder by its n-th failure, in the mean: time that other troubles took is not in it.
func spent(n int) time.Duration {
	var sum time.Duration
	for i := 1; i <= n; i++ {
		if i >= 20 {
			return sum + time.Duration(n-i+1)*ladderCap/2
		}
		sum += min(ladderCap, ladderBase<<(i-1)) / 2
	}
	return sum
}
