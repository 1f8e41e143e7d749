package salesforce

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sfbridge/bridge"
)

// Class is what an error of Salesforce means to us.
type Class string

// The classes.
const (
	Unclassified Class = ""
	Transient    Class = "transient"   // trouble of the platform that passes
	Locked       Class = "locked"      // another transaction holds the row
	Unauthorised Class = "session"     // the session is dead
	Concurrency  Class = "concurrency" // too many long calls at one time
	DailyQuota   Class = "daily_quota" // the calls of 24 hours are used up
	Setup        Class = "setup"       // an administrator must act
	BadRow       Class = "row"         // this row can never be accepted as it is
	Changed      Class = "changed"     // the org's state differs from our belief
	Restart      Class = "restart"     // a cursor or job of the server is gone
	OurBug       Class = "bug"         // we asked for something malformed
	RowLimit     Class = "row_limit"   // a trigger ran out of its limits: fewer rows in one call may pass
)

// Sentinels that a caller re-plans by; errors of Salesforce wrap them.
var (
	// ErrGone says that the row itself is deleted, merged away or out of sight. It wraps bridge.ErrNotFound.
	ErrGone = fmt.Errorf("the record is gone: %w", bridge.ErrNotFound)
	// ErrDuplicateValue says that another row holds the value of a unique field; APIError.Others has its id where it was named.
	ErrDuplicateValue = errors.New("another record holds a unique value")
	// ErrDuplicateRule says that a duplicate rule stopped the row; APIError.Others has the matches of a single row, never of Collections.
	ErrDuplicateRule = errors.New("a duplicate rule found other records")
	// ErrConverted says that the row is a lead that was converted. It wraps bridge.ErrConverted.
	ErrConverted = fmt.Errorf("the lead is read-only: %w", bridge.ErrConverted)
	// ErrNoParent says that the row points by external id to a row that does not exist, or not yet.
	ErrNoParent = errors.New("the parent does not exist")
	// ErrStale says that the row was changed since it was read.
	ErrStale = errors.New("the record was changed in between")
	// ErrOtherOrg says that the login leads to another org than before: a refreshed sandbox or a wrong address.
	ErrOtherOrg = errors.New("the login leads to another org")
	// ErrQuota says that no call was sent because the daily calls are used up to the reserve.
	ErrQuota = errors.New("the daily API calls are used up")
)

// APIError is what Salesforce answered instead of doing what was asked.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
type APIError struct {
	Op      string // what was asked, such as "write rows"
	Status  int    // of HTTP; 200 for a row of Collections
	Code    string // Salesforce's own, such as UNABLE_TO_LOCK_ROW; the OAuth error at the token endpoint
	Message string // Salesforce's own sentence, at most 500 bytes
	Fields  []string
	Others  []bridge.RecordID // of the rows that stand in the way
	Match   bridge.RecordID   // the one of them that the transfer wants to take instead
	Class   Class

	row   bool  // it is about one row, not about the call
	cause error // a sentinel
	// lasting reports that a state which differs from our belief does not come right by waiting.
	lasting  bool
	remedyOf string // the code's, "" for that of the class
	wait     time.Duration
	longest  map[bridge.Field]int // what fields hold whose values are too long
}

// Error is the code, the fields and Salesforce's sentence.
func (e *APIError) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	b.WriteString(": ")
	if e.Code == "" {
		fmt.Fprintf(&b, "status %d", e.Status)
	}
	b.WriteString(e.Code)
	if len(e.Fields) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(e.Fields, ", "))
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	return b.String()
}

// Unwrap is the sentinel of a state that differs from our belief.
func (e *APIError) Unwrap() error { return e.cause }

// NeedsPerson reports whether only an administrator can mend it.
func (e *APIError) NeedsPerson() bool { return e.Class == Setup || e.Class == Unauthorised }

// OfRow reports whether it is what one row of Collections was refused for: the org itself is well.
func (e *APIError) OfRow() bool { return e.Status == http.StatusOK && e.Class == Setup }

// DuplicateOf is the row to take instead: the one that a duplicate rule found, where that is wanted, or that holds the value of a unique field already;
// "" where the answer names none or several.
func (e *APIError) DuplicateOf() bridge.RecordID {
	if e.Match != "" {
		return e.Match
	}
	if !errors.Is(e, ErrDuplicateValue) || len(e.Others) != 1 {
		return ""
	}
	return e.Others[0]
}
