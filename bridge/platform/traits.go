package platform

import (
	"fmt"
	"slices"
	"strings"

	"sfbridge/bridge"
)

// Traits says what a platform can do. It is read-only.
type Traits struct {
	Name string // as people write it
	// Versioned reports that callbacks carry a version, so that an older one is known. Otherwise they mean: the contact is dirty, read it back.
	Versioned bool
	// Attributes are those of contacts.
	Attributes []Attribute
	// Custom is the prefix of the attributes that a workspace makes itself, "" where there are none.
	Custom string
	// Events are the types of activity that callbacks tell of, and Activities the attributes of them.
	Events     []string
	Activities []bridge.Attribute
}

// Attribute is one attribute of a platform's contacts.
type Attribute struct {
	Name     bridge.Attribute
	Format   bridge.Format // how values are made comparable
	ReadOnly bool          // the platform's own: never written by a transfer
	Creates  bool          // a contact can be created by it
}

// Attribute looks an attribute of contacts up; ok is false where the platform knows none of this name.
func (t *Traits) Attribute(a bridge.Attribute) (Attribute, bool) {
	if i := slices.IndexFunc(t.Attributes, func(x Attribute) bool { return x.Name == a }); i >= 0 {
		return t.Attributes[i], true
	}
	if name, ok := strings.CutPrefix(string(a), t.Custom); ok && t.Custom != "" && name != "" {
		return Attribute{Name: a}, true
	}
	return Attribute{}, false
}

// Format is how values of the attribute are made comparable.
func (t *Traits) Format(a bridge.Attribute) bridge.Format {
	x, _ := t.Attribute(a)
	return x.Format
}

// CheckWrite reports why a transfer may not write the attribute.
func (t *Traits) CheckWrite(a bridge.Attribute) error {
	switch x, ok := t.Attribute(a); {
	case !ok:
		return t.unknown(a)
	case x.ReadOnly:
		return fmt.Errorf("%s does not let %s be written", t.Name, a)
	}
	return nil
}

// CheckRead reports why a transfer of contacts, or of activities of the type given, may not read the attribute.
func (t *Traits) CheckRead(a bridge.Attribute, event string) error {
	if _, ok := t.Attribute(a); ok {
		return nil
	}
	if event != "" && slices.Contains(t.Activities, a) {
		return nil
	}
	return t.unknown(a)
}

func (t *Traits) unknown(a bridge.Attribute) error {
	err := fmt.Errorf("%s knows no attribute %q", t.Name, string(a))
	for _, x := range t.Attributes {
		if strings.EqualFold(strings.ReplaceAll(string(a), "_", ""), strings.ReplaceAll(string(x.Name), "_", "")) {
			return bridge.Hint(err, "write %s", x.Name)
		}
	}
	if t.Custom != "" {
		return bridge.Hint(err, "a field that the workspace made itself is written %s%s", t.Custom, a)
	}
	return err
}
