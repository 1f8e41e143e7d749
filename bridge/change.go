package bridge

import (
	"slices"
	"time"
)

// ChangeType is what happened to a record; the names are those of Salesforce's ChangeType enum.
type ChangeType string

// The change types of facts of Change Data Capture. A type outside this list is unknown to us and treated as a gap.
const (
	Create       ChangeType = "CREATE"
	Update       ChangeType = "UPDATE"
	Delete       ChangeType = "DELETE"
	Undelete     ChangeType = "UNDELETE"
	GapCreate    ChangeType = "GAP_CREATE"
	GapUpdate    ChangeType = "GAP_UPDATE"
	GapDelete    ChangeType = "GAP_DELETE"
	GapUndelete  ChangeType = "GAP_UNDELETE"
	GapOverflow  ChangeType = "GAP_OVERFLOW"
	SnapshotType ChangeType = "SNAPSHOT"
)

// Change is one committed change of one or several records, as Salesforce told it.
// https://developer.salesforce.com/docs/atlas.en-us.change_data_capture.meta/change_data_capture/cdc_event_fields_header.htm
type Change struct {
	Org     OrgID      `json:"org"`
	Topic   Topic      `json:"topic,omitempty"`
	Event   string     `json:"event"` // the event's id, a UUID
	Object  Object     `json:"object"`
	Records []RecordID `json:"records"` // one or more; the wildcard forms 001* and fifteen zeros stand for all records
	Type    ChangeType `json:"type"`
	Origin  Origin     `json:"origin"`
	Version Version    `json:"version"`
	Tx      string     `json:"tx,omitempty"` // transactionKey

	// Changed and Cleared name fields of an update; Cleared is a part of Changed. Both are empty for every other type.
	Changed []Field `json:"changed,omitempty"`
	Cleared []Field `json:"cleared,omitempty"`
	// Values holds what the event says: all fields of a create or undelete (null included), the changed ones of an update.
	Values Fields `json:"values,omitempty"`
	// Context holds values that an update carries without having changed them: formulas, enriched fields.
	Context Fields `json:"context,omitempty"`
	// Reread names fields whose new value the event does not give: text sent as a difference, or flagged and null without being cleared.
	Reread []Field `json:"reread,omitempty"`
}

// Gap reports whether the change says that something happened without saying what.
func (c *Change) Gap() bool {
	switch c.Type {
	case Create, Update, Delete, Undelete:
		return false
	default:
		return true
	}
}

// Origin tells where a change came from. It saves work and never decides: see the compare in bridge/rule.
type Origin struct {
	API    string   `json:"api,omitempty"`    // com/salesforce/api/rest/66.0, "" where it came through no API
	Client string   `json:"client,omitempty"` // the Sforce-Call-Options client, without the trailing slash some carry
	User   RecordID `json:"user,omitempty"`
	Ours   bool     `json:"ours,omitempty"` // the client or the user is the bridge's own
}

// Version orders what is said of one record. Events order by commit number and sequence; a row read over REST carries the second of its
// SystemModstamp and no commit number, and yields to any event of that second or later.
type Version struct {
	At       time.Time `json:"at"`
	Commit   int64     `json:"commit,string,omitempty"` // beyond 2^53
	Sequence int32     `json:"seq,omitempty"`
}

// Second is the second of v: rows that are read know no more.
func (v Version) Second() time.Time { return v.At.Truncate(time.Second) }

// Before reports whether v is strictly older than w. Equal versions are not older.
func (v Version) Before(w Version) bool {
	a, b := v.Second(), w.Second()
	switch {
	case !a.Equal(b):
		return a.Before(b)
	case v.Commit == 0 && w.Commit != 0:
		return true
	case v.Commit == 0 || w.Commit == 0:
		return false
	case v.Commit != w.Commit:
		return v.Commit < w.Commit
	default:
		return v.Sequence < w.Sequence
	}
}

// Same reports whether both are of one event. Rows that were read are never the same.
func (v Version) Same(w Version) bool {
	return v.Commit != 0 && v.Commit == w.Commit && v.Sequence == w.Sequence && v.Second().Equal(w.Second())
}

// Beside reports whether w is of a row that was read in the second of the event v: what it says may be of before or of after the event.
func (v Version) Beside(w Version) bool {
	return v.Commit != 0 && w.Commit == 0 && v.Second().Equal(w.Second())
}

// AllFields stands for every field of a row.
const AllFields = Field("*")

// Row is what is known of one record.
type Row struct {
	Org     OrgID    `json:"-"`
	Object  Object   `json:"-"`
	Record  RecordID `json:"-"`
	Version Version  `json:"version"`
	Deleted bool     `json:"deleted,omitempty"`
	Values  Fields   `json:"values,omitempty"` // a field that is absent is unknown
	// Forgotten names fields that something changed without saying to what, [AllFields] for all: what was read before that does not fill them.
	Forgotten []Field `json:"forgotten,omitempty"`
	// Since holds the versions of values by field, where changes of two objects make the row and come in any order, or where some were read in the second
	// of the latest event, or later; nil for other rows.
	Since map[Field]Version `json:"since,omitempty"`
	// Behind holds what the stream told last of fields that were read since, while writes of the bridge to them are still to be told: the row no longer says
	// what those come over. A row in the journal has none.
	Behind Fields `json:"-"`
	// Passed holds values that the stream told and that gave way to others, while writes of the bridge to the fields were still to be told: one of those may
	// have come over them, and its own event may have been merged away. A row in the journal has none.
	Passed Fields `json:"-"`
	// Keys holds the canonical values of identity fields; Mirror.Lookup finds the record by them.
	Keys Fields `json:"keys,omitempty"`
	// Mark tells the mirror whether its row is still the one that this was made from; 0 where it was not made from one.
	Mark uint64 `json:"-"`
}

// Forgot reports whether something changed the field without saying to what, since the row knew of it.
func (r *Row) Forgot(f Field) bool {
	return slices.Contains(r.Forgotten, f) || slices.Contains(r.Forgotten, AllFields)
}
