package platformtest

import (
	"net/http"
	"testing"
	"testing/synctest"

	"sfbridge/bridge"
	"sfbridge/bridge/platform"
)

// Hook is what intake calls.
type Hook interface {
	// Verify checks the raw body against the signature in the header.
	Verify(header http.Header, body []byte) error
	// Identify says what the verified body is about.
	Identify(header http.Header, body []byte) (bridge.Notice, error)
}

// Trouble is what the fake is asked to do to the calls that follow.
type Trouble string

// The kinds of trouble.
const (
	Nothing  Trouble = "nothing"
	Token    Trouble = "credentials are refused"
	Limited  Trouble = "the rate limit is reached"
	Down     Trouble = "every answer is 503"
	Broken   Trouble = "every answer is 500"
	Silent   Trouble = "no answer comes in time"
	Lost     Trouble = "calls are carried out and their answers are cut off"
	Unlisted Trouble = "nobody listens"
)

// Harness makes rigs of one connector.
type Harness struct {
	New func(t *testing.T) *Rig
	// Contact is a contact in full, with every identity; Change other values of some of its attributes; Clear attributes that can be emptied.
	Contact bridge.Attributes
	Change  bridge.Attributes
	Clear   []bridge.Attribute
	// Identity is how the contact is created and found, best first; Near are values that are like them and are not them.
	Identity []bridge.Identity
	Near     []bridge.Identity
	// Refused are attributes that the platform does not take, each alone.
	Refused []bridge.Attributes
	// Fixtures are callbacks.
	Fixtures []Fixture
	// Key signs; Sign makes the headers of a callback under a key.
	Key  string
	Sign func(key string, body []byte) http.Header
}

// Fixture is a callback and what it means.
type Fixture struct {
	Name     string
	Body     []byte
	Notice   bridge.Notice
	Values   bridge.Attributes // some of the contact's
	Unknown  []bridge.Attribute
	Activity bridge.Attributes // some of what happened
}

// Rig is a connector at a fresh fake. Abilities that the connector does not have are nil.
type Rig struct {
	Sender  bridge.Sender
	Finder  bridge.Finder
	Fetcher bridge.Fetcher
	Parser  bridge.Parser
	Hook    Hook
	Traits  *platform.Traits
	// Make makes the trouble.
	Make func(Trouble)
	// Held is what the fake holds of a contact; ok is false for none.
	Held func(bridge.ContactID) (as bridge.Attributes, tags []string, ok bool)
}

// Run tests a connector.
func Run(t *testing.T, h Harness) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { c.run(t, &h, h.New(t)) })
		})
	}
	for _, f := range h.Fixtures {
		t.Run("fixture "+f.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { checkFixture(t, &h, h.New(t), f) })
		})
	}
}

type suiteCase struct {
	name string
	run  func(t *testing.T, h *Harness, r *Rig)
}

func cases() []suiteCase {
	return []suiteCase{
		{"a contact lives from create to delete", checkLife},
		{"creating twice makes one contact", checkTwice},
		{"an update leaves alone what it does not set", checkPartial},
		{"a search finds exact matches alone", checkSearch},
		{"a contact that is gone is not found", checkGone},
		{"what the platform refuses is buried", checkRefused},
		{"the destination's trouble is not the item's", checkTrouble},
		{"a lost answer to a create is uncertain", checkLost},
		{"signatures", checkSignatures},
		{"odd bodies", checkOdd},
	}
}
