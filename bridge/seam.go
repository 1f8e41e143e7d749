package bridge

import (
	"context"
	"time"
)

// Journal holds entries and deliveries. Lane order is strict: a lane's next delivery is handed out only after the one before was settled or buried.
type Journal interface {
	// Append makes entries and, if pos is not nil, the position durable in one step and returns then. One callback that was seen before makes it
	// return ErrDuplicate, after the first copy's commit; appending nothing moves the position alone. The entries and their deliveries are the caller's
	// again when it returns.
	Append(ctx context.Context, entries []Entry, pos *Position) error
	// Next blocks until a lane of the outlet has a due delivery whose entry is folded, and hands it out with what coalesces into it.
	Next(ctx context.Context, o Outlet) (Work, error)
	// Settle ends the work and makes its effects durable in one step.
	Settle(ctx context.Context, w Work, e Effects) error
	// Defer gives the work back to the head of its lane until the time given.
	Defer(ctx context.Context, w Work, d Deferral) error
	// Bury moves the work to the dead letters with a reason and makes the effects durable in the same step.
	Bury(ctx context.Context, w Work, reason string, e Effects) error
}

// Leftovers is an optional ability of a journal.
type Leftovers interface {
	// Leftover reports whether deliveries wait in the lane that an earlier process left and may have carried.
	Leftover(l Lane) bool
}

// Timetable is an optional ability of a journal.
type Timetable interface {
	// Due appends the deliveries of an outlet that wait by Effects.Later and of which due says that their time has come, as entries of the kind TickEntry, in
	// each lane in the order in which they came. It does so as fast as they are carried, so that what goes at once is not behind all of them. It answers how
	// many. What is set aside while it runs may be left for the next call.
	Due(ctx context.Context, o Outlet, due func(l *Later) bool) (int, error)
}

// Deferral says how work is given back.
type Deferral struct {
	Until time.Time
	// Failed reports that the item itself failed: the attempt counts.
	Failed bool
	// Reason is kept with the work, in words without payload.
	Reason string
	// Volatile deferrals are short and not written to disk.
	Volatile bool
	// Echo ends a volatile deferral sooner: when a write to the lane's record is awaited no more, told by the stream or given up.
	Echo bool
}

// Ledger is what both sides agreed on: links, claims, unconfirmed writes.
type Ledger interface {
	// LinkOf finds the link of a record in a project, or ErrNotFound.
	LinkOf(ctx context.Context, org OrgID, p ProjectID, r RecordID) (Link, error)
	// LinksTo finds the links of a contact, at most one an object; none is no error.
	LinksTo(ctx context.Context, org OrgID, p ProjectID, c ContactID) ([]Link, error)
	// Unconfirmed lists the writes to a record that the stream has not confirmed, and for a minute those that it told in an event which may be somebody
	// else's, oldest first.
	Unconfirmed(ctx context.Context, org OrgID, r RecordID) ([]Unconfirmed, error)
	// Take creates the claims that do not stand yet and returns those that do, as they are: the delivery's own of an earlier try, and others'.
	// Where another delivery holds one, none is created.
	Take(ctx context.Context, claims []Claim) (stand []Claim, err error)
	// Stage makes effects durable before a request is sent. It settles nothing.
	Stage(ctx context.Context, e Effects) error
}

// Mirror holds what Salesforce last said of the fields that are read.
type Mirror interface {
	// Rows answers one row per id, in order; a record never heard of has an empty row.
	Rows(ctx context.Context, org OrgID, o Object, ids []RecordID) ([]Row, error)
	// Lookup finds the live records whose identity field holds the canonical value.
	Lookup(ctx context.Context, org OrgID, o Object, f Field, v Value) ([]RecordID, error)
}

// Folding is the folder's side of the journal.
type Folding interface {
	// Unfolded blocks until entries wait behind the cursor and returns at most limit of them in order.
	Unfolded(ctx context.Context, limit int) ([]Entry, error)
	// Fold stores rows and confirms writes, and moves the cursor behind the entries, in one step. Entries without deliveries end here. The cursor of
	// entries that say nothing of a record need not be durable: they may be folded again after a stop. Where somebody else has stored a row meanwhile it
	// wraps ErrMoved, and the entries are to be folded again.
	Fold(ctx context.Context, entries []Entry, rows []Row, confirmed []Unconfirmed) error
}

// Lease is the right to read a topic or to own a journal. With one node it is always granted.
type Lease interface {
	// Hold blocks until the lease is held; the returned context ends when it is lost.
	Hold(ctx context.Context, name string) (context.Context, error)
}

// Sender delivers messages to a platform.
type Sender interface {
	// Send returns when the platform has accepted m, with the contact's id. Errors are marked for VerdictOf; an update of a contact that is gone
	// wraps ErrNotFound.
	Send(ctx context.Context, m Message) (ContactID, error)
}

// Finder finds contacts by an attribute. It is an optional ability of a platform.
type Finder interface {
	// Find answers every contact whose attribute exactly holds v; none is no error.
	Find(ctx context.Context, a Attribute, v Value) ([]Contact, error)
}

// Fetcher reads a contact back. It is an optional ability of a platform.
type Fetcher interface {
	// Fetch answers the contact with all attributes, or an error wrapping ErrNotFound.
	Fetch(ctx context.Context, c ContactID) (Contact, error)
}

// Parser reads a callback in full. It is pure.
type Parser interface {
	// Parse answers what the callback says; an error marked Permanent buries it with its raw body.
	Parse(c Callback) (Parsed, error)
}

// Writer writes rows to Salesforce.
type Writer interface {
	// Write carries out all writes of one object and operation and answers each, in order.
	Write(ctx context.Context, ws []Write) []Written
}

// EachWriter is an optional ability of a writer, for whom a refused row among many takes longer than the others.
type EachWriter interface {
	// WriteEach is Write, and answers each row by its place as soon as it is known what became of it. It returns when all were answered.
	WriteEach(ctx context.Context, ws []Write, answer func(place int, w Written))
}

// Reader reads rows of Salesforce.
type Reader interface {
	// Read answers one row per id, in order, with the fields asked for; a record that cannot be seen has an empty row and no version.
	Read(ctx context.Context, o Object, ids []RecordID, fields []Field) ([]Row, error)
	// Match finds live records one of whose fields holds its value, at most limit.
	Match(ctx context.Context, o Object, by Fields, limit int) ([]RecordID, error)
	// Fate tells what became of records that are gone: deleted, merged into another, or unseen.
	Fate(ctx context.Context, o Object, ids []RecordID) ([]Fate, error)
}

// Seeker is an optional ability of a Reader.
type Seeker interface {
	// Seek is Match for several look-ups at once, answered in order, and for those of others who look for as much: it may wait for them for half as long
	// as a row waits for company. An answer that is nil was not given; that look-up is one for Match.
	Seek(ctx context.Context, ls []LookUp) ([][]RecordID, error)
}

// LookUp is what Match is asked: live records of an object all of whose fields hold their values, at most so many.
type LookUp struct {
	Object Object
	By     Fields
	Limit  int
}

// Fate is what became of a record.
type Fate struct {
	Record  RecordID
	Deleted bool
	Master  RecordID // the record it was merged into, "" for none
	Conversion
}

// Conversion is what became of a lead that was converted. The zero value is that of a lead that was not.
type Conversion struct {
	Contact RecordID
	Account RecordID
}

// Origins is an optional ability of a Reader.
type Origins interface {
	// Origins finds the leads, deleted ones as well, that were converted into one of the records: contacts, or accounts. Many may ask for one record
	// each at a time: that is to cost few calls.
	Origins(ctx context.Context, o Object, ids []RecordID) ([]Converted, error)
}

// Converted is a lead that was converted.
type Converted struct {
	Lead RecordID
	Conversion
}
