package respondio_test

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio"
)

func hook() *respondio.Hook { return respondio.NewHook(respondio.Defaults(), []string{key}) }

func TestVerify_TakesThePublishedVector(t *testing.T) {
	header := http.Header{"X-Webhook-Signature": {"UtAE5LaeNjrL33PUEQfh69YKw7UhrrkOL9tQN0+xIrI="}}
	h := respondio.NewHook(respondio.Defaults(), []string{"of another webhook", "secret"})
	if err := h.Verify(header, []byte(`{"event":"message","data":"test"}`)); err != nil {
		t.Error(err)
	}
	if err := respondio.NewHook(respondio.Defaults(), nil).Verify(header, []byte(`{"event":"message","data":"test"}`)); !errors.Is(err, bridge.ErrUnauthentic) {
		t.Errorf("without a key: %v", err)
	}
}

func TestIdentify_SortsEventsAndIgnoresEchoes(t *testing.T) {
	for _, c := range []struct {
		body string
		want bridge.Notice
	}{
		{`{"event_type":"contact.anything.new","event_id":"e","contact":{"id":"7"}}`, bridge.Notice{Event: "e", Kind: bridge.ContactTouched, Type: "contact.anything.new", Contact: "7"}},
		{`{"event_type":"contact.updated","contact":{"id":18446744073709551615}}`, bridge.Notice{Kind: bridge.ContactTouched, Type: "contact.updated", Contact: "18446744073709551615"}},
		{`{"event_type":"contact.updated","contact":{"id":7},"sender":{"source":"api"}}`, bridge.Notice{Kind: bridge.ContactTouched, Type: "contact.updated", Contact: "7"}},
		{`{"event_type":"message.sent","event_id":"e","contact":{"id":7},"sender":{"source":"api"}}`, bridge.Notice{Event: "e", Kind: bridge.Ignored, Type: "message.sent", Contact: "7"}},
		{`{"event_type":"message.sent","event_id":"e","contact":{"id":7},"sender":{"source":"workflow"}}`, bridge.Notice{Event: "e", Kind: bridge.Happened, Type: "message.sent", Contact: "7"}},
		{`{"event_type":"comment.created","contact":{"id":7}}`, bridge.Notice{Kind: bridge.Happened, Type: "comment.created", Contact: "7"}},
		{`{"event_type":"call.ended","contact":{"id":7}}`, bridge.Notice{Kind: bridge.Happened, Type: "call.ended", Contact: "7"}},
		{`{"event_type":"broadcast.sent","event_id":"e"}`, bridge.Notice{Event: "e", Kind: bridge.Ignored, Type: "broadcast.sent"}},
		{`{"event":"message","data":"test"}`, bridge.Notice{Kind: bridge.Ignored}},
		{`{}`, bridge.Notice{Kind: bridge.Ignored}},
	} {
		got, err := hook().Identify(nil, []byte(c.body))
		if d := cmp.Diff(c.want, got); err != nil || d != "" {
			t.Errorf("%s: %v %s", c.body, err, d)
		}
	}
}

func TestIdentify_RefusesAmbiguousAndImpossibleIDs(t *testing.T) {
	for _, body := range []string{
		`{"event_type":"contact.updated","contact":{"id":1,"id":2}}`, `{"event_type":"contact.updated","contact":{"id":1},"contact":{"id":2}}`,
		`{"event_type":"contact.updated","event_id":"a","event_id":"b","contact":{"id":1}}`, `{"event_type":"contact.updated","contact":{"id":1.5}}`,
		`{"event_type":"contact.updated","contact":{"id":"../1"}}`, `{"event_type":"contact.updated","contact":{"id":-1}}`,
		`{"event_type":"contact.updated","contact":{"id":123456789012345678901}}`, `{"event_type":"contact.updated","contact":[]}`,
		`{"event_type":"contact.updated"}`, `{"event_type":"contact.updated","contact":{"id":null}}`, `{"event_type":["contact.updated"],"contact":{"id":1}}`,
		`{"event_type":"contact.updated","event_id":"` + strings.Repeat("x", 10_000) + `","contact":{"id":1}}`,
		`{"event_type":"contact.updated","event_id":"a\r\nb","contact":{"id":1}}`, `{"event_type":"contact.updated","event_id":"\u0000","contact":{"id":1}}`,
	} {
		if n, err := hook().Identify(nil, []byte(body)); !errors.Is(err, bridge.ErrMalformed) {
			t.Errorf("%.100s: %+v, %v", body, n, err)
		}
	}
}

func TestParse_SaysWhenItHappened(t *testing.T) {
	for name, want := range map[string]string{
		"message_received": "2023-11-14T22:15:00Z", "conversation_closed": "2023-11-14T23:15:00Z", "conversation_opened": "2023-11-14T22:15:00Z",
		"contact_updated": "0001-01-01T00:00:00Z",
	} {
		body := fixture(t, name)
		n, err := hook().Identify(nil, body)
		if err != nil {
			t.Fatal(err)
		}
		p, err := hook().Parse(bridge.Callback{Kind: n.Kind, Contact: n.Contact, Body: body})
		if got := p.At.Format(time.RFC3339); err != nil || got != want || p.Complete {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

func TestParse_KeepsToTheContactThatWasIdentified(t *testing.T) {
	p, err := hook().Parse(bridge.Callback{Kind: bridge.ContactTouched, Contact: "1", Body: []byte(`{"contact":{"id":2,"ID":3,"firstname":"no","firstName":"yes"}}`)})
	if err != nil || p.Contact.ID != "1" || p.Contact.Values["id"].Text != "1" || p.Contact.Values["firstName"].Text != "yes" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestParse_ReadsIDsAsTextAndCountsAsNumbers(t *testing.T) {
	body := []byte(`{"channel":{"id":7001},"conversation":{"incomingMessageCount":2},"message":{"messageId":1700000100000000},"contact":{"assignee":{"id":501}}}`)
	p, err := hook().Parse(bridge.Callback{Kind: bridge.Happened, Contact: "1", Body: body})
	if err != nil {
		t.Fatal(err)
	}
	want := bridge.Attributes{"channel.id": bridge.TextValue("7001"), "message.id": bridge.TextValue("1700000100000000"), "conversation.incomingMessageCount": bridge.IntValue(2)}
	if d := cmp.Diff(want, p.Activity); d != "" {
		t.Error(d)
	}
	if v := p.Contact.Values["assignee.id"]; v != bridge.TextValue("501") {
		t.Errorf("%+v", v)
	}
}

func seeds(f *testing.F) {
	names, err := filepath.Glob("testdata/respondio_*.json")
	if err != nil || len(names) == 0 {
		f.Fatal("no fixtures", err)
	}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"event_type":"message.sent","contact":{"id":1e3},"message":{"timestamp":1e400}}`))
}

func FuzzIdentify(f *testing.F) {
	seeds(f)
	h := hook()
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		n, err := h.Identify(http.Header{}, body)
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed")
		}
		switch {
		case err != nil && !errors.Is(err, bridge.ErrMalformed):
			t.Fatal(err)
		case err == nil && n.Kind != bridge.Ignored && (n.Contact == "" || len(n.Contact) > 20 || strings.Trim(string(n.Contact), "0123456789") != ""):
			t.Fatalf("contact %q", n.Contact)
		case len(n.Event) > 200 || len(n.Type) > 200 || strings.ContainsAny(n.Event+n.Type, "\r\n\x00"):
			t.Fatalf("%+v", n)
		}
	})
}

func FuzzParse(f *testing.F) {
	seeds(f)
	h := hook()
	traits := respondio.Traits()
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := h.Parse(bridge.Callback{Kind: bridge.Happened, Contact: "7", Body: body})
		if err != nil {
			if v, _ := bridge.VerdictOf(err); v != bridge.Bury || !errors.Is(err, bridge.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if p.Contact.ID != "7" || p.Complete {
			t.Fatalf("%+v", p)
		}
		for _, as := range []bridge.Attributes{p.Contact.Values, p.Activity} {
			for a, v := range as {
				if !v.Known() || v.IsNull() != (v.Text == "") {
					t.Fatalf("%s is %+v", a, v)
				}
				if err := traits.CheckRead(a, "message.received"); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
