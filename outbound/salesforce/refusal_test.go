package salesforce

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

// refusalOf is what the error says that single fields are to blame for.
func refusalOf(err error) bridge.Refusal {
	var e interface{ Refusal() bridge.Refusal }
	if !errors.As(err, &e) {
		return bridge.Refusal{}
	}
	return e.Refusal()
}

func TestRefusal_NamesTheFieldsAndHowLongTheyAre(t *testing.T) {
	org, client := orgClient(t, func(o *fakeorg.Options) {
		o.Seed.Objects[0].Fields = append(o.Seed.Objects[0].Fields,
			fakeorg.FieldSeed{Name: "Rank__c", Type: "picklist", Length: 40, Values: []string{"Gold"}, Restricted: true},
			fakeorg.FieldSeed{Name: "Short__c", Type: "string", Length: 10})
	})
	write := func(set bridge.Fields) bridge.Refusal {
		return refusalOf(client.Write(t.Context(), []bridge.Write{{Object: "Contact", Op: bridge.OpCreate, Set: set}})[0].Err)
	}
	long := strings.Repeat("x", 20)
	for name, c := range map[string]struct {
		set  bridge.Fields
		want bridge.Refusal
	}{
		"too long": {text("LastName", "L", "Short__c", long),
			bridge.Refusal{Code: "STRING_TOO_LONG", Cause: bridge.TooLong, Fields: []bridge.Field{"Short__c"}, Longest: map[bridge.Field]int{"Short__c": 10}}},
		"no value":        {text("LastName", "L", "Rank__c", "Iron"), bridge.Refusal{Code: "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", Cause: bridge.NotListed, Fields: []bridge.Field{"Rank__c"}}},
		"no such field":   {text("LastName", "L", "Gone__c", "x"), bridge.Refusal{Fields: []bridge.Field{"Gone__c"}}},
		"another type":    {text("LastName", "L", "Birthdate", "soon"), bridge.Refusal{Fields: []bridge.Field{"Birthdate"}}},
		"a field is lost": {text("FirstName", "F"), bridge.Refusal{}},
	} {
		if d := cmp.Diff(c.want, write(c.set)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	org.AddFault(fakeorg.Fault{Object: "Contact", Code: "STRING_TOO_LONG", Message: "too long", Fields: []string{"Short__c"}})
	if got := write(text("LastName", "L", "Short__c", "fits")); len(got.Longest) != 0 {
		t.Errorf("a value that fits is cut to %v", got.Longest)
	}
	org.ClearFaults()
	org.AddFault(fakeorg.Fault{Path: "/composite/sobjects", Status: 400, Body: `[{"errorCode":"INVALID_FIELD","message":"all of it","fields":["Short__c"]}]`})
	if got := write(text("LastName", "L", "Short__c", "fits")); len(got.Fields) != 0 {
		t.Errorf("a call that is refused as a whole is blamed on %v", got.Fields)
	}
}

// TestRefusal_MeasuresAFieldAnewThatWasMadeShorter: describe is an hour old at the most, and an admin at work is not waited for.
func TestRefusal_MeasuresAFieldAnewThatWasMadeShorter(t *testing.T) {
	org, client := orgClient(t, func(o *fakeorg.Options) {
		o.Seed.Objects[0].Fields = append(o.Seed.Objects[0].Fields, fakeorg.FieldSeed{Name: "Short__c", Type: "string", Length: 30})
	})
	write := func() bridge.Refusal {
		set := text("LastName", "L", "Short__c", strings.Repeat("x", 20))
		return refusalOf(client.Write(t.Context(), []bridge.Write{{Object: "Contact", Op: bridge.OpCreate, Set: set}, {Object: "Contact", Op: bridge.OpCreate, Set: set}})[1].Err)
	}
	if got := write(); got.Code != "" {
		t.Fatalf("refused: %+v", got)
	}
	err1, err2 := org.RemoveField("Contact", "Short__c"), org.AddField("Contact", fakeorg.FieldSeed{Name: "Short__c", Type: "string", Length: 10}, "")
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	before := calls(org, http.MethodGet, "/describe")
	if got := write(); got.Longest["Short__c"] != 10 {
		t.Errorf("the field holds %v", got.Longest)
	}
	if n := calls(org, http.MethodGet, "/describe") - before; n != 1 {
		t.Errorf("described %d times for two rows of one call", n)
	}
	org.AddFault(fakeorg.Fault{Object: "Contact", Code: "STRING_TOO_LONG", Message: "a trigger's", Fields: []string{"LastName"}})
	write()
	if n := calls(org, http.MethodGet, "/describe") - before; n != 2 {
		t.Errorf("described %d times where a trigger says that a short value is too long", n-1)
	}
}
