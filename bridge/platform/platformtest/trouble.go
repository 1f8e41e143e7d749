package platformtest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"sfbridge/bridge"
)

func checkTrouble(t *testing.T, h *Harness, r *Rig) {
	id := create(t, h, r)
	for _, trouble := range []Trouble{Token, Limited, Down, Broken, Silent, Lost, Unlisted} {
		r.Make(trouble)
		for name, err := range attempts(t, h, r, id) {
			v, wait := bridge.VerdictOf(err)
			switch {
			case v != bridge.Wait:
				t.Errorf("%s while %s: verdict %d, %v", name, trouble, v, err)
			case errors.Is(err, bridge.ErrNotFound):
				t.Errorf("%s while %s: not found", name, trouble)
			case trouble == Limited && wait <= 0:
				t.Errorf("%s while %s: names no wait", name, trouble)
			case strings.HasPrefix(name, "f") && bridge.IsUncertain(err): // fetch and find
				t.Errorf("%s while %s: changes nothing and is called uncertain", name, trouble)
			case name == "update" && bridge.IsUncertain(err) != slices.Contains([]Trouble{Broken, Silent, Lost}, trouble):
				t.Errorf("%s while %s: uncertain is %v", name, trouble, bridge.IsUncertain(err))
			}
			for _, value := range h.Contact {
				if len(value.Text) > 6 && strings.Contains(err.Error(), value.Text) {
					t.Errorf("%s while %s: the error holds a value", name, trouble)
				}
			}
		}
		r.Make(Nothing)
	}
	create(t, h, r)
}

// attempts tries everything once.
func attempts(t *testing.T, h *Harness, r *Rig, id bridge.ContactID) map[string]error {
	all := map[string]error{}
	_, all["create"] = r.Sender.Send(t.Context(), creation(h))
	_, all["update"] = r.Sender.Send(t.Context(), bridge.Message{Op: bridge.OpUpdate, Contact: id, Set: h.Contact})
	_, all["tag"] = r.Sender.Send(t.Context(), bridge.Message{Op: bridge.OpUpdate, Contact: id, Tags: []string{"VIP"}})
	if r.Fetcher != nil {
		_, all["fetch"] = r.Fetcher.Fetch(t.Context(), id)
	}
	if r.Finder != nil {
		for _, i := range h.Identity {
			_, all["find by "+string(i.Attribute)] = r.Finder.Find(t.Context(), i.Attribute, i.Value)
		}
	}
	return all
}

func checkLost(t *testing.T, h *Harness, r *Rig) {
	for _, trouble := range []Trouble{Lost, Silent} {
		r.Make(trouble)
		if _, err := r.Sender.Send(t.Context(), creation(h)); !bridge.IsUncertain(err) {
			t.Errorf("%s: %v", trouble, err)
		}
		r.Make(Nothing)
	}
	id := create(t, h, r)
	if again := create(t, h, r); again != id {
		t.Errorf("two contacts: %s and %s", id, again)
	}
	holds(t, r, id, h.Contact)
}
