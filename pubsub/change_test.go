package pubsub_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

// without drops the fields that every update has.
func without(fs []bridge.Field) []bridge.Field {
	var out []bridge.Field
	for _, f := range fs {
		if f != "LastModifiedDate" && f != "LastModifiedById" {
			out = append(out, f)
		}
	}
	return out
}

// TestChange_SaysWhatWasEdited holds the decoder against an org that makes its events without sharing code with it.
func TestChange_SaysWhatWasEdited(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.wait(61 * time.Second)
		id, err := s.org.Create("Contact", map[string]any{"LastName": "Sato", "FirstName": "Aiko", "MailingCity": "Nara", "Phone": "+81312345678",
			"Birthdate": "1972-10-20", "Title": "Head"})
		if err != nil {
			s.Fatal(err)
		}
		edit := func(fields map[string]any) bridge.Change {
			s.Helper()
			if err := s.org.Update("Contact", id, fields); err != nil {
				s.Fatal(err)
			}
			s.wait(time.Second)
			return s.journal.now().changes[len(s.journal.now().changes)-1]
		}
		c := edit(map[string]any{"MailingCity": "Kyoto", "FirstName": "Yui", "Phone": nil, "Birthdate": "1972-10-21"})
		created := s.journal.now().changes[0]
		text := func(s string) bridge.Value { return bridge.Value{Kind: bridge.Text, Text: s} }
		first := bridge.Fields{
			"LastName": text("Sato"), "FirstName": text("Aiko"), "MailingCity": text("Nara"), "MailingStreet": bridge.NullValue(),
			"Phone": text("+81312345678"), "Birthdate": {Kind: bridge.Date, Text: "1972-10-20"}, "Fax": bridge.NullValue(),
		}
		for f, want := range first {
			if created.Values[f] != want {
				s.Errorf("created with %s %v, want %v", f, created.Values[f], want)
			}
		}
		if _, whole := created.Values["Name"]; whole || created.Type != bridge.Create || created.Object != "Contact" || created.Event == "" {
			s.Errorf("created %+v", created)
		}
		sorted := cmpopts.SortSlices(func(a, b bridge.Field) bool { return a < b })
		if d := cmp.Diff([]bridge.Field{"MailingCity", "FirstName", "Phone", "Birthdate"}, without(c.Changed), sorted); d != "" {
			s.Errorf("changed (-want +got):\n%s", d)
		}
		if d := cmp.Diff([]bridge.Field{"Phone"}, c.Cleared); d != "" {
			s.Errorf("cleared (-want +got):\n%s", d)
		}
		if c.Values["MailingCity"] != text("Kyoto") || c.Values["FirstName"] != text("Yui") || !c.Values["Phone"].IsNull() || c.Reread != nil {
			s.Errorf("update %+v", c)
		}
		if !created.Version.Before(c.Version) || c.Version.At.IsZero() {
			s.Errorf("versions %+v and %+v", created.Version, c.Version)
		}
		if err := s.org.Hide("Contact", "Title", true); err != nil {
			s.Fatal(err)
		}
		if err := s.org.Do(func(tx *fakeorg.Tx) error { return tx.Update("Contact", id, map[string]any{"Title": "Chair"}) }); err != nil {
			s.Fatal(err)
		}
		s.wait(time.Second)
		c = s.journal.now().changes[len(s.journal.now().changes)-1]
		if d := cmp.Diff([]bridge.Field{"Title"}, c.Reread); d != "" || c.Cleared != nil {
			s.Errorf("a hidden field: cleared %v, to be read again (-want +got):\n%s", c.Cleared, d)
		}
		if err := s.org.Delete("Contact", id); err != nil {
			s.Fatal(err)
		}
		s.wait(time.Second)
		if c = s.journal.now().changes[len(s.journal.now().changes)-1]; c.Type != bridge.Delete || c.Records[0] != bridge.RecordID(id) || c.Values != nil {
			s.Errorf("deleted %+v", c)
		}
	})
}

// readSet is what is read of every object.
type readSet []bridge.Field

func (r readSet) ReadSet(bridge.Object) []bridge.Field { return r }

func TestChange_SpeaksOfNothingThatNobodyReads(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.end()
		s.reads = readSet{"Phone", "MailingCity", "NotThere__c"}
		s.begin()
		s.wait(61 * time.Second)
		id, err := s.org.Create("Contact", map[string]any{"LastName": "Sato", "MailingCity": "Nara", "MailingStreet": "1", "Title": "Head"})
		if err != nil {
			s.Fatal(err)
		}
		if err := s.org.Update("Contact", id, map[string]any{"MailingCity": nil, "MailingStreet": "2", "Title": "Chair"}); err != nil {
			s.Fatal(err)
		}
		if err := s.org.Update("Contact", id, map[string]any{"Title": "Head"}); err != nil {
			s.Fatal(err)
		}
		s.wait(time.Second)
		got := s.journal.now().changes
		if len(got) != 3 {
			s.Fatalf("%d changes", len(got))
		}
		null, city := bridge.NullValue(), []bridge.Field{"MailingCity"}
		for i, want := range []bridge.Change{
			{Values: bridge.Fields{"Phone": null, "MailingCity": {Kind: bridge.Text, Text: "Nara"}}},
			{Changed: city, Cleared: city, Values: bridge.Fields{"MailingCity": null}},
			{},
		} {
			c := bridge.Change{Changed: got[i].Changed, Cleared: got[i].Cleared, Values: got[i].Values, Context: got[i].Context, Reread: got[i].Reread}
			if d := cmp.Diff(want, c); d != "" {
				s.Errorf("change %d (-want +got):\n%s", i, d)
			}
			if got[i].Records[0] != bridge.RecordID(id) || got[i].Version.At.IsZero() {
				s.Errorf("change %d: %+v", i, got[i])
			}
		}
	})
}
