package main

import (
	"slices"
	"strings"
	"testing"

	"sfbridge/bridge"
	"sfbridge/bridge/platform"
	"sfbridge/bridge/rule"
)

// recipeConfig is a project whose transfer is a recipe and what it adds to that.
const recipeConfig = `
[org.main]
login_url = "https://acme.my.salesforce.com"
client_id = "id"
client_secret = "env:SF_CLIENT_SECRET"
[project.p]
org = "main"
platform = "respondio"
region = "TW"
token = "env:RESPONDIO_TOKEN"
signing_keys = ["env:RESPONDIO_KEY_CREATED"]
[[project.p.transfer]]
name = "people"
no_match_outbound = "create"
`

func recipeRules(t *testing.T, more string) *rule.Transfer {
	t.Helper()
	c, err := parseConfig("x.toml", []byte(recipeConfig+more), testSurroundings(), ruleSyntax)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := rule.Compile(c.nouns())
	if err != nil {
		t.Fatal(err)
	}
	return rules.Project("p").Transfers[0]
}

func TestRecipes_FillWhatSalesforceAsksFor(t *testing.T) {
	null, text := bridge.NullValue(), bridge.TextValue
	for _, recipe := range recipeNames() {
		tr := recipeRules(t, "recipe = \""+recipe+"\"\nfields = [ { salesforce = \"Title\", platform = \"custom.title\" } ]\n")
		if len(tr.Transfer.Identity) != 2 || len(tr.Fields) != 5 {
			t.Errorf("%s has %d identities and %d fields", recipe, len(tr.Transfer.Identity), len(tr.Fields))
		}
		for _, c := range []struct{ first, last, wantFirst, wantLast bridge.Value }{
			{text("Mei"), text("Tan"), text("Mei"), text("Tan")}, {text("Mei Ling Tan"), null, text("Mei Ling"), text("Tan")}, {text("王小明"), null, text("小明"), text("王")},
			{text("Cher"), null, bridge.Value{}, text("Cher")}, {null, null, bridge.Value{}, text("(unknown)")}, {null, text("Tan"), bridge.Value{}, text("Tan")},
		} {
			j, err := tr.Outbound(bridge.Attributes{"firstName": c.first, "lastName": c.last}, nil, rule.Target{})
			if err != nil || j.Fields["FirstName"] != c.wantFirst || j.Fields["LastName"] != c.wantLast {
				t.Errorf("%s: %v %v became %v, %v", recipe, c.first, c.last, j.Fields, err)
			}
		}
		for _, field := range obligatory[recipeObject(recipe)] {
			if v, set := tr.Set[bridge.Field(field)]; field != "LastName" && (!set || v.IsNull()) {
				t.Errorf("%s leaves %s empty", recipe, field)
			}
		}
	}
}

func recipeObject(name string) string { return recipes()[name].object }

func TestRecipes_LeaveToTheFileWhatItMaps(t *testing.T) {
	tr := recipeRules(t, `recipe = "lead"
object = "Prospect__c"
identity = [ { salesforce = "Email", platform = "email", format = "email" } ]
fields = [ { salesforce = "LastName", platform = "lastName", default = "-" }, { salesforce = "Company", platform = "custom.company", default = "none" } ]
`)
	if tr.Object != "Prospect__c" || len(tr.Transfer.Identity) != 1 || len(tr.Set) != 0 {
		t.Errorf("the recipe overrides the file: %+v", tr.Transfer)
	}
	last := slices.DeleteFunc(slices.Clone(tr.Fields), func(p bridge.Pair) bool { return p.Salesforce != "LastName" })
	if len(last) != 1 || last[0].Outbound != "" || last[0].Default != bridge.TextValue("-") {
		t.Errorf("LastName is written by %+v", last)
	}
}

func TestRecipes_PartTheNameOfAPlatformThatHasOne(t *testing.T) {
	var c TransferConfig
	c.byDefault()
	c.Recipe = "contact"
	c.prepare(&platform.Traits{Name: "x", Attributes: []platform.Attribute{{Name: "name"}, {Name: "phone", Format: bridge.PhoneFormat}, {Name: "mail", Format: bridge.EmailFormat, ReadOnly: true}}})
	n := c.noun()
	n.ID = "t"
	rules, err := rule.Compile([]bridge.Project{{ID: "p", Region: "JP", Transfers: []bridge.Transfer{n}}})
	if err != nil {
		t.Fatal(err)
	}
	tr := rules.Project("p").Transfer("t")
	j, err := tr.Outbound(bridge.Attributes{"name": bridge.TextValue("山田 太郎"), "phone": bridge.NullValue()}, nil, rule.Target{})
	if err != nil || j.Fields["FirstName"].Text != "太郎" || j.Fields["LastName"].Text != "山田" {
		t.Errorf("%v, %v", j.Fields, err)
	}
	in, err := tr.Inbound(bridge.Fields{"FirstName": bridge.TextValue("太郎"), "LastName": bridge.TextValue("山田"), "MobilePhone": bridge.NullValue()}, nil, nil)
	if err != nil || in.Attributes["name"].Text != "山田 太郎" {
		t.Errorf("%v, %v", in.Attributes, err)
	}
	if len(n.Identity) != 1 || strings.Contains(string(n.Identity[0].Platform), "mail") {
		t.Errorf("what nobody can write identifies: %+v", n.Identity)
	}
}
