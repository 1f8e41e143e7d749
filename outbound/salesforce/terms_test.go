package salesforce

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

const (
	inactiveUser = "005000000000091"
	sharedUser   = "005000000000092"
	otherShared  = "005000000000093"
	aloneUser    = "005000000000094"
	sandboxUser  = "005000000000095"
	salesQueue   = "00G000000000001"
	customerType = "012000000000001"
	closedType   = "012000000000002"
)

// staffedOrg has users who may own and users who may not, a queue for leads, record types, codes of places, and two currencies.
func staffedOrg(t *testing.T) (*fakeorg.Org, *Client) {
	t.Helper()
	return orgClient(t, func(o *fakeorg.Options) {
		s := keyedContacts()
		s.Users = []fakeorg.UserSeed{
			{ID: inactiveUser, Username: "left@acme.example", Inactive: true},
			{ID: sharedUser, Username: "desk1@acme.example", Email: "desk@acme.example"},
			{ID: otherShared, Username: "desk2@acme.example", Email: "desk@acme.example"},
			{ID: aloneUser, Username: "ann@acme.example.full", Email: "ann@acme.example"},
			{ID: sandboxUser, Username: "bob@acme.example.full", Email: "bob@acme.example.invalid"},
		}
		s.Objects[0].Fields = append(s.Objects[0].Fields,
			fakeorg.FieldSeed{Name: "RecordTypeId", Type: "reference", References: []string{"RecordType"}},
			fakeorg.FieldSeed{Name: "MailingCountryCode", Type: "picklist", Compound: "MailingAddress", Restricted: true, Values: []string{"NL", "BE", "CH"},
				Labels: map[string]string{"NL": "Netherlands", "BE": "Belgium", "CH": "Switzerland"}},
			fakeorg.FieldSeed{Name: "MailingStateCode", Type: "picklist", Compound: "MailingAddress", Restricted: true, Values: []string{"LI", "VLI", "ZH"},
				Labels: map[string]string{"LI": "Limburg", "VLI": "Limburg", "ZH": "Zurich"}, Of: map[string]string{"LI": "NL", "VLI": "BE", "ZH": "CH"}},
		)
		s.Objects = append(s.Objects, fakeorg.ObjectSeed{Name: "Opportunity", Fields: []fakeorg.FieldSeed{
			{Name: "CurrencyIsoCode", Type: "picklist", Values: []string{"CHF", "JPY"}, Restricted: true, Default: "CHF"},
		}})
		typed := func(id, name string, active bool) fakeorg.RowSeed {
			return fakeorg.RowSeed{Object: "RecordType", ID: id, Fields: map[string]any{"Name": name, "DeveloperName": name, "SobjectType": "Contact", "IsActive": active}}
		}
		s.Rows = []fakeorg.RowSeed{
			typed(customerType, "Customer", true), typed(closedType, "Closed", false),
			{Object: "Group", ID: salesQueue, Fields: map[string]any{"Name": "Sales", "DeveloperName": "Sales", "Type": "Queue"}},
			{Object: "QueueSobject", Fields: map[string]any{"QueueId": salesQueue, "SobjectType": "Lead"}},
		}
		o.Seed = s
	})
}

// written carries out one write and answers it with the row it made.
func written(t *testing.T, org *fakeorg.Org, c *Client, w bridge.Write) (bridge.Written, map[string]any) {
	t.Helper()
	out := c.Write(t.Context(), []bridge.Write{w})[0]
	row, _ := org.Row(string(w.Object), string(out.Record))
	return out, row
}

func lead(owners ...string) bridge.Write {
	return bridge.Write{Object: "Lead", Op: bridge.OpCreate, Set: text("LastName", "L", "Company", "C"), Terms: bridge.Terms{Owners: owners}}
}

func TestTerms_TheFirstOwnsWhoCan(t *testing.T) {
	org, client := staffedOrg(t)
	self := org.IntegrationUser()
	for name, c := range map[string]struct {
		owners []string
		want   string
		note   string
	}{
		"by user name":             {[]string{"ANN@acme.example.full"}, aloneUser, ""},
		"by e-mail":                {[]string{"Ann@Acme.example"}, aloneUser, ""},
		"by id":                    {[]string{aloneUser}, aloneUser, ""},
		"a queue":                  {[]string{"queue:sales"}, salesQueue, ""},
		"inactive":                 {[]string{"left@acme.example", "ann@acme.example"}, aloneUser, "user " + bridge.LongID(inactiveUser) + " is inactive"},
		"inactive by id":           {[]string{inactiveUser}, self, "user " + bridge.LongID(inactiveUser) + " is inactive"},
		"shared":                   {[]string{"desk@acme.example", "queue:Sales"}, salesQueue, bridge.LongID(sharedUser) + " and " + bridge.LongID(otherShared) + " share"},
		"of a sandbox":             {[]string{"bob@acme.example"}, self, "the e-mail of user " + bridge.LongID(sandboxUser) + " ends in .invalid"},
		"nobody":                   {[]string{"who@acme.example"}, self, "no user has that name"},
		"a queue for other things": {[]string{"queue:Support"}, self, "queue Support owns no Lead"},
		"an attack":                {[]string{"x' OR Name != '", strings.Repeat("x", 300)}, self, "no user has that name"},
	} {
		t.Run(name, func(t *testing.T) {
			out, row := written(t, org, client, lead(c.owners...))
			if out.Err != nil || row["OwnerId"] != bridge.LongID(c.want) {
				t.Fatalf("owned by %v, want %s: %v", row["OwnerId"], c.want, out.Err)
			}
			if !strings.Contains(out.Note, c.note) || (c.note == "") != (out.Note == "") || strings.Contains(out.Note, "@") {
				t.Errorf("the note says %q, want %q and no address", out.Note, c.note)
			}
		})
	}
}

func TestTerms_LookUpOwnersOnceForAllRows(t *testing.T) {
	org, client := staffedOrg(t)
	ws := make([]bridge.Write, 100)
	for i := range ws {
		ws[i] = lead([]string{"ann@acme.example", "left@acme.example", "queue:Sales"}[i%3], "queue:Sales")
	}
	for range 3 {
		for i, w := range client.Write(t.Context(), ws) {
			if w.Err != nil {
				t.Fatalf("row %d: %v", i, w.Err)
			}
		}
	}
	if n := calls(org, http.MethodGet, "/query"); n != 2 {
		t.Errorf("%d queries for the owners of 300 rows, want one for users and one for queues", n)
	}
}

func TestTerms_ARowIsSentOnceMoreWhenItsOwnerWentMeanwhile(t *testing.T) {
	org, client := staffedOrg(t)
	if out, _ := written(t, org, client, lead("ann@acme.example")); out.Err != nil {
		t.Fatal(out.Err)
	}
	if err := org.Update("User", bridge.LongID(aloneUser), map[string]any{"IsActive": false}); err != nil {
		t.Fatal(err)
	}
	before := len(org.Rows("Lead"))
	ws := []bridge.Write{lead(), lead("ann@acme.example", "queue:Sales"), lead("ann@acme.example"), lead()}
	for i, w := range client.Write(t.Context(), ws) {
		row, _ := org.Row("Lead", string(w.Record))
		want := []string{org.IntegrationUser(), bridge.LongID(salesQueue), org.IntegrationUser(), org.IntegrationUser()}[i]
		if w.Err != nil || row["OwnerId"] != want || (w.Note == "") != (i == 0 || i == 3) {
			t.Errorf("row %d is owned by %v, want %s; note %q, error %v", i, row["OwnerId"], want, w.Note, w.Err)
		}
	}
	if n := len(org.Rows("Lead")) - before; n != 4 {
		t.Errorf("%d rows were made of 4", n)
	}
}

func TestTerms_NameTheRecordType(t *testing.T) {
	org, client := staffedOrg(t)
	w := create("Tan")
	w.Terms.RecordType = "customer"
	if out, row := written(t, org, client, w); out.Err != nil || row["RecordTypeId"] != bridge.LongID(customerType) {
		t.Errorf("record type %v: %v", row["RecordTypeId"], out.Err)
	}
	for _, name := range []string{"Closed", "Nobody", "Master"} {
		w.Terms.RecordType = name
		out, _ := written(t, org, client, w)
		if _, wait := bridge.VerdictOf(out.Err); wait == 0 || !strings.Contains(out.Err.Error(), "remedy") {
			t.Errorf("record type %s: %v", name, out.Err)
		}
	}
	org.BarRecordType(customerType, true)
	w.Terms.RecordType = "Customer"
	if out, _ := written(t, org, client, w); out.Err == nil {
		t.Error("a record type that the user lost was taken")
	}
}

func TestTerms_RunAnAssignmentRuleOnlyWhereAsked(t *testing.T) {
	var got []string
	org := fakeorg.New(fakeorg.Options{Seed: keyedContacts()})
	client, _ := dialled(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/composite/sobjects") {
			got = append(got, r.Header.Get("Sforce-Auto-Assign"))
		}
		org.Handler().ServeHTTP(w, r)
	}), nil)
	plain, ruled, one := lead(), lead(), lead()
	ruled.Terms.Assign, one.Terms.Assign = "default", "01Q000000000001"
	for i, w := range client.Write(t.Context(), []bridge.Write{plain, ruled, plain, one}) {
		if w.Err != nil {
			t.Errorf("row %d: %v", i, w.Err)
		}
	}
	if want := []string{"FALSE", "TRUE", "01Q000000000001"}; !slices.Equal(got, want) {
		t.Errorf("headers %v, want %v", got, want)
	}
}

func TestTerms_TakeTheMatchOfADuplicateRuleWhereWanted(t *testing.T) {
	org, client := staffedOrg(t)
	there := contact(t, org, map[string]any{"LastName": "Tan", "Email": "mei@example.com"})
	if _, err := org.Create("Lead", map[string]any{"LastName": "Tan", "Company": "C", "Email": "mei@example.com"}); err != nil {
		t.Fatal(err)
	}
	org.SetDuplicateRules(fakeorg.DuplicateRule{Object: "Contact", Fields: []string{"Email"}, Against: []string{"Contact", "Lead"}})
	for _, op := range []bridge.Op{bridge.OpCreate, bridge.OpUpsert} {
		row := func(mail string, d bridge.Duplicates) bridge.Write {
			w := bridge.Write{Object: "Contact", Op: op, Set: text("LastName", "L", "Email", mail), Terms: bridge.Terms{Duplicates: d}}
			if op == bridge.OpUpsert {
				w.Key, w.KeyValue = "Bridge__c", string(op)+mail+string(d)
			}
			return w
		}
		before, sent := len(org.Rows("Contact")), len(org.Calls())
		out := client.Write(t.Context(), []bridge.Write{
			row("a."+string(op)+"@example.com", bridge.LinkDuplicate), row("mei@example.com", bridge.LinkDuplicate), row("mei@example.com", bridge.BuryDuplicate),
			row("b."+string(op)+"@example.com", bridge.LinkDuplicate),
		})
		if out[0].Err != nil || out[3].Err != nil || len(org.Rows("Contact"))-before != 2 {
			t.Errorf("%s: neighbours suffered: %v, %v", op, out[0].Err, out[3].Err)
		}
		if e, ok := asAPIError(out[1].Err); !ok || e.DuplicateOf() != there {
			t.Errorf("%s: %v names no match", op, out[1].Err)
		}
		if e, ok := asAPIError(out[2].Err); !ok || e.DuplicateOf() != "" || verdict(out[2].Err) != bridge.Bury {
			t.Errorf("%s: a match that nobody wanted: %v", op, out[2].Err)
		}
		for _, c := range org.Calls()[sent:] {
			if strings.HasPrefix(c.Path, "/services/data/v66.0/sobjects/Contact") && c.Method != http.MethodGet {
				sent++
			}
		}
		if n := len(org.Calls()) - sent; op == bridge.OpUpsert && n != 1 {
			t.Errorf("%d calls beside the single row", n)
		}
		if out, _ := written(t, org, client, row("mei@example.com", bridge.SaveDuplicate)); out.Err != nil || !strings.Contains(out.Note, "duplicate rule") {
			t.Errorf("%s: not saved: %+v", op, out)
		}
		if err := org.Delete("Contact", org.Rows("Contact")[len(org.Rows("Contact"))-1]["Id"].(string)); err != nil {
			t.Fatal(err)
		}
	}
	org.SetDuplicateRules(fakeorg.DuplicateRule{Object: "Contact", Fields: []string{"Email"}, Against: []string{"Lead"}, Block: true})
	w := bridge.Write{Object: "Contact", Op: bridge.OpCreate, Set: text("LastName", "L", "Email", "mei@example.com"), Terms: bridge.Terms{Duplicates: bridge.LinkDuplicate}}
	out, _ := written(t, org, client, w)
	var hint *bridge.HintError
	if e, _ := asAPIError(out.Err); e.DuplicateOf() != "" || verdict(out.Err) != bridge.Bury || !errors.As(out.Err, &hint) {
		t.Errorf("a lead was taken for a contact: %v", out.Err)
	}
	w.Terms.Duplicates = bridge.SaveDuplicate
	if out, _ := written(t, org, client, w); out.Err == nil {
		t.Error("a rule that blocks was passed")
	}
}

func TestWrite_PutsPlacesByTheirCodes(t *testing.T) {
	org, client := staffedOrg(t)
	for name, c := range map[string]struct {
		set     bridge.Fields
		country string
		state   string
	}{
		"codes as text":          {text("MailingCountry", "ch", "MailingState", "zh"), "CH", "ZH"},
		"labels":                 {text("MailingCountry", "Switzerland", "MailingState", "zurich"), "CH", "ZH"},
		"a label of two, Dutch":  {text("MailingCountry", "Netherlands", "MailingState", "Limburg"), "NL", "LI"},
		"a label of two, Belges": {text("MailingCountryCode", "BE", "MailingState", "Limburg"), "BE", "VLI"},
	} {
		t.Run(name, func(t *testing.T) {
			c.set["LastName"] = bridge.TextValue("L")
			out, row := written(t, org, client, bridge.Write{Object: "Contact", Op: bridge.OpCreate, Set: c.set})
			if out.Err != nil || row["MailingCountryCode"] != c.country || row["MailingStateCode"] != c.state {
				t.Errorf("country %v, state %v: %v", row["MailingCountryCode"], row["MailingStateCode"], out.Err)
			}
		})
	}
	out, _ := written(t, org, client, bridge.Write{Object: "Contact", Op: bridge.OpCreate, Set: text("LastName", "L", "MailingCountry", "Atlantis")})
	if e, ok := asAPIError(out.Err); !ok || e.Code != "FIELD_INTEGRITY_EXCEPTION" || verdict(out.Err) != bridge.Bury {
		t.Errorf("a country that there is not: %v", out.Err)
	}
}

func TestWrite_SendsNoAmountWithoutItsCurrency(t *testing.T) {
	org, client := staffedOrg(t)
	deal := bridge.Write{Object: "Opportunity", Op: bridge.OpCreate, Set: text("Name", "O", "StageName", "Prospecting", "CloseDate", "2026-12-01")}
	deal.Set["Amount"] = bridge.IntValue(100)
	out, _ := written(t, org, client, deal)
	if verdict(out.Err) != bridge.Bury || !strings.Contains(out.Err.Error(), "CurrencyIsoCode") || len(org.Rows("Opportunity")) != 0 {
		t.Errorf("an amount of nobody knows which currency: %v", out.Err)
	}
	deal.Set["CurrencyIsoCode"] = bridge.TextValue("JPY")
	if out, row := written(t, org, client, deal); out.Err != nil || row["CurrencyIsoCode"] != "JPY" {
		t.Errorf("currency %v: %v", row["CurrencyIsoCode"], out.Err)
	}
}

func TestWrite_NamesCompoundsBeforeTheyAreSent(t *testing.T) {
	org, client := staffedOrg(t)
	for _, field := range []string{"Name", "MailingAddress"} {
		out, _ := written(t, org, client, bridge.Write{Object: "Contact", Op: bridge.OpCreate, Set: text("LastName", "L", field, "x")})
		if !errors.Is(out.Err, errCompound) || verdict(out.Err) != bridge.Bury {
			t.Errorf("%s: %v", field, out.Err)
		}
	}
	if n := calls(org, http.MethodPost, "/composite"); n != 0 {
		t.Errorf("%d calls", n)
	}
}
