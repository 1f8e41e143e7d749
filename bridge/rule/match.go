package rule

import (
	"crypto/sha256"
	"encoding/hex"

	"sfbridge/bridge"
)

// Identity answers by whom the record's contact is found, best first: one entry a pair that has a value. NeedError names fields to read first.
func (t *Transfer) Identity(row bridge.Fields) ([]bridge.Identity, error) {
	var ids []bridge.Identity
	var need []bridge.Field
	for _, p := range t.identity {
		v := row[p.Salesforce]
		switch {
		case !v.Known():
			need = append(need, p.Salesforce)
		case !v.IsNull():
			ids = append(ids, bridge.Identity{Attribute: p.Platform, Value: p.named(v)})
		}
	}
	if len(need) > 0 {
		return nil, &NeedError{need}
	}
	return ids, nil
}

// Key is one field by which the contact's record is found.
type Key struct {
	Field bridge.Field
	Index bridge.Field // under which the mirror knows Value
	Value bridge.Value // canonical
	Claim string       // the identity's name for claims and locks, the same from both sides

	extension string // of a phone, "" for none
}

// Keys answers by which fields the contact's record is found, best first.
func (t *Transfer) Keys(c bridge.Attributes) []Key {
	var ks []Key
	for _, p := range t.identity {
		if v := canonical(p.Format, p.numbers, c[p.Platform]); v.Known() && !v.IsNull() {
			ks = append(ks, Key{p.Salesforce, p.index(), v, ClaimName(t.Project, p.Platform, p.named(v)), p.extension(c[p.Platform])})
		}
	}
	return ks
}

// index is the name under which the mirror knows the pair's canonical values: projects of different countries read one phone field differently.
func (p *pair) index() bridge.Field {
	if p.Format != bridge.PhoneFormat || p.numbers.region == "" {
		return p.Salesforce
	}
	return p.Salesforce + "@" + bridge.Field(p.numbers.region)
}

// extension is that of a phone, "" for none.
func (p *pair) extension(v bridge.Value) string {
	if p.Format != bridge.PhoneFormat || !v.Known() || v.IsNull() {
		return ""
	}
	n, _ := p.numbers.read(v.Text)
	return n.ext
}

// Exact reports whether the key tells more than Value: then records that are found by it may still be others'; see Others.
func (k Key) Exact() bool { return k.extension != "" }

// Others reports whether the record is another person's than the key's though its value is the same: both name an extension, and not the same one.
func (t *Transfer) Others(k Key, row bridge.Fields) bool {
	for _, p := range t.identity {
		if p.Salesforce == k.Field && k.Exact() {
			ext := p.extension(row[p.Salesforce])
			return ext != "" && ext != k.extension
		}
	}
	return false
}

// Bearing answers by which attribute of a contact the record it was made from is known: that of a pair which carries the record's id inbound as it is.
func (t *Transfer) Bearing(r bridge.RecordID) (bridge.Identity, bool) {
	for _, p := range t.pairs {
		if p.Salesforce == "Id" && p.in == nil && p.Direction.Covers(bridge.Inbound) {
			return bridge.Identity{Attribute: p.Platform, Value: bridge.TextValue(string(r))}, true
		}
	}
	return bridge.Identity{}, false
}

// Borne answers the record that the contact says it was made from, "" for none.
func (t *Transfer) Borne(c bridge.Attributes) bridge.RecordID {
	at, ok := t.Bearing("")
	if id := c[at.Attribute].Text; ok && bridge.IsID(id) {
		return bridge.RecordID(bridge.LongID(id))
	}
	return ""
}

// IdentityOf answers by whom a contact could be found that was created with these values, best first.
func (t *Transfer) IdentityOf(agreed map[bridge.Attribute]bridge.Agreed) []bridge.Identity {
	var ids []bridge.Identity
	for _, p := range t.identity {
		if v := p.named(agreed[p.Platform].Platform); v.Known() && !v.IsNull() {
			ids = append(ids, bridge.Identity{Attribute: p.Platform, Value: v})
		}
	}
	return ids
}

// ClaimName is the name of an identity inside a project: a hash, so that no e-mail and no phone stands in a key.
func ClaimName(p bridge.ProjectID, a bridge.Attribute, v bridge.Value) string {
	h := sha256.Sum256([]byte(string(p) + "\x00" + string(a) + "\x00" + v.Text))
	return hex.EncodeToString(h[:16])
}

// DeliveryID is the stable identity of a delivery.
func DeliveryID(org bridge.OrgID, event, source string, t bridge.TransferID) bridge.DeliveryID {
	text := make([]byte, 0, 160) // most fit, and take no memory of their own
	text = append(append(text, org...), 0)
	text = append(append(text, event...), 0)
	text = append(append(text, source...), 0)
	h := sha256.Sum256(append(text, t...))
	var id [32]byte
	hex.Encode(id[:], h[:16])
	return bridge.DeliveryID(id[:])
}
