package bridge

import "time"

// EntryKind says what a journal entry is.
type EntryKind string

// The kinds of entry.
const (
	ChangeEntry   EntryKind = "change"
	CallbackEntry EntryKind = "callback"
	SnapshotEntry EntryKind = "snapshot" // a row read over REST, of which events may have been missed
	LoadEntry     EntryKind = "load"     // a row read over REST before anything was missed: it fills what is unknown
	RereadEntry   EntryKind = "reread"   // fields read over REST that no event tells; its row has them alone, and no version
	OperatorEntry EntryKind = "operator" // what something else than an event caused, such as a person's act
	RedriveEntry  EntryKind = "redrive"  // a person had carried again what was buried: it waits for no time
	TickEntry     EntryKind = "tick"     // the time of what waited for it has come
)

// Entry is one line of the journal. Exactly one of Change, Callback and Row is set; an operator's entry may have none.
type Entry struct {
	ID         EntryID    `json:"-"` // given by the journal
	Kind       EntryKind  `json:"kind"`
	At         time.Time  `json:"at"` // when it was taken in
	Change     *Change    `json:"change,omitempty"`
	Callback   *Callback  `json:"callback,omitempty"`
	Row        *Row       `json:"row,omitempty"`
	Deliveries []Delivery `json:"deliveries,omitempty"`
	// Dedup names the callback for de-duplication: a hash of project and event id. "" is never a duplicate.
	Dedup string `json:"-"`
	// DedupFor is how long Dedup is remembered: 7 days with an id, 10 minutes without.
	DedupFor time.Duration `json:"-"`
}

// DeliveryKind is the semantics of a delivery.
type DeliveryKind string

// The kinds of delivery.
const (
	State  DeliveryKind = "state"
	Append DeliveryKind = "append"
	// Spread has the children of a record carried, since they read something of it that changed. The lane's source is the parent.
	Spread DeliveryKind = "spread"
)

// Edge is the crossing that a state delivery saw. The courier decides by what the mirror and the link say at carry; the edge explains.
type Edge string

// The edges.
const (
	EdgeNone     Edge = ""
	EdgeCreate   Edge = "create"
	EdgeDelete   Edge = "delete"
	EdgeUndelete Edge = "undelete"
)

// Lane is the unit of order: deliveries of one lane are carried one after the other, lanes run side by side.
type Lane struct {
	Org       OrgID     `json:"org"`
	Project   ProjectID `json:"project"`
	Direction Direction `json:"direction"`
	Source    string    `json:"source"` // the record id inbound, the contact id outbound
}

// Outlet is where the deliveries of a lane end: the unit of the breaker, of fairness and of pausing.
type Outlet struct {
	Project   ProjectID `json:"project"`
	Direction Direction `json:"direction"`
}

// Outlet is the outlet of the lane.
func (l Lane) Outlet() Outlet { return Outlet{l.Project, l.Direction} }

// Delivery is the durable intent to carry an entry through a transfer. Outbound state deliveries name no transfer: which one takes a contact is
// decided at carry.
type Delivery struct {
	ID       DeliveryID   `json:"id"`
	Kind     DeliveryKind `json:"kind"`
	Lane     Lane         `json:"lane"`
	Transfer TransferID   `json:"transfer,omitempty"`
	Object   Object       `json:"object,omitempty"`
	Edge     Edge         `json:"edge,omitempty"`
	Dirty    []Field      `json:"dirty,omitempty"` // inbound: fields of the read set that were touched; empty = all
	Ours     bool         `json:"ours,omitempty"`  // the origin was the bridge's own
	// Told is what the record said, oldest first, where something else than a change of it caused the delivery.
	Told []Fields `json:"told,omitempty"`
}

// Work is what the journal hands out: the head delivery of a lane and the later ones of the same lane that coalesce into it.
type Work struct {
	Entry      Entry
	Deliveries []Delivery // at least one; all of the head's kind and transfer
	Entries    []EntryID  // the entry of each delivery
	Attempts   int        // failures of the item itself so far
	First      time.Time  // when the head was first handed out, zero before
	LastError  string     // of the failure before, "" at first
	// Resumed reports that the head waited when the journal was opened: an earlier process may have carried it and not lived to say so.
	Resumed bool
	// Told is what the changes and rows of all coalesced deliveries say, or what caused them, oldest first. Of resumed work an earlier process may have sent any.
	Told []Fields
	// Callbacks are those of all coalesced deliveries, oldest first.
	Callbacks []Callback
	// Heard is what the entries of all coalesced deliveries were about, oldest first: where the story of the work begins.
	Heard []Heard
}

// Head is the delivery that is carried.
func (w *Work) Head() *Delivery { return &w.Deliveries[0] }

// Dirty joins the dirty fields of all coalesced deliveries; nil means that all fields count.
func (w *Work) Dirty() map[Field]bool {
	all := map[Field]bool{}
	for i := range w.Deliveries {
		if len(w.Deliveries[i].Dirty) == 0 {
			return nil
		}
		for _, f := range w.Deliveries[i].Dirty {
			all[f] = true
		}
	}
	return all
}

// Position is how far a topic has been taken in. Replay ids are opaque bytes, compared only for equality.
type Position struct {
	Org    OrgID     `json:"org"`
	Topic  Topic     `json:"topic"`
	Replay []byte    `json:"replay,omitempty"` // nil before the first
	At     time.Time `json:"at"`               // up to when everything of the topic has come: as old as what Replay names
	Event  time.Time `json:"event,omitzero"`   // commit time of the newest event behind it
	// Anchored reports that the topic was once read without a gap from a known point.
	Anchored bool `json:"anchored,omitempty"`
	// From is where an operator wants the topic read from and not behind Replay; "" once an event of there was passed.
	From Preset `json:"from,omitempty"`
}

// Preset is a place on a topic that needs no replay id.
type Preset string

// The presets.
const (
	Earliest Preset = "earliest" // the oldest event that Salesforce keeps
	Latest   Preset = "latest"   // the tip: what comes from now on
)

// DeadLetter is a delivery that was buried with a reason a person can read and undo.
type DeadLetter struct {
	ID       string    `json:"id"`
	Org      OrgID     `json:"org"`
	Delivery Delivery  `json:"delivery"`
	Entry    Entry     `json:"entry"`
	Reason   string    `json:"reason"`
	Attempts int       `json:"attempts"`
	Buried   time.Time `json:"buried"`
}
