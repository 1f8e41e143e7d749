package platform

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

func TestPeek_TakesMembersByPath(t *testing.T) {
	body := ` { "skip" : [ {"id":"no"} , "}\"]" , 1e400 , -0 ] , "event_id":"e1", "contact" : { "x":{"id":[]}, "\u0069d" : 12345678901234567890 } , "n":null,
		"sender":{"source":"api"} , "message":{"id":5,"message":{"type":"text"}} } `
	got, err := Peek([]byte(body), "event_id", "contact.id", "sender.source", "n", "gone", "message", "message.message.type", "contact.id.deeper")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, raw := range got {
		texts = append(texts, string(raw))
	}
	want := []string{`"e1"`, `12345678901234567890`, `"api"`, `null`, ``, `{"id":5,"message":{"type":"text"}}`, `"text"`, ``}
	if d := cmp.Diff(want, texts); d != "" {
		t.Error(d)
	}
}

func TestPeek_RefusesWhatTwoReadersCouldReadDifferently(t *testing.T) {
	for _, body := range []string{
		`{"contact":{"id":1,"id":2}}`, `{"contact":{"id":1},"contact":{"id":2}}`, `{"contact":{"id":1,"ID":2}}`, `{"contact":{"id":1,"\u0069d":2}}`,
		`{"contact":{"id":1},"Contact":{}}`, `[]`, `1`, ``, ` `, `{`, "{\"a\":\"\xff\"}", "\ufeff{}", `{}{}`, `{"contact":{"id":1}} x`,
		strings.Repeat("[", 1<<20), strings.Repeat(`{"contact":`, 20_000) + "1" + strings.Repeat("}", 20_000),
	} {
		if _, err := Peek([]byte(body), "contact.id"); !errors.Is(err, bridge.ErrMalformed) {
			t.Errorf("%.60q: %v", body, err)
		}
	}
}

func TestPeek_DoesNotMindDoublesElsewhere(t *testing.T) {
	if _, err := Peek([]byte(`{"a":1,"a":2,"b":{"contact":{"id":1,"id":2}},"contact":{"id":3,"n":1,"n":2}}`), "contact.id"); err != nil {
		t.Error(err)
	}
}

func TestPeekID_IsDigitsAlone(t *testing.T) {
	for raw, want := range map[string]string{
		`90001`: "90001", `"90001"`: "90001", `12345678901234567890`: "12345678901234567890", `null`: "", `""`: "",
		`123456789012345678901`: "bad", `1.0`: "bad", `1e3`: "bad", `-1`: "bad", `-0`: "bad", `true`: "bad", `{}`: "bad", `[1]`: "bad", `"a"`: "bad",
		`"1\u0000"`: "bad", `"../x"`: "bad", `" 1"`: "bad",
	} {
		got, err := PeekID(json.RawMessage(raw))
		if want == "bad" {
			if !errors.Is(err, bridge.ErrMalformed) {
				t.Errorf("%s: %q, %v", raw, got, err)
			}
		} else if err != nil || got != want {
			t.Errorf("%s: %q, %v", raw, got, err)
		}
	}
}

func TestPeekText_IsShortAndPrintable(t *testing.T) {
	for raw, ok := range map[string]bool{
		`"message.received"`: true, `"a\nb"`: false, `"a\u0000"`: false, `"\ud800"`: false, `"` + strings.Repeat("x", 201) + `"`: false, `7`: true, `{}`: false,
	} {
		if _, err := PeekText(json.RawMessage(raw), 200); (err == nil) != ok {
			t.Errorf("%.40s: %v", raw, err)
		}
	}
}

// FuzzPeek holds the walk against encoding/json: what both find is the same.
func FuzzPeek(f *testing.F) {
	for _, s := range []string{`{"contact":{"id":1}}`, `{"contact":{"id":"\u0031"},"a":[{}]}`, `{"a":{"b":{"c":[1,2,{"d":"}"}]}},"contact":{"x":1,"id":{}}}`, `{}`, `[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := Peek(body, "contact.id")
		var o map[string]json.RawMessage
		if json.Unmarshal(body, &o) != nil || o == nil {
			if err == nil {
				t.Fatalf("taken, though it is no object: %q", body)
			}
			return
		}
		if err != nil {
			return
		}
		var contact map[string]json.RawMessage
		_ = json.Unmarshal(o["contact"], &contact)
		if d := cmp.Diff(string(contact["id"]), string(got[0])); d != "" {
			t.Fatalf("%q: %s", body, d)
		}
	})
}

func BenchmarkPeek(b *testing.B) {
	body := []byte(`{"event_type":"contact.updated","event_id":"11111111-1111-4111-8111-111111111106","contact":{"id":90001,"firstName":"Mei","lastName":"Tan-Lim",
	"phone":"+60123456789","email":"mei@example.com","language":"en","profilePic":null,"countryCode":"MY","status":"open","assignee":{"id":501,
	"firstName":"Aya","lastName":"Agent","email":"aya@example.com"},"lifecycle":"New Lead","created_at":1700000000,"tags":["VIP"],"custom_fields":[
	{"name":"salesforce_id","value":"003000000000001AAA"},{"name":"birthday","value":"1990-05-17"}]}}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Peek(body, "event_id", "event_type", "contact.id", "sender.source"); err != nil {
			b.Fatal(err)
		}
	}
}
