package salesforce

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

func create(last string) bridge.Write {
	return bridge.Write{Object: "Contact", Op: bridge.OpCreate, Set: text("LastName", last)}
}

func upsert(key, last string) bridge.Write {
	return bridge.Write{Object: "Contact", Op: bridge.OpUpsert, Key: "Bridge__c", KeyValue: key, Set: text("LastName", last)}
}

func update(id bridge.RecordID, set bridge.Fields) bridge.Write {
	return bridge.Write{Object: "Contact", Op: bridge.OpUpdate, Record: id, Set: set}
}

func TestWrite_AnswersEveryRowInOrder(t *testing.T) {
	org, client := orgClient(t, nil)
	ws := []bridge.Write{create("One"), {Object: "Contact", Op: bridge.OpCreate, Set: text("FirstName", "nameless")}, create("Three")}
	written := client.Write(t.Context(), ws)
	for i, want := range []bool{true, false, true} {
		if got := written[i].Err == nil; got != want || want && (!written[i].Created || len(written[i].Record) != 18) {
			t.Errorf("row %d: %+v", i, written[i])
		}
	}
	e, ok := asAPIError(written[1].Err)
	if !ok || e.Code != "REQUIRED_FIELD_MISSING" || verdict(written[1].Err) != bridge.Bury || len(e.Fields) != 1 {
		t.Errorf("%v", written[1].Err)
	}
	if n := calls(org, http.MethodPost, "/composite/sobjects"); n != 1 {
		t.Errorf("%d calls", n)
	}
	row, _ := org.Row("Contact", string(written[2].Record))
	if row["LastName"] != "Three" {
		t.Errorf("%v", row["LastName"])
	}
}

func TestWrite_UpsertsByAKeyThatNoPathCouldHold(t *testing.T) {
	org, client := orgClient(t, nil)
	keys := []string{"plain", "with/slash and.inc", `' OR Name != '`, "ö@{x}?q=1#"}
	for range 2 {
		var ws []bridge.Write
		for _, k := range keys {
			ws = append(ws, upsert(k, "L"))
		}
		for i, w := range client.Write(t.Context(), ws) {
			if w.Err != nil || w.Record == "" {
				t.Errorf("%q: %v", keys[i], w.Err)
			}
		}
	}
	if n := len(org.Rows("Contact")); n != len(keys) {
		t.Errorf("%d rows", n)
	}
}

func TestWrite_NeverSendsARowTwiceInOneCall(t *testing.T) {
	org, client := orgClient(t, nil)
	id := contact(t, org, map[string]any{"LastName": "X"})
	ws := []bridge.Write{
		upsert("k", "first"), update(id, text("LastName", "a")), upsert("k", "second"), update(id, text("LastName", "b")), upsert("k2", "other"),
	}
	for i, w := range client.Write(t.Context(), ws) {
		if w.Err != nil {
			t.Errorf("row %d: %v", i, w.Err)
		}
	}
	if row, _ := org.Row("Contact", string(id)); row["LastName"] != "b" {
		t.Errorf("the later write lost: %v", row["LastName"])
	}
	if n := calls(org, "", "/composite/sobjects"); n != 4 {
		t.Errorf("%d calls", n)
	}
}

func TestWrite_ConvertsByTheFieldsType(t *testing.T) {
	_, client := orgClient(t, nil)
	set := bridge.Fields{
		"LastName": bridge.TextValue("L"), "Score__c": {Kind: bridge.Number, Text: "9876543210.25"}, "Agreed__c": bridge.TextValue("true"),
		"Seen__c":  bridge.DateTimeValue(time.Date(2026, 11, 21, 11, 0, 0, 0, time.FixedZone("", 3600))),
		"Wants__c": bridge.MultiValue([]string{"c", "a"}), "Birthdate": bridge.TextValue("1999-12-31"), "FirstName": bridge.NullValue(),
	}
	w := client.Write(t.Context(), []bridge.Write{{Object: "Contact", Op: bridge.OpCreate, Set: set}})[0]
	if w.Err != nil {
		t.Fatal(w.Err)
	}
	fields := set.Names()
	rows, err := client.Read(t.Context(), "Contact", []bridge.RecordID{w.Record}, fields)
	if err != nil {
		t.Fatal(err)
	}
	want := bridge.Fields{
		"LastName": bridge.TextValue("L"), "Score__c": {Kind: bridge.Number, Text: "9876543210.25"}, "Agreed__c": bridge.BoolValue(true),
		"Seen__c": {Kind: bridge.DateTime, Text: "2026-11-21T10:00:00Z"}, "Wants__c": {Kind: bridge.Multi, Text: "a;c"},
		"Birthdate": {Kind: bridge.Date, Text: "1999-12-31"}, "FirstName": bridge.NullValue(),
	}
	if d := cmp.Diff(want, rows[0].Values); d != "" {
		t.Error(d)
	}
}

func TestWrite_RefusesWhatCannotBeSent(t *testing.T) {
	org, client := orgClient(t, nil)
	id := bridge.RecordID("0035e00000AbCdEAAV")
	tests := []struct {
		name    string
		write   bridge.Write
		verdict bridge.Verdict
		want    string
	}{
		{"unknown value", update(id, bridge.Fields{"LastName": {}}), bridge.Bury, "not known"},
		{"text for a number", update(id, text("Score__c", "many")), bridge.Bury, "a text is no double"},
		{"text for a date", update(id, text("Birthdate", "31.12.1999")), bridge.Bury, "no date"},
		{"time for a date", update(id, bridge.Fields{"Birthdate": bridge.DateTimeValue(time.Now())}), bridge.Bury, "no date"},
		{"no checkbox", update(id, bridge.Fields{"Agreed__c": bridge.NullValue()}), bridge.Bury, "checkbox"},
		{"compound", update(id, text("MailingAddress", "x")), bridge.Bury, "other fields"},
		{"unseen field", update(id, text("Nope__c", "x")), bridge.RetryAt, "Nope__c of Contact: it does not exist"},
		{"no id", update("x", text("LastName", "x")), bridge.Bury, "not the id"},
		{"no key", upsert("", "x"), bridge.Bury, "nothing to find the row by"},
		{"delete", bridge.Write{Object: "Contact", Op: bridge.OpDelete, Record: id}, bridge.Bury, "operation"},
		{"unseen object", bridge.Write{Object: "Nope__c", Op: bridge.OpCreate, Set: text("Name", "x")}, bridge.RetryAt, "describe"},
		{"no object", bridge.Write{Object: "a/../b", Op: bridge.OpCreate}, bridge.Bury, "API name"},
	}
	for _, tt := range tests {
		w := client.Write(t.Context(), []bridge.Write{tt.write})[0]
		if w.Err == nil || verdict(w.Err) != tt.verdict || !strings.Contains(w.Err.Error(), tt.want) {
			t.Errorf("%s: verdict %d, %v", tt.name, verdict(w.Err), w.Err)
		}
	}
	if n := calls(org, "", "/composite"); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestWrite_HalvesACallUntilTheRowToBlameStandsAlone(t *testing.T) {
	org := fakeorg.New(fakeorg.Options{Seed: keyedContacts()})
	poison := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body := peek(r); strings.Contains(r.URL.Path, "/composite/sobjects") && strings.Contains(body, "Poison") {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(refusal("JSON_PARSER_ERROR", "Cannot deserialize instance of date from VALUE_STRING")))
			return
		}
		org.Handler().ServeHTTP(w, r)
	})
	client, _ := dialled(t, poison, nil)
	var ws []bridge.Write
	for i := range 200 {
		ws = append(ws, create(fmt.Sprintf("L%d", i)))
	}
	ws[77] = create("Poison")
	for i, w := range client.Write(t.Context(), ws) {
		if (i == 77) != (w.Err != nil) || i == 77 && verdict(w.Err) != bridge.Bury {
			t.Errorf("row %d: %v", i, w.Err)
		}
	}
	if n := len(org.Rows("Contact")); n != 199 {
		t.Errorf("%d rows", n)
	}
}

func TestWrite_ARefusedRowNeitherDelaysNorDoublesItsNeighbours(t *testing.T) {
	org := fakeorg.New(fakeorg.Options{Seed: keyedContacts()})
	client, _ := dialled(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/composite/sobjects") && strings.Contains(peek(r), "Poison") {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(refusal("JSON_PARSER_ERROR", "Cannot deserialize instance of date from VALUE_STRING")))
			return
		}
		org.Handler().ServeHTTP(w, r)
	}), nil)
	for _, bad := range []int{0, 77, 199} {
		ws := make([]bridge.Write, 200)
		for i := range ws {
			ws[i] = create(fmt.Sprintf("L%d", i))
		}
		ws[bad] = create("Poison")
		ws[(bad+50)%200].Set = text("FirstName", "nameless") // refused by itself, in a call that passes
		before, order := len(org.Rows("Contact")), []int{}
		client.WriteEach(t.Context(), ws, func(i int, w bridge.Written) {
			if order = append(order, i); (w.Err != nil) != (i == bad || i == (bad+50)%200) {
				t.Errorf("row %d: %v", i, w.Err)
			}
		})
		if len(order) != 200 || len(org.Rows("Contact"))-before != 198 {
			t.Fatalf("%d answers, %d rows made", len(order), len(org.Rows("Contact"))-before)
		}
		if last := len(order) - 1 - slices.Index(order, bad); last > 1 {
			t.Errorf("%d rows waited for the row %d that was to blame", last, bad)
		}
	}
}

func TestWrite_BoundsTheCallsThatLookForBadRows(t *testing.T) {
	n := 0
	org := fakeorg.New(fakeorg.Options{Seed: keyedContacts()})
	client, _ := dialled(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/composite/") {
			n++
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(refusal("JSON_PARSER_ERROR", "all wrong")))
			return
		}
		org.Handler().ServeHTTP(w, r)
	}), nil)
	ws := make([]bridge.Write, 200)
	for i := range ws {
		ws[i] = create("L")
	}
	for i, w := range client.Write(t.Context(), ws) {
		if w.Err == nil {
			t.Errorf("row %d is written", i)
		}
	}
	if n > maxHalving+1 {
		t.Errorf("%d calls", n)
	}
}

func TestWrite_LearnsHowManyRowsTriggersBear(t *testing.T) {
	org, client := orgClient(t, nil)
	org.LimitChunk("Contact", 60)
	ws := make([]bridge.Write, 200)
	for i := range ws {
		ws[i] = create(fmt.Sprintf("L%d", i))
	}
	for i, w := range client.Write(t.Context(), ws) {
		if w.Err != nil {
			t.Errorf("row %d: %v", i, w.Err)
		}
	}
	if size := client.sizes.of(t.Context(), "Contact"); size > 60 {
		t.Errorf("learned %d", size)
	}
	if n := len(org.Rows("Contact")); n != 200 {
		t.Errorf("%d rows", n)
	}
}

func TestWrite_MarksUnknownOutcomes(t *testing.T) {
	tests := []struct {
		name      string
		fault     fakeorg.Fault
		uncertain bool
		verdict   bridge.Verdict
		rows      int
	}{
		{"cut before", fakeorg.Fault{Cut: fakeorg.CutBefore}, true, bridge.Wait, 0},
		{"cut after", fakeorg.Fault{Cut: fakeorg.CutAfter}, true, bridge.Wait, 2},
		{"500", fakeorg.Fault{Status: 500, Body: refusal("UNKNOWN_EXCEPTION", "x")}, true, bridge.Retry, 0},
		{"502 page", fakeorg.Fault{Status: 502, Body: "<html>bad gateway</html>"}, true, bridge.Wait, 0},
		{"503 page", fakeorg.Fault{Status: 503, Body: "<html>maintenance</html>"}, true, bridge.Wait, 0},
		{"200 page", fakeorg.Fault{Status: 200, Body: "<html>login</html>"}, true, bridge.Wait, 0},
		{"200 cut JSON", fakeorg.Fault{Status: 200, Body: `[{"id":`}, true, bridge.Retry, 0},
		{"200 too few", fakeorg.Fault{Status: 200, Body: `[]`}, true, bridge.Retry, 0},
		{"503 refused", fakeorg.Fault{Status: 503, Body: refusal("SERVER_UNAVAILABLE", "x")}, false, bridge.Wait, 0},
		{"403 concurrency", fakeorg.Fault{Status: 403, Body: refusal("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded")}, false, bridge.Wait, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			org, client := orgClient(t, nil)
			if _, err := client.Describe(t.Context(), "Contact"); err != nil {
				t.Fatal(err)
			}
			tt.fault.Method, tt.fault.Path, tt.fault.Times = http.MethodPost, "/composite/sobjects", 1
			org.AddFault(tt.fault)
			for i, w := range client.Write(t.Context(), []bridge.Write{create("A"), create("B")}) {
				if bridge.IsUncertain(w.Err) != tt.uncertain || verdict(w.Err) != tt.verdict {
					t.Errorf("row %d: uncertain %t, verdict %d: %v", i, bridge.IsUncertain(w.Err), verdict(w.Err), w.Err)
				}
			}
			if n := len(org.Rows("Contact")); n != tt.rows {
				t.Errorf("%d rows", n)
			}
			if n := calls(org, http.MethodPost, "/composite/sobjects"); n != 1 {
				t.Errorf("%d calls", n)
			}
		})
	}
}

func TestWrite_GivesUpAtItsTimeAndCallsTheOutcomeUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org, client := orgClient(t, func(o *fakeorg.Options) { o.Now = time.Now })
		if _, err := client.Describe(t.Context(), "Contact"); err != nil {
			t.Fatal(err)
		}
		org.AddFault(fakeorg.Fault{Path: "/composite", Delay: fakeorg.Duration(time.Hour), Times: 1})
		start := time.Now()
		w := client.Write(t.Context(), []bridge.Write{create("A")})[0]
		if took := time.Since(start); took != 2*time.Minute || !bridge.IsUncertain(w.Err) {
			t.Errorf("after %v: %v", took, w.Err)
		}
		time.Sleep(time.Hour) // the org notices the broken connection only then
	})
}

func TestWrite_RetriesOnlyTheRowsThatWereLocked(t *testing.T) {
	org, client := orgClient(t, nil)
	a, b := contact(t, org, map[string]any{"LastName": "A"}), contact(t, org, map[string]any{"LastName": "B"})
	org.AddFault(fakeorg.Fault{Object: "Contact", Verb: "update", Nth: 2, Code: "UNABLE_TO_LOCK_ROW", Message: "unable to obtain exclusive access to this record"})
	written := client.Write(t.Context(), []bridge.Write{update(a, text("LastName", "A2")), update(b, text("LastName", "B2"))})
	v, wait := bridge.VerdictOf(written[1].Err)
	if written[0].Err != nil || v != bridge.RetryAt || wait < lockFloor || wait > lockFloor+lockSpread {
		t.Errorf("%v; %d %v %v", written[0].Err, v, wait, written[1].Err)
	}
}

func TestWrite_SaysThatTheRecordIsGone(t *testing.T) {
	org, client := orgClient(t, nil)
	id := contact(t, org, map[string]any{"LastName": "A"})
	if err := org.Delete("Contact", string(id)); err != nil {
		t.Fatal(err)
	}
	w := client.Write(t.Context(), []bridge.Write{update(id, text("LastName", "B"))})[0]
	if !errors.Is(w.Err, ErrGone) || !errors.Is(w.Err, bridge.ErrNotFound) {
		t.Error(w.Err)
	}
}

func TestWrite_NamesTheRowThatHoldsTheUniqueValue(t *testing.T) {
	org, client := orgClient(t, nil)
	other := contact(t, org, map[string]any{"LastName": "A", "Bridge__c": "k"})
	mine := contact(t, org, map[string]any{"LastName": "B"})
	w := client.Write(t.Context(), []bridge.Write{update(mine, text("Bridge__c", "k"))})[0]
	e, ok := asAPIError(w.Err)
	if !ok || !errors.Is(w.Err, ErrDuplicateValue) || len(e.Others) != 1 || e.Others[0] != other {
		t.Errorf("%v, others %v, want %s", w.Err, e.Others, other)
	}
}

func TestWrite_TakesOneRefusalOfAllRowsForALackOfRights(t *testing.T) {
	org, client := orgClient(t, nil)
	org.AddFault(fakeorg.Fault{Object: "Contact", Verb: "create", Code: "INSUFFICIENT_ACCESS_OR_READONLY", Message: "insufficient access rights on object id"})
	for _, n := range []int{1, 3} {
		want := bridge.Bury
		if n > 1 {
			want = bridge.RetryAt
		}
		ws := make([]bridge.Write, n)
		for i := range ws {
			ws[i] = create("L")
		}
		for _, w := range client.Write(t.Context(), ws) {
			if verdict(w.Err) != want {
				t.Errorf("of %d: verdict %d, %v", n, verdict(w.Err), w.Err)
			}
		}
	}
}

func TestWrite_AsksForADescribeAgainOnceAFieldIsHidden(t *testing.T) {
	org := fakeorg.New(fakeorg.Options{Seed: keyedContacts()})
	now := time.Now()
	client, _ := dialled(t, org.Handler(), func(_ *Config, d *Deps) { d.Now = func() time.Time { return now } })
	if w := client.Write(t.Context(), []bridge.Write{upsert("a", "L")})[0]; w.Err != nil {
		t.Fatal(w.Err)
	}
	if err := org.Hide("Contact", "Score__c", true); err != nil {
		t.Fatal(err)
	}
	write := update("0035e00000AbCdEAAV", text("Score__c", "1"))
	for range 3 {
		if w := client.Write(t.Context(), []bridge.Write{write})[0]; verdict(w.Err) != bridge.RetryAt {
			t.Errorf("verdict %d: %v", verdict(w.Err), w.Err)
		}
		now = now.Add(2 * time.Minute)
	}
	if err := org.Hide("Contact", "Score__c", false); err != nil {
		t.Fatal(err)
	}
	if w := client.Write(t.Context(), []bridge.Write{write})[0]; !errors.Is(w.Err, ErrGone) {
		t.Errorf("the field is seen again, but: %v", w.Err)
	}
	if n := calls(org, http.MethodGet, "/describe"); n != 4 {
		t.Errorf("%d describes", n)
	}
}

func TestWrite_DescribesOnceForAllRowsAlsoInVain(t *testing.T) {
	org, client := orgClient(t, nil)
	org.AddFault(fakeorg.Fault{Path: "/describe", Status: 503, Body: refusal("SERVER_UNAVAILABLE", "Server too busy")})
	for _, w := range client.Write(t.Context(), []bridge.Write{create("A"), create("B"), create("C")}) {
		if verdict(w.Err) != bridge.Wait || bridge.IsUncertain(w.Err) {
			t.Error(w.Err)
		}
	}
	if n := calls(org, "", "/describe"); n != 1 {
		t.Errorf("%d describes", n)
	}
}

func TestClient_WaitsWhenANewSessionIsRefusedToo(t *testing.T) {
	org, client := orgClient(t, nil)
	org.AddFault(fakeorg.Fault{Path: "/limits", Status: 401, Body: refusal("INVALID_SESSION_ID", "Session expired or invalid")})
	for range 3 {
		if _, err := client.Limits(t.Context()); verdict(err) != bridge.Wait {
			t.Errorf("verdict %d: %v", verdict(err), err)
		}
	}
	if n := calls(org, "", "/oauth2/token"); n != 1 {
		t.Errorf("%d logins", n)
	}
}
