package bridge

import "time"

// Outcome is how a judgement ended, for the story.
type Outcome string

// The outcomes.
const (
	Sent     Outcome = "sent"
	Same     Outcome = "same"     // both sides already agreed
	Skipped  Outcome = "skipped"  // a condition, a missing match or a direction said no
	Conflict Outcome = "conflict" // a value was overwritten by a newer one of the other side
	Deferred Outcome = "deferred"
	Buried   Outcome = "buried"
	Shadowed Outcome = "shadowed" // would have been sent
	Operator Outcome = "operator" // a person acted
)

// Story is one line of what happened to a record and why. It names fields and never holds their values.
type Story struct {
	Seq       uint64      `json:"seq,string"` // given by the journal, grows
	At        time.Time   `json:"at"`
	Org       OrgID       `json:"org"`
	Project   ProjectID   `json:"project,omitempty"`
	Transfer  TransferID  `json:"transfer,omitempty"`
	Direction Direction   `json:"direction,omitempty"`
	Object    Object      `json:"object,omitempty"`
	Record    RecordID    `json:"record,omitempty"`
	Contact   ContactID   `json:"contact,omitempty"`
	Delivery  DeliveryID  `json:"delivery,omitempty"`
	Outcome   Outcome     `json:"outcome"`
	Op        Op          `json:"op,omitempty"`
	Fields    []string    `json:"fields,omitempty"`
	Judged    []Judgement `json:"judged,omitempty"`
	Reason    string      `json:"reason,omitempty"`
	TookMS    float64     `json:"took_ms,omitempty"` // from intake to here
	// Heard is what came in, on the first line of a work that ended; the journal fills it in, and Trouble.
	Heard   []Heard  `json:"heard,omitempty"`
	Trouble *Trouble `json:"trouble,omitempty"`
	Letter  string   `json:"letter,omitempty"` // the dead letter's id, of a burial and of acts on it
	// Identities are the names of claims by which the person was looked for. They are not kept: Who is.
	Identities []string `json:"-"`
	// Who holds salted hashes of Identities, by which the journal finds the line.
	Who []string `json:"who,omitempty"`
}

// Heard is what one entry was about: that something arrived, from whom, and which fields it speaks of.
type Heard struct {
	Entry  EntryID   `json:"entry,string"`
	At     time.Time `json:"at"` // when it was taken in
	Kind   EntryKind `json:"kind"`
	Type   string    `json:"type,omitempty"`  // the change's type, or the platform's own name of the event
	Event  string    `json:"event,omitempty"` // the event's id, "" where it has none
	Origin *Origin   `json:"origin,omitempty"`
	Fields []Field   `json:"fields,omitempty"` // empty: all
}

// HeardOf is what a delivery of an entry says of it.
func HeardOf(e *Entry, d *Delivery) Heard {
	h := Heard{Entry: e.ID, At: e.At, Kind: e.Kind, Fields: d.Dirty}
	switch {
	case e.Change != nil:
		h.Type, h.Event = string(e.Change.Type), e.Change.Event
		if o := e.Change.Origin; o != (Origin{}) {
			h.Origin = &o
		}
	case e.Callback != nil:
		h.Type, h.Event = e.Callback.Type, e.Callback.Event
		if h.Type == "" {
			h.Type = string(e.Callback.Kind)
		}
	}
	return h
}

// Trouble is what kept a work from being carried at the first try.
type Trouble struct {
	Failed int       `json:"failed,omitempty"` // tries that failed by the item's own fault
	First  time.Time `json:"first,omitzero"`   // when it was first handed out
	Last   string    `json:"last"`             // why it was given back last
	Until  time.Time `json:"until,omitzero"`   // when it is tried next, of a deferral
}

// Judgement is what was decided for one pair of fields.
type Judgement struct {
	Field  string `json:"field"`            // of the side it comes from
	Target string `json:"target,omitempty"` // of the side it goes to
	Is     Ruling `json:"is"`
}

// Ruling is why a field goes or does not go.
type Ruling string

// The rulings.
const (
	Differs    Ruling = "differs"   // from what both sides agreed on: it goes
	Agrees     Ruling = "same"      // as what both sides agreed on
	Echo       Ruling = "echo"      // of a write of the bridge's own
	Clashes    Ruling = "conflict"  // both sides had changed it
	Excluded   Ruling = "condition" // the condition does not hold
	Unseen     Ruling = "unseen"    // the record cannot be read
	Unmatched  Ruling = "unmatched" // there is nobody to carry it to
	Unanswered Ruling = "failed"    // it was to go, and was refused or given up
)
