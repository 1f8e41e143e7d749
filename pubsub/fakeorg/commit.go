package fakeorg

import "time"

// ChangeKind is what one commit did to one record; the names are those of the ChangeType enum of change events.
type ChangeKind string

// The kinds that a REST write can cause.
const (
	KindCreate   ChangeKind = "CREATE"
	KindUpdate   ChangeKind = "UPDATE"
	KindDelete   ChangeKind = "DELETE"
	KindUndelete ChangeKind = "UNDELETE"
)

// Commit is one committed transaction of the org: what the bus turns into change events.
type Commit struct {
	Key    string    // transactionKey, UUID-like
	Number int64     // commitNumber, grows with every commit
	Time   time.Time // commit time; events carry it in whole seconds
	User   string    // 18-character id of the committing user
	Origin string    // changeOrigin, "" where it came through no API
	Edits  []Edit    // in the order of the transaction
}

// Edit is what a commit did to one record.
type Edit struct {
	Object *Object
	Record string // 18-character id
	Kind   ChangeKind
	// Row holds the record's stored values after the commit by REST field name, canonicalised (nil = null): string, bool, float64,
	// int64 for int fields, time.Time for datetime, Date ("2006-01-02") as string for date fields.
	Row map[string]any
	// Changed names the fields whose stored value this commit changed, by REST field name; filled for updates only.
	Changed []string
	// Before holds the values before the commit; nil where the record was not there, or nobody asks.
	Before map[string]any
	// Unstamped says that LastModifiedDate stayed as it was, as where the platform itself wrote.
	Unstamped bool
}
