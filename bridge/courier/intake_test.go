package courier

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// notebook is a journal that keeps what each call appends.
type notebook struct {
	bridge.Journal
	appended  [][]bridge.Entry
	positions []*bridge.Position
}

func (n *notebook) Append(_ context.Context, es []bridge.Entry, p *bridge.Position) error {
	es = slices.Clone(es) // they are the caller's again
	for i := range es {
		es[i].Deliveries = slices.Clone(es[i].Deliveries)
	}
	n.appended, n.positions = append(n.appended, es), append(n.positions, p)
	return nil
}

// twoProjects is the intake of an org whose contacts two projects carry both ways.
func twoProjects(t *testing.T) (*Intake, *notebook) {
	t.Helper()
	var all []bridge.Project
	for _, id := range []bridge.ProjectID{"p", "q"} {
		all = append(all, bridge.Project{ID: id, Org: "o", Transfers: []bridge.Transfer{{
			ID: "t", Object: "Contact", Kind: bridge.ContactTouched, Direction: bridge.Both,
			Fields: []bridge.Pair{{Salesforce: "Email", Platform: "email", Format: bridge.EmailFormat}},
		}}})
	}
	set, err := rule.Compile(all)
	if err != nil {
		t.Fatal(err)
	}
	n := &notebook{}
	return NewIntake(n, set, Ours{Client: "sfbridge"}, time.Now), n
}

func emailChange(event string, o bridge.Origin) bridge.Change {
	return bridge.Change{
		Org: "00D1", Topic: "/data/ContactChangeEvent", Event: event, Object: "Contact", Records: []bridge.RecordID{"003"}, Type: bridge.Update, Origin: o,
		Changed: []bridge.Field{"Email"}, Values: bridge.Fields{"Email": bridge.TextValue("a@example.com")},
	}
}

func TestIntake_KnowsACallbackByItsSourceBesideItsID(t *testing.T) {
	in, n := twoProjects(t)
	sources := []bridge.Callback{{Org: "00D1", Project: "p"}, {Org: "00D1", Project: "q"}, {Org: "00D2", Project: "p"}}
	for _, event := range []string{"7", ""} {
		names := map[string]bool{}
		for range 2 {
			for _, cb := range sources {
				cb.Event, cb.Kind, cb.Contact, cb.Body = event, bridge.ContactTouched, "1", []byte(`{"id":7}`)
				if err := in.Take(t.Context(), cb); err != nil {
					t.Fatal(err)
				}
				e := n.appended[len(n.appended)-1][0]
				names[e.Dedup] = true
				if want := map[bool]time.Duration{true: 7 * 24 * time.Hour, false: 10 * time.Minute}[event != ""]; e.DedupFor != want {
					t.Errorf("a callback with the id %q is known for %v, want %v", event, e.DedupFor, want)
				}
			}
		}
		if len(names) != len(sources) {
			t.Errorf("two copies from each of %d sources with the id %q are known by %d names", len(sources), event, len(names))
		}
	}
}

func TestStream_HandsChangesAndTheirPositionOverInOneCall(t *testing.T) {
	in, n := twoProjects(t)
	changes := []bridge.Change{emailChange("1", bridge.Origin{}), emailChange("2", bridge.Origin{})}
	pos := bridge.Position{Org: "00D1", Topic: "/data/ContactChangeEvent", Replay: []byte{2}}
	if err := in.Stream("o").Accept(t.Context(), changes, pos); err != nil {
		t.Fatal(err)
	}
	if len(n.appended) != 1 || len(n.appended[0]) != 2 || n.positions[0] == nil || n.positions[0].Replay[0] != 2 {
		t.Fatalf("appended %v with the positions %v, want two entries and their position in one call", n.appended, n.positions)
	}
	if err := in.Stream("o").Accept(t.Context(), changes, bridge.Position{Org: "00D1", Topic: "/data/ContactChangeEvent"}); err != nil {
		t.Fatal(err)
	}
	if len(n.appended) != 2 || n.positions[1] != nil {
		t.Errorf("changes without a position moved it to %v", n.positions[1])
	}
}

func TestStream_OnlyMarksWhatWeMayHaveCaused(t *testing.T) {
	in, n := twoProjects(t)
	if err := in.Stream("o").Accept(t.Context(), []bridge.Change{emailChange("1", bridge.Origin{Client: "sfbridge"})}, bridge.Position{}); err != nil {
		t.Fatal(err)
	}
	got := map[bridge.ProjectID]bool{}
	for _, d := range n.appended[0][0].Deliveries {
		got[d.Lane.Project] = d.Ours
	}
	if diff := cmp.Diff(map[bridge.ProjectID]bool{"p": true, "q": true}, got); diff != "" {
		t.Errorf("who is to judge our own change, and whether it is marked (-want +got):\n%s", diff)
	}
}
