package bridge

import (
	"maps"
	"slices"
	"time"
)

// Link ties a record to a platform contact.
type Link struct {
	Org     OrgID     `json:"org"`
	Project ProjectID `json:"project"`
	Object  Object    `json:"object"`
	Record  RecordID  `json:"record"`
	Contact ContactID `json:"contact"`
	// From is the record that the link was moved from when that one was converted or merged, "" where it never moved: what was written there may be yet to tell.
	From RecordID `json:"from,omitempty"`
	// Member reports that the record satisfied the transfer's condition when it was last carried, by transfer.
	Member map[TransferID]bool `json:"member,omitempty"`
	// Baseline is what both sides last agreed on, by the pair's platform attribute.
	Baseline map[Attribute]Agreed `json:"baseline,omitempty"`
	Since    time.Time            `json:"since"`
	// Replaced tells of the latest messages to the platform what they put another value in the place of. A callback with none of these values tells of an
	// edit that a message was written over.
	Replaced map[Attribute]Replaced `json:"replaced,omitempty"`
	// Read is the baseline as it was read, nil for a link that was not read: storing the link changes what was changed since, and leaves what somebody
	// else agreed on meanwhile.
	Read map[Attribute]Agreed `json:"-"`
}

// Replaced is what messages put another value in the place of: the values that both sides had agreed on, newest last.
type Replaced struct {
	At  time.Time `json:"at"` // of the latest message
	Was []Value   `json:"was,omitempty"`
}

// Replace is what is known after one more message.
func (r Replaced) Replace(was Value, at time.Time) Replaced {
	all := slices.Clone(r.Was)
	if was.Known() { // it is not, where nothing was agreed on before
		all = append(all, was)
	}
	return Replaced{At: at, Was: all[max(0, len(all)-replacedKept):]}
}

// replacedKept is how many values a link remembers of an attribute: callbacks come late, and rarely later than that.
const replacedKept = 4

// Agreed is the value of one pair of fields on which both sides last agreed, as each side holds it.
type Agreed struct {
	Salesforce Value `json:"s,omitzero"`
	Platform   Value `json:"p,omitzero"`
}

// Equal reports whether both sides' values are the same.
func (a Agreed) Equal(b Agreed) bool {
	return a.Salesforce.Equal(b.Salesforce) && a.Platform.Equal(b.Platform)
}

// Unconfirmed is a write to Salesforce whose echo the ordered stream has not brought yet. While it stands, a foreign value on the stream is older
// than the write and already overwritten.
type Unconfirmed struct {
	Org      OrgID      `json:"org"`
	Project  ProjectID  `json:"project"`
	Record   RecordID   `json:"record"`
	Field    Field      `json:"field"`
	Value    Value      `json:"value"`
	Before   Value      `json:"before,omitzero"` // what the mirror held, unknown where it held nothing
	Delivery DeliveryID `json:"delivery"`
	// Try counts the values that the delivery has put in the place of one that the record was seen to hold; each is told by an event of its own.
	Try int       `json:"try,omitempty"`
	At  time.Time `json:"at"`
	// Told is when the stream brought the value in an event that may be somebody else's, the zero time where it did not. Nobody waits for the write any
	// more; it is kept for a while, since what its own event comes over is still to be told.
	Told time.Time `json:"told,omitzero"`
	// Contact and Of say whose attributes the value was made of: both sides agree on them once the write is confirmed.
	Contact ContactID   `json:"contact,omitempty"`
	Of      []Attribute `json:"of,omitempty"`
}

// Word names the claim under which the delivery leaves word of its writes to the record until it is settled.
func (u *Unconfirmed) Word() string { return WordOf(u.Delivery, u.Record) }

// WordOf names the claim under which a delivery leaves word of what it wrote to a linked record. The stream may confirm the write, and somebody overwrite
// it, before a process that was killed could settle the delivery: the word remains.
func WordOf(d DeliveryID, r RecordID) string { return "sent-" + string(d) + "-" + string(r) }

// Claim is the right to create for an identity inside a project. It is created if absent before any create, and ends with the delivery that holds it.
type Claim struct {
	Org      OrgID      `json:"org"`
	Project  ProjectID  `json:"project"`
	Identity string     `json:"identity"` // a hash of attribute and canonical value
	Delivery DeliveryID `json:"delivery"`
	// Sent reports that the create may have been sent: whoever resumes looks it up first.
	Sent bool      `json:"sent,omitempty"`
	At   time.Time `json:"at"`
	// Agreed is what the create carries: the baseline, if it turns out that it was done.
	Agreed map[Attribute]Agreed `json:"agreed,omitempty"`
	// Also names the identities that the delivery claimed beside this one, so that all of them end with it.
	Also []string `json:"also,omitempty"`
	// Before holds the baselines that Agreed was to replace, the zero value where there was none: that of the link, and what the same delivery agreed on
	// before. The stream may bring any of its writes back. It is kept for writes to linked records.
	Before map[Attribute][]Agreed `json:"before,omitempty"`
	// Clashed names the fields that both sides had changed when they were written: the story tells it once the delivery is settled.
	Clashed []string `json:"clashed,omitempty"`
	// Ended is the link that ended when its record was deleted, in the claims that tell of that; its baseline is what both sides agreed on last.
	Ended *Link `json:"ended,omitempty"`
}

// And is the claim with more that was agreed on about a linked contact, and the baselines that it is to replace.
func (c Claim) And(l *Link, agreed map[Attribute]Agreed) Claim {
	all, before := maps.Clone(c.Agreed), maps.Clone(c.Before)
	if all == nil {
		all = map[Attribute]Agreed{}
	}
	if before == nil {
		before = map[Attribute][]Agreed{}
	}
	for a, v := range agreed {
		past := slices.Clone(before[a])
		if earlier, again := all[a]; again {
			past = append(past, earlier)
		}
		before[a] = append(past, l.Baseline[a])
		all[a] = v
	}
	c.Agreed, c.Before = all, before
	return c
}

// Clash is the claim with more fields that both sides had changed.
func (c Claim) Clash(fields []string) Claim {
	all := slices.Clone(c.Clashed)
	for _, f := range fields {
		if !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	c.Clashed = all
	return c
}

// Advance is the link with what a write of the claim's agreed on, where the link still holds what that was to replace. The claim may tell of later writes of
// the same delivery by now, which are not done by that.
func (c Claim) Advance(l Link, u *Unconfirmed) (after Link, moved bool) {
	after = l
	for _, a := range u.Of {
		agreed, ok := c.agreed(a, u.Value, l.Baseline[a])
		if !ok {
			continue
		}
		if !moved {
			after.Baseline, moved = maps.Clone(l.Baseline), true
		}
		if after.Baseline == nil {
			after.Baseline = map[Attribute]Agreed{}
		}
		after.Baseline[a] = agreed
	}
	return after, moved
}

// agreed is what the claim agreed on about an attribute when it wrote the value, if that came after what the link holds.
func (c Claim) agreed(a Attribute, wrote Value, held Agreed) (Agreed, bool) {
	last, ok := c.Agreed[a]
	from := slices.Index(c.Before[a], held)
	if !ok || from < 0 {
		return Agreed{}, false
	}
	since := append(slices.Clone(c.Before[a][from+1:]), last)
	for _, at := range slices.Backward(since) {
		if at.Salesforce.Equal(wrote) {
			return at, true
		}
	}
	return Agreed{}, false
}

// Without is the claim without what was agreed on about an attribute.
func (c Claim) Without(a Attribute) Claim {
	c.Agreed, c.Before = maps.Clone(c.Agreed), maps.Clone(c.Before)
	delete(c.Agreed, a)
	delete(c.Before, a)
	return c
}

// Effects is what one carry leaves behind; the journal makes all of it durable in one step with the settling of the work.
type Effects struct {
	Unlinks  []Link        // ended, before Links are stored
	Links    []Link        // stored with baseline and member flags; see Link.Read
	Stage    []Unconfirmed // recorded before the write is sent
	Withdraw []Unconfirmed // no longer expected
	Seen     []Unconfirmed // no longer expected since the record was seen to hold them; they stay where the mirror does not take its row in Rows
	Claims   []Claim       // taken or rewritten
	Unclaim  []Claim
	Rows     []Row // REST reads that the mirror shall learn
	Story    []Story
	Later    []Later    // deliveries that go when their time has come
	Next     []Delivery // further deliveries that this one causes, appended behind everything that waits
}
