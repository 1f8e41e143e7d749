package bridge

import "time"

// CallbackKind says what a platform's callback is about, as far as intake can see.
type CallbackKind string

// The kinds of callback.
const (
	ContactTouched CallbackKind = "contact"  // a contact was created or changed: state
	Happened       CallbackKind = "activity" // something happened with a contact, a message or a call: append
	Ignored        CallbackKind = "ignored"  // authentic, of a type that no transfer knows
)

// Callback is what a platform told us, as it came.
type Callback struct {
	Org      OrgID        `json:"org"`
	Project  ProjectID    `json:"project"`
	Event    string       `json:"event"` // the platform's id of it; "" where it has none
	Kind     CallbackKind `json:"kind"`
	Type     string       `json:"type,omitempty"` // the platform's own name of the event
	Contact  ContactID    `json:"contact"`        // whom it is about
	Received time.Time    `json:"received"`
	Body     []byte       `json:"body,omitempty"`
}

// Contact is a platform's contact as read back or parsed.
type Contact struct {
	ID ContactID
	// Values holds what was said; an attribute that is absent is unknown.
	Values Attributes
	// Deleted reports that the platform no longer has the contact.
	Deleted bool
}

// Parsed is what a callback says once it is read in full.
type Parsed struct {
	Contact Contact
	// Activity holds the attributes of what happened, such as message.text; nil for a touched contact.
	Activity Attributes
	// At is when it happened on the platform, zero where the callback does not say.
	At time.Time
	// Complete reports that Contact may be taken as the contact's state; otherwise the contact is read back.
	Complete bool
}

// Notice is what intake must know of a callback before it is parsed: the shallow look of an adapter's Identify.
type Notice struct {
	Event   string // the platform's id of it; "" where it has none
	Kind    CallbackKind
	Type    string
	Contact ContactID // whom it is about: the order of its lane
	// Reply is what the platform wants to read in the 2xx, such as a challenge; nil for an empty body. A notice with a reply and kind Ignored is
	// answered and not stored.
	Reply []byte
}
