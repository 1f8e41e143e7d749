package respondio

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/platform"
	"sfbridge/bridge/rest"
)

// signatureHeader carries base64(HMAC-SHA256(signing key, raw body)). There is no timestamp. https://respond.io/help/integrations/webhooks
const signatureHeader = "X-Webhook-Signature"

// maxName bounds event ids and types.
const maxName = 200

// Hook understands the webhooks of one workspace. It is pure and may be used by many at once.
type Hook struct {
	keys      func() []string // as they are in force
	encodings []platform.Encoding
}

// NewHook takes the signing key of each webhook of the workspace: respond.io makes one for every event type.
func NewHook(cfg Config, keys []string) *Hook {
	keys = append([]string(nil), keys...)
	h := &Hook{keys: func() []string { return keys }}
	for _, e := range cfg.SignatureEncodings {
		h.encodings = append(h.encodings, platform.Encoding(e))
	}
	return h
}

// Verify checks the signature of the raw body. Its errors wrap bridge.ErrUnauthentic.
func (h *Hook) Verify(header http.Header, body []byte) error {
	return platform.Verify(header.Values(signatureHeader), h.encodings, h.keys(), body)
}

// Identify says what a verified body is about without decoding it. Types that nothing here knows are ignored, never refused, since respond.io switches a
// webhook off that is answered with errors. Its errors wrap bridge.ErrMalformed.
func (h *Hook) Identify(_ http.Header, body []byte) (bridge.Notice, error) {
	raw, err := platform.Peek(body, "event_id", "event_type", "contact.id", "sender.source")
	if err != nil {
		return bridge.Notice{}, err
	}
	event, err1 := platform.PeekText(raw[0], maxName)
	kind, err2 := platform.PeekText(raw[1], maxName)
	if err := errors.Join(err1, err2); err != nil {
		return bridge.Notice{}, err
	}
	n := bridge.Notice{Event: event, Type: kind, Kind: kindOf(kind)}
	if n.Kind == bridge.Ignored {
		return n, nil
	}
	id, err := platform.PeekID(raw[2])
	if err != nil {
		return bridge.Notice{}, err
	}
	if id == "" {
		return bridge.Notice{}, fmt.Errorf("%w: the contact has no id", bridge.ErrMalformed)
	}
	n.Contact = bridge.ContactID(id)
	if source, _ := platform.PeekText(raw[3], maxName); n.Kind == bridge.Happened && source == "api" {
		n.Kind = bridge.Ignored // caused by an API call: an echo
	}
	return n, nil
}

// kindOf sorts an event type.
func kindOf(event string) bridge.CallbackKind {
	topic, _, ok := strings.Cut(event, ".")
	switch {
	case !ok:
		return bridge.Ignored
	case topic == "contact":
		return bridge.ContactTouched
	case topic == "message", topic == "conversation", topic == "comment", topic == "call":
		return bridge.Happened
	default:
		return bridge.Ignored
	}
}

// Parse reads a callback in full. The contact's id is the one that Identify saw. Its errors are marked Permanent: the body never changes.
func (h *Hook) Parse(c bridge.Callback) (bridge.Parsed, error) {
	var o object
	if err := rest.Decode(c.Body, &o); err != nil {
		return bridge.Parsed{}, bridge.Permanent(fmt.Errorf("read %s: %w: %w", c.Type, bridge.ErrMalformed, err))
	}
	told, _ := o["contact"].(object)
	p := bridge.Parsed{Contact: contactOf(told)}
	p.Contact.ID = c.Contact
	if c.Contact != "" {
		p.Contact.Values["id"] = bridge.TextValue(string(c.Contact))
	}
	if c.Kind != bridge.Happened {
		return p, nil
	}
	p.Activity = attributes(o, activityFields)
	for _, f := range []field{
		{path: "message.timestamp", kind: unixMS}, {path: "message.messageId", kind: unixUS},
		{path: "conversation.closedTime", kind: unixS}, {path: "conversation.openedTime", kind: unixS},
	} {
		if at, ok := moment(o, f); ok {
			p.At = at
			break
		}
	}
	return p, nil
}
