package bridge

import "time"

// Now is the wall clock, which is passed to whatever writes times down. It orders nothing; timers are those of package time.
type Now func() time.Time
