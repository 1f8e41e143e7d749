package bridge

// Op is what a message or a write asks for.
type Op string

// The operations.
const (
	OpCreate Op = "create" // there is nobody yet; a platform that can upsert by identity does
	OpUpdate Op = "update"
	OpUpsert Op = "upsert" // writes only: by the external id field Key
	OpDelete Op = "delete" // messages only
)

// Message is what a platform shall receive.
type Message struct {
	Org      OrgID
	Project  ProjectID
	Transfer TransferID
	Delivery DeliveryID // for platforms that take an idempotency key
	Op       Op
	Contact  ContactID  // "" for a create
	Identity []Identity // for a create: by whom the platform finds the contact if it is there already; best first, never empty
	Set      Attributes // null clears
	Tags     []string   // to add
}

// Identity is one attribute by which a contact is found.
type Identity struct {
	Attribute Attribute
	Value     Value
}

// Write is what Salesforce shall receive: one row.
type Write struct {
	Org      OrgID
	Project  ProjectID
	Transfer TransferID
	Delivery DeliveryID
	Object   Object
	Op       Op
	Record   RecordID // for updates
	Key      Field    // for upserts: the external id field
	KeyValue string
	Set      Fields
	Terms    Terms // for creates and upserts
}

// Target names the row a write is for, "" for a plain create: two writes of one target never go in one call.
func (w *Write) Target() string {
	switch w.Op {
	case OpUpdate:
		return string(w.Record)
	case OpUpsert:
		return string(w.Object) + "\x00" + string(w.Key) + "\x00" + w.KeyValue
	default:
		return ""
	}
}

// Written is the outcome of one write. Err is nil when the row is in Salesforce; it is marked for VerdictOf otherwise.
type Written struct {
	Record  RecordID
	Created bool
	Note    string // what was done otherwise than asked for, in words; "" for nothing
	Err     error
}
