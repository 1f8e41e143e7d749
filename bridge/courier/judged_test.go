package courier

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

func TestJudged_SaysWhyEachFieldGoesOrDoesNot(t *testing.T) {
	tr := &rule.Transfer{Transfer: bridge.Transfer{Fields: []bridge.Pair{
		{Salesforce: "Email", Platform: "email", Direction: bridge.Both},
		{Salesforce: "Phone", Platform: "phone", Direction: bridge.Both},
		{Salesforce: "Title", Platform: "custom.title", Direction: bridge.Inbound},
		{Salesforce: "Rating", Platform: "custom.rating", Direction: bridge.Outbound},
	}}}
	for _, c := range []struct {
		name    string
		way     bridge.Direction
		dirty   []bridge.Field
		ours    bool
		clashed []string
		v       verdict
		want    map[string]bridge.Ruling
	}{
		{"one of two touched fields differs", bridge.Inbound, []bridge.Field{"Email", "Phone"}, false, nil, verdict{bridge.Sent, []string{"email"}, ""},
			map[string]bridge.Ruling{"Email email": bridge.Differs, "Phone phone": bridge.Agrees}},
		{"all are in question", bridge.Inbound, nil, false, nil, verdict{bridge.Shadowed, []string{"phone"}, ""},
			map[string]bridge.Ruling{"Email email": bridge.Agrees, "Phone phone": bridge.Differs, "Title custom.title": bridge.Agrees}},
		{"an echo", bridge.Inbound, []bridge.Field{"Email"}, true, nil, verdict{bridge.Same, nil, "both sides agree"},
			map[string]bridge.Ruling{"Email email": bridge.Echo}},
		{"a conflict that the platform won", bridge.Inbound, []bridge.Field{"Phone"}, false, []string{"phone"}, verdict{bridge.Same, nil, ""},
			map[string]bridge.Ruling{"Phone phone": bridge.Clashes}},
		{"a conflict outbound", bridge.Outbound, nil, false, []string{"Email"}, verdict{bridge.Conflict, []string{"Email", "Rating"}, ""},
			map[string]bridge.Ruling{"email Email": bridge.Clashes, "phone Phone": bridge.Agrees, "custom.rating Rating": bridge.Differs}},
		{"the condition does not hold", bridge.Inbound, []bridge.Field{"Title"}, false, nil, verdict{bridge.Skipped, nil, "the condition does not hold"},
			map[string]bridge.Ruling{"Title custom.title": bridge.Excluded}},
		{"out of sight", bridge.Inbound, []bridge.Field{"Title"}, false, nil, verdict{bridge.Skipped, nil, errUnseen.Error() + "; grant it"},
			map[string]bridge.Ruling{"Title custom.title": bridge.Unseen}},
		{"nobody matches", bridge.Inbound, []bridge.Field{"Title"}, false, nil, verdict{bridge.Skipped, nil, "nobody on the platform matches, and the transfer creates nobody"},
			map[string]bridge.Ruling{"Title custom.title": bridge.Unmatched}},
		{"the reason says all", bridge.Inbound, []bridge.Field{"Title"}, false, nil, verdict{bridge.Skipped, nil, "the record is deleted"}, map[string]bridge.Ruling{}},
		{"buried", bridge.Inbound, []bridge.Field{"Title"}, false, nil, verdict{bridge.Buried, nil, "400"}, map[string]bridge.Ruling{}},
	} {
		lane := bridge.Lane{Direction: c.way}
		carried := &trip{clashed: c.clashed, w: bridge.Work{Deliveries: []bridge.Delivery{{Lane: lane, Dirty: c.dirty, Ours: c.ours}}}}
		got := map[string]bridge.Ruling{}
		for _, j := range carried.judged(tr, c.v) {
			got[j.Field+" "+j.Target] = j.Is
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if more := carried.judged(nil, c.v); more != nil {
			t.Errorf("%s: without a transfer %v", c.name, more)
		}
	}
}
