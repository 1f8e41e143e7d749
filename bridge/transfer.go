package bridge

import "time"

// Direction is the way a transfer or a pair of fields goes.
type Direction string

// The directions.
const (
	Inbound  Direction = "inbound"  // Salesforce to platform
	Outbound Direction = "outbound" // platform to Salesforce
	Both     Direction = "both"
)

// Covers reports whether d includes e.
func (d Direction) Covers(e Direction) bool { return d == Both || d == e }

// NoMatch says what happens when identity finds nobody on the other side.
type NoMatch string

// What to do when there is no match.
const (
	CreateNew NoMatch = "create"
	SkipIt    NoMatch = "skip"
)

// OnDelete says what happens to the contact when its record is deleted.
type OnDelete string

// What to do with a contact whose record is deleted.
const (
	KeepContact   OnDelete = "keep"   // the link ends, the contact stays
	DeleteContact OnDelete = "delete" // the contact is deleted on the platform
)

// OnGone says what happens to an edit on the platform of somebody whose record was deleted.
type OnGone string

// What to do with an edit of somebody whose record is deleted.
const (
	LeaveGone  OnGone = "leave"  // nobody is created anew; the zero value means the same
	CreateGone OnGone = "create" // who is edited after his record was deleted is somebody new
)

// Project is one workspace of one messaging platform.
type Project struct {
	ID        ProjectID
	Org       string // the configured name of the org
	Region    string // ISO 3166 country of phones written without one, "" for none
	Phones    Phones
	Transfers []Transfer
}

// Transfer ties one Salesforce object to one platform object inside a project.
type Transfer struct {
	ID        TransferID
	Object    Object
	Kind      CallbackKind // ContactTouched for contacts, Happened for activities
	Type      string       // for activities: the platform's event type, such as conversation.closed
	Direction Direction
	// Identity lists the pairs by which both sides are matched, best first.
	Identity []Pair
	Fields   []Pair
	// Key is the external id field of the object that holds the contact's id (or the callback's for activities); "" where there is none.
	Key       Field
	Condition string  // an expression over sf.*; "" holds always
	NoContact NoMatch // inbound, where nobody on the platform matches
	NoRecord  NoMatch // outbound, where no record matches
	OnDelete  OnDelete
	OnGone    OnGone   // of a transfer that creates records
	Tags      []string // put on contacts that the bridge creates
	Who       Field    // for activities: the reference that takes the linked record, such as WhoId
	// Parents names the objects of parents by their relationship, such as Vehicle__r, so that their changes are followed; "" does not follow one.
	Parents map[string]Object
	// InboundTiming and OutboundTiming say when what it carries goes, each way.
	InboundTiming  Timing
	OutboundTiming Timing
	// Reread is how often what no event tells, such as a formula, is read again of the records that it carries; 0 is never.
	Reread time.Duration

	Set      Fields   // constants written on every create of the object
	Creation Creation // what else a record that is created gets
	Shadow   bool     // everything runs and is shown, nothing is sent
}

// Timing is when what goes that way is carried.
func (t *Transfer) Timing(d Direction) Timing {
	if d == Inbound {
		return t.InboundTiming
	}
	return t.OutboundTiming
}

// Pair ties one field to one attribute.
type Pair struct {
	Salesforce Field
	Platform   Attribute
	Direction  Direction
	Format     Format // how both sides are made comparable
	Default    Value  // taken outbound where the platform has nothing and the record is created; unknown = none
	KeepNull   bool   // an empty source never clears the target
	IfEmpty    bool   // only an empty target is written
	// Values exchanges picklist values, Salesforce's by the platform's; letters' case does not count, and what is not listed stays.
	Values    map[string]string
	Inbound   string    // an expression that makes the attribute; "" takes the field
	Outbound  string    // an expression that makes the field; "" takes the attribute
	OnRefused OnRefused // outbound: what becomes of a value that Salesforce refuses
}

// Format names a normaliser of values.
type Format string

// The formats. The zero format compares text as it is.
const (
	PlainFormat Format = ""
	PhoneFormat Format = "phone"
	EmailFormat Format = "email"
)

// Phones says how a project writes and matches phone numbers.
type Phones struct {
	Platform   PhoneForm // how they are written on the platform; "" is PhoneE164
	Salesforce PhoneForm // how they are written to Salesforce; "" is PhoneAsSaid
	Exact      bool      // phones match to the letter, and are carried as they are
}

// PhoneForm is a way to write a phone number.
type PhoneForm string

// The forms. The zero form is the one that its place names.
const (
	PhoneE164          PhoneForm = "e164"          // +886912345678
	PhoneDigits        PhoneForm = "digits"        // 886912345678
	PhoneInternational PhoneForm = "international" // +886 912 345 678
	PhoneNational      PhoneForm = "national"      // 0912 345 678, and international for other countries
	PhoneAsSaid        PhoneForm = "as-said"       // as the other side wrote it
)
