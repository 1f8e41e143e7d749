package clienttest

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/k-capehart/go-salesforce/v3"
)

// row is a record as users of the Go client write it; a struct would send its empty fields too, which clears them.
type row = map[string]any

// visitor is what the queries here select.
type visitor struct {
	ID, LastName, Title string
}

// goClient logs in at the client's own API version: it cannot follow the next page of a query at any other.
func goClient(t *testing.T, w *world) *salesforce.Salesforce {
	t.Helper()
	sf, err := salesforce.Init(salesforce.Creds{Domain: w.plain, ConsumerKey: clientID, ConsumerSecret: clientSecret})
	if err != nil {
		t.Fatalf("log in: %v", err)
	}
	return sf
}

func TestGoSalesforce_RefusesAWrongSecret(t *testing.T) {
	w := startWorld(t)
	_, err := salesforce.Init(salesforce.Creds{Domain: w.plain, ConsumerKey: clientID, ConsumerSecret: "wrong"})
	if err == nil || !strings.Contains(err.Error(), "400") {
		t.Errorf("log in with a wrong secret: %v", err)
	}
}

func TestGoSalesforce_Describes(t *testing.T) {
	sf := goClient(t, startWorld(t))
	answer, err := sf.DoRequest(http.MethodGet, "/sobjects/Contact/describe", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var describe struct {
		Name   string
		Fields []struct{ Name, Type string }
	}
	if err := json.Unmarshal(text, &describe); err != nil {
		t.Fatal(err)
	}
	types := map[string]string{}
	for _, f := range describe.Fields {
		types[f.Name] = f.Type
	}
	for name, want := range map[string]string{"Id": "id", "LastName": "string", "MailingAddress": "address", "Birthdate": "date", "Bridge_Key__c": "string"} {
		if types[name] != want {
			t.Errorf("%s.%s is of type %q, want %q", describe.Name, name, types[name], want)
		}
	}
}

func TestGoSalesforce_UpsertsOneRowByExternalID(t *testing.T) {
	sf := goClient(t, startWorld(t))
	first, err := sf.UpsertOne("Contact", "Bridge_Key__c", row{"Bridge_Key__c": "go-1", "LastName": "Gopher"})
	if err != nil || !first.Success || len(first.Id) != 18 {
		t.Fatalf("upsert: %+v, %v", first, err)
	}
	again, err := sf.UpsertOne("Contact", "Bridge_Key__c", row{"Bridge_Key__c": "go-1", "Title": "Dr"})
	if err != nil || again.Id != first.Id {
		t.Fatalf("upsert again: %+v, %v", again, err)
	}
	var found []visitor
	if err := sf.Query("SELECT Id, LastName, Title FROM Contact WHERE Bridge_Key__c = 'go-1'", &found); err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0] != (visitor{first.Id, "Gopher", "Dr"}) {
		t.Errorf("found %+v", found)
	}
}

func TestGoSalesforce_WritesSingleRows(t *testing.T) {
	sf := goClient(t, startWorld(t))
	made, err := sf.InsertOne("Contact", row{"LastName": "Single"})
	if err != nil {
		t.Fatal(err)
	}
	if err := sf.UpdateOne("Contact", row{"Id": made.Id, "Title": "Prof"}); err != nil {
		t.Fatal(err)
	}
	if err := sf.DeleteOne("Contact", row{"Id": made.Id}); err != nil {
		t.Fatal(err)
	}
	if _, err := sf.InsertOne("Contact", row{"FirstName": "Nameless"}); err == nil || !strings.Contains(err.Error(), "REQUIRED_FIELD_MISSING") {
		t.Errorf("a contact without a last name: %v", err)
	}
}

func TestGoSalesforce_WritesCollectionsAndQueriesOverPages(t *testing.T) {
	sf := goClient(t, startWorld(t))
	rows := make([]row, 0, 2100) // a page of a query holds 2,000
	for i := range cap(rows) {
		rows = append(rows, row{"Bridge_Key__c": "go/" + strconv.Itoa(i), "LastName": "Many"})
	}
	made, err := sf.UpsertCollection("Contact", "Bridge_Key__c", rows, 200)
	if err != nil || made.HasSalesforceErrors || len(made.Results) != len(rows) {
		t.Fatalf("upsert: %d results, errors %v, %v", len(made.Results), made.HasSalesforceErrors, err)
	}
	var found []visitor
	if err := sf.Query("SELECT Id, LastName, Title FROM Contact WHERE LastName = 'Many'", &found); err != nil || len(found) != len(rows) {
		t.Fatalf("found %d rows, %v", len(found), err)
	}
	var some []row
	for _, f := range found[:300] {
		some = append(some, row{"Id": f.ID, "Title": "Sir"})
	}
	if changed, err := sf.UpdateCollection("Contact", some, 200); err != nil || changed.HasSalesforceErrors {
		t.Fatalf("update: errors %v, %v", changed.HasSalesforceErrors, err)
	}
	if gone, err := sf.DeleteCollection("Contact", some, 200); err != nil || gone.HasSalesforceErrors {
		t.Fatalf("delete: errors %v, %v", gone.HasSalesforceErrors, err)
	}
}

func TestGoSalesforce_GetsOneVerdictARow(t *testing.T) {
	sf := goClient(t, startWorld(t))
	mixed, err := sf.InsertCollection("Contact", []row{{"LastName": "Good"}, {"FirstName": "Bad"}}, 200)
	if err != nil || !mixed.HasSalesforceErrors || !mixed.Results[0].Success || mixed.Results[1].Success {
		t.Fatalf("one good row and one bad: %+v, %v", mixed, err)
	}
	if got := mixed.Results[1].Errors[0].StatusCode; got != "REQUIRED_FIELD_MISSING" {
		t.Errorf("the bad row's code is %q", got)
	}
}

func TestGoSalesforce_LogsInAgainAfterALostSession(t *testing.T) {
	w := startWorld(t)
	sf := goClient(t, w)
	w.org.Revoke(sf.GetAccessToken())
	var found []visitor
	if err := sf.Query("SELECT Id FROM Contact", &found); err != nil {
		t.Errorf("query after the session was revoked: %v", err)
	}
}
