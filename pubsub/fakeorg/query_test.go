package fakeorg

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

type page struct {
	TotalSize      int              `json:"totalSize"`
	Done           bool             `json:"done"`
	NextRecordsURL string           `json:"nextRecordsUrl"`
	Records        []map[string]any `json:"records"`
}

func (d *desk) query(q string) page {
	d.t.Helper()
	w := d.do(http.MethodGet, "/query/?q="+url.QueryEscape(q), nil)
	if w.Code != http.StatusOK {
		d.t.Fatalf("%s: status %d: %s", q, w.Code, w.Body)
	}
	return mustDecode[page](d.t, w)
}

// names returns the LastName of each record.
func (p page) names() string {
	var list []string
	for _, r := range p.Records {
		list = append(list, fmt.Sprint(r["LastName"]))
	}
	return strings.Join(list, " ")
}

func newLibrary(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t, Options{})
	acme := d.created("Account", fields{"Name": "Acme", "BillingCity": "Bern"})
	other := d.created("Account", fields{"Name": "Other", "ParentId": acme})
	d.created("Contact", fields{"LastName": "Ash", "FirstName": "Ann", "Email": "ann@x.io", "AccountId": acme, "Credit_Limit__c": 10.5, "DoNotCall": true})
	d.created("Contact", fields{"LastName": "Birch", "AccountId": other, "Birthdate": "2000-01-02", "Interests__c": "Music;Sport"})
	d.created("Contact", fields{"LastName": "O'Neil_%", "Credit_Limit__c": 200, "Title": "50% off"})
	id := d.created("Contact", fields{"LastName": "Gone"})
	d.do(http.MethodDelete, "/sobjects/Contact/"+id, nil)
	return d
}

func TestQuery_FindsWhatItAsksFor(t *testing.T) {
	d := newLibrary(t)
	for where, want := range map[string]string{
		"":                         "Ash Birch O'Neil_%",
		"WHERE LastName = 'ash'":   "Ash",
		"where lastname != 'ash'":  "Birch O'Neil_%",
		"WHERE Email = null":       "Birch O'Neil_%",
		"WHERE Email != NULL":      "Ash",
		"WHERE Credit_Limit__c>10": "Ash O'Neil_%",
		"WHERE Credit_Limit__c >= 10.5 AND Credit_Limit__c < 2e2":                   "Ash",
		"WHERE LastName IN ('Ash', 'Birch')":                                        "Ash Birch",
		"WHERE LastName NOT IN ('Ash')":                                             "Birch O'Neil_%",
		"WHERE LastName LIKE 'a%'":                                                  "Ash",
		"WHERE LastName LIKE '_sh'":                                                 "Ash",
		`WHERE LastName LIKE '%\_\%'`:                                               "O'Neil_%",
		`WHERE LastName = 'O\'Neil_%'`:                                              "O'Neil_%",
		"WHERE NOT LastName LIKE 'A%'":                                              "Birch O'Neil_%",
		"WHERE (LastName = 'Ash' OR LastName = 'Birch') AND NOT (DoNotCall = true)": "Birch",
		"WHERE DoNotCall = false":                                                   "Birch O'Neil_%",
		"WHERE Birthdate = 2000-01-02":                                              "Birch",
		"WHERE Birthdate < 2001-01-01":                                              "Birch",
		"WHERE CreatedDate = TODAY":                                                 "Ash Birch O'Neil_%",
		"WHERE CreatedDate < LAST_N_DAYS:3":                                         "",
		"WHERE SystemModstamp >= 2026-11-21T10:00:00Z":                              "Ash Birch O'Neil_%",
		"WHERE SystemModstamp > 2026-11-21T12:00:00.000+02:00":                      "",
		"WHERE Account.Name = 'Acme'":                                               "Ash",
		"WHERE Account.Parent.Name = 'Acme'":                                        "Birch",
		"WHERE Name = 'Ann Ash'":                                                    "Ash",
		"WHERE Interests__c INCLUDES ('Sport;Music', 'Food')":                       "Birch",
		"WHERE Interests__c EXCLUDES ('Sport')":                                     "Ash O'Neil_%",
		"WHERE AccountId IN (SELECT Id FROM Account WHERE BillingCity = 'Bern')":    "Ash",
		"WHERE AccountId NOT IN (SELECT Id FROM Account) ":                          "O'Neil_%",
		"ORDER BY Credit_Limit__c DESC NULLS LAST":                                  "O'Neil_% Ash Birch",
		"ORDER BY Credit_Limit__c":                                                  "Birch Ash O'Neil_%",
		"ORDER BY Account.Name NULLS LAST, LastName LIMIT 2":                        "Ash Birch",
		"ORDER BY LastName DESC LIMIT 1 OFFSET 1":                                   "Birch",
		"LIMIT 0":                    "",
		"WHERE Title LIKE '50\\% %'": "O'Neil_%",
		"WHERE Owner.Name LIKE 'Bridge%' AND Owner.Type = 'User' AND LastName like 'Ash%'": "Ash",
	} {
		if got := d.query("SELECT Id, LastName FROM Contact " + where).names(); got != want {
			t.Errorf("%q finds %q, want %q", where, got, want)
		}
	}
}

func TestQuery_ComparesTextOfAllScripts(t *testing.T) {
	d := newDesk(t, Options{})
	d.created("Contact", fields{"LastName": "Zoë 佐藤"})
	for _, where := range []string{"= 'Zoë 佐藤'", "= 'ZOË 佐藤'", "LIKE '%_ë _藤'", "IN ('x', 'Zoë 佐藤')"} {
		if got := d.query("SELECT LastName FROM Contact WHERE LastName " + where).names(); got != "Zoë 佐藤" {
			t.Errorf("%s finds %q", where, got)
		}
	}
}

func TestQuery_FindsRowsByID(t *testing.T) {
	d := newLibrary(t)
	ids := map[string]string{}
	for _, r := range d.query("SELECT Id, LastName FROM Contact").Records {
		ids[r["LastName"].(string)] = r["Id"].(string)
	}
	ash, birch := ids["Ash"], ids["Birch"]
	for where, want := range map[string]string{
		"Id = '" + ash[:15] + "'":                                        "Ash",
		"Id IN ('" + birch + "', '" + ash + "', '003000000000001')":      "Ash Birch",
		"Id IN ('" + birch + "', '" + ash + "') AND DoNotCall = false":   "Birch",
		"Id = '" + ash + "' OR LastName = 'Birch'":                       "Ash Birch",
		"NOT Id = '" + ash + "'":                                         "Birch O'Neil_%",
		"Id NOT IN ('" + ash + "', '" + birch + "')":                     "O'Neil_%",
		"Id != '" + ash + "' AND Id IN ('" + ash + "', '" + birch + "')": "Birch",
	} {
		if got := d.query("SELECT LastName FROM Contact WHERE " + where).names(); got != want {
			t.Errorf("%s finds %q, want %q", where, got, want)
		}
	}
}

func TestQuery_NestsParentsAndChildren(t *testing.T) {
	d := newLibrary(t)
	ash := d.query("SELECT LastName, Account.Name, Account.Parent.Name, Account.Owner.Email FROM Contact WHERE LastName = 'Ash'").Records[0]
	account := ash["Account"].(map[string]any)
	if account["Name"] != "Acme" || account["Parent"] != nil || account["Owner"].(map[string]any)["Email"] != "integration@fakeorg.example" {
		t.Errorf("account = %v", account)
	}
	if _, hasID := ash["Id"]; hasID {
		t.Error("a query returns an Id that was not selected")
	}
	acme := d.query("SELECT Name, (SELECT LastName FROM Contacts), (SELECT Id FROM Cases) FROM Account ORDER BY Name LIMIT 1").Records[0]
	if contacts := acme["Contacts"].(map[string]any); fmt.Sprint(contacts["totalSize"]) != "1" || acme["Cases"] != nil {
		t.Errorf("children = %v", acme)
	}
}

func TestQuery_CountsAndAggregates(t *testing.T) {
	d := newLibrary(t)
	if p := d.query("SELECT COUNT() FROM Contact"); p.TotalSize != 3 || len(p.Records) != 0 || !p.Done {
		t.Errorf("COUNT() = %+v", p)
	}
	r := d.query("SELECT COUNT(Id), MAX(Credit_Limit__c) top FROM Contact").Records[0]
	if fmt.Sprint(r["expr0"]) != "3" || fmt.Sprint(r["top"]) != "200.0" {
		t.Errorf("aggregate = %v", r)
	}
}

func TestQuery_QueryAllSeesTheRecycleBin(t *testing.T) {
	d := newLibrary(t)
	w := d.do(http.MethodGet, "/queryAll?q="+url.QueryEscape("SELECT LastName, IsDeleted FROM Contact WHERE IsDeleted = true"), nil)
	if got := mustDecode[page](t, w); got.names() != "Gone" || got.Records[0]["IsDeleted"] != true {
		t.Errorf("queryAll = %+v", got)
	}
}

func TestQuery_PagesByLocator(t *testing.T) {
	d := newDesk(t, Options{})
	if err := d.org.Do(func(tx *Tx) error {
		for i := range 4500 {
			if _, err := tx.Create("Contact", fields{"LastName": fmt.Sprintf("N%04d", i)}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	p := d.query("SELECT LastName FROM Contact ORDER BY LastName")
	seen := len(p.Records)
	for !p.Done {
		if !strings.HasPrefix(p.NextRecordsURL, "/services/data/v66.0/query/01g") {
			t.Fatalf("next page at %q", p.NextRecordsURL)
		}
		p = mustDecode[page](t, d.raw(http.MethodGet, p.NextRecordsURL, "", ""))
		if p.TotalSize != 4500 || p.Records[0]["LastName"] != fmt.Sprintf("N%04d", seen) {
			t.Fatalf("page at %d: total %d, first %v", seen, p.TotalSize, p.Records[0])
		}
		seen += len(p.Records)
	}
	if seen != 4500 || p.NextRecordsURL != "" {
		t.Errorf("saw %d rows, last page says %q", seen, p.NextRecordsURL)
	}
	d.refused(d.do(http.MethodGet, "/query/01g000000000001AAA-2000", nil), 400, "INVALID_QUERY_LOCATOR")
}

func TestQuery_RefusesInSalesforcesWords(t *testing.T) {
	d := newLibrary(t)
	if err := d.org.Hide("Contact", "Fax", true); err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string][2]string{
		"SELECT Id FRM Contact":                                                  {"MALFORMED_QUERY", "unexpected token: 'FRM'"},
		"SELECT Id FROM":                                                         {"MALFORMED_QUERY", "<EOF>"},
		"SELECT Id FROM Contact WHERE LastName = 'x":                             {"MALFORMED_QUERY", "unterminated"},
		"SELECT Id FROM Contact WHERE LastName = 'x' 'y'":                        {"MALFORMED_QUERY", "unexpected token"},
		"SELECT Id FROM Contact WHERE LastName = 'a' AND Id = null OR Id = null": {"MALFORMED_QUERY", "unexpected token: 'OR'"},
		`SELECT Id FROM Contact WHERE LastName = 'a\q'`:                          {"MALFORMED_QUERY", "Illegal character"},
		"SELECT * FROM Contact":                                                  {"MALFORMED_QUERY", "unexpected token: '*'"},
		"SELECT Nope__c FROM Contact":                                            {"INVALID_FIELD", "No such column 'Nope__c' on entity 'Contact'"},
		"SELECT Fax FROM Contact":                                                {"INVALID_FIELD", "No such column 'Fax'"},
		"SELECT Foo.Name FROM Contact":                                           {"INVALID_FIELD", "Didn't understand relationship 'Foo'"},
		"SELECT Id FROM Nope":                                                    {"INVALID_TYPE", "sObject type 'Nope' is not supported"},
		"SELECT Id FROM Contact WHERE LastName = 5":                              {"INVALID_FIELD", "must be of type string"},
		"SELECT Id FROM Contact WHERE CreatedDate > '2026-01-01'":                {"INVALID_FIELD", "must be of type dateTime"},
		"SELECT Id FROM Contact WHERE CreatedDate > 2026-01-01T00:00:00":         {"INVALID_FIELD", "must be of type dateTime"},
		"SELECT Id FROM Contact WHERE DoNotCall = 'true'":                        {"INVALID_FIELD", "must be of type boolean"},
		"SELECT Id FROM Contact WHERE AccountId = 'x'":                           {"INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"},
		"SELECT Id FROM Contact WHERE Description = 'x'":                         {"INVALID_FIELD", "can not be filtered"},
		"SELECT FIELDS(ALL) FROM Contact":                                        {"MALFORMED_QUERY", "LIMIT"},
		"SELECT FIELDS(CUSTOM) FROM Contact LIMIT 201":                           {"MALFORMED_QUERY", "LIMIT"},
		"SELECT Id, Id FROM Contact":                                             {"MALFORMED_QUERY", "duplicate field"},
		"SELECT Id FROM Contact OFFSET 2001":                                     {"NUMBER_OUTSIDE_VALID_RANGE", "2000"},
		"":                                                                       {"MALFORMED_QUERY", "has to be specified"},
	} {
		got := d.refused(d.do(http.MethodGet, "/query?q="+url.QueryEscape(q), nil), 400, want[0])
		if !strings.Contains(got.Message, want[1]) {
			t.Errorf("%q: %q does not tell %q", q, got.Message, want[1])
		}
	}
	if n := len(d.query("SELECT FIELDS(ALL) FROM Contact LIMIT 200").Records[0]); n < 50 {
		t.Errorf("FIELDS(ALL) has %d members", n)
	}
}

func FuzzSOQL(f *testing.F) {
	f.Add("SELECT Id, Account.Name, (SELECT Id FROM Contacts) FROM Account WHERE a = 'x\\'' AND (b > 5 OR NOT c IN (1, 2)) ORDER BY d DESC LIMIT 5")
	f.Add("SELECT COUNT() FROM Contact WHERE CreatedDate > LAST_N_DAYS:5")
	f.Add("SELECT FIELDS(ALL) FROM Contact WHERE LastName LIKE '%\\_\\%' LIMIT 200")
	f.Add("SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account) AND Interests__c INCLUDES ('a;b')")
	org := New(Options{})
	if _, err := org.Create("Contact", fields{"LastName": "Ash"}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parseQuery(text)
		if err != nil {
			if err.Code == "" || err.Message == "" {
				t.Errorf("%q is refused without words", text)
			}
			return
		}
		tx := org.begin(Actor{})
		if q, err := tx.bind(parsed, nil); err == nil {
			q.render(tx, "v66.0", q.rows(tx, true))
		}
	})
}
