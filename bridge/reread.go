package bridge

import "time"

// The bounds of Transfer.Reread.
const (
	LeastReread = 5 * time.Minute
	MostReread  = 7 * 24 * time.Hour
)

// Rereading is how far the records of one object are read again. The zero value is that nobody has begun.
type Rereading struct {
	Due   time.Time `json:"due"`             // when the next pass begins, or the one under way was to
	After RecordID  `json:"after,omitempty"` // the last record that the pass under way has behind it, "" between two
}
