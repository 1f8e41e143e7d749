package platformtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"sfbridge/bridge"
)

// create creates the harness's contact.
func create(t *testing.T, h *Harness, r *Rig, tags ...string) bridge.ContactID {
	t.Helper()
	id, err := r.Sender.Send(t.Context(), creation(h, tags...))
	if err != nil || id == "" {
		t.Fatalf("create: id %q, %v", id, err)
	}
	return id
}

func creation(h *Harness, tags ...string) bridge.Message {
	return bridge.Message{Op: bridge.OpCreate, Identity: h.Identity, Set: maps.Clone(h.Contact), Tags: tags}
}

// holds compares what the fake has of a contact with what it should have.
func holds(t *testing.T, r *Rig, id bridge.ContactID, want bridge.Attributes) {
	t.Helper()
	have, _, ok := r.Held(id)
	if !ok {
		t.Fatalf("the platform has no contact %s", id)
	}
	same(t, "the platform", have, want)
}

// same compares the attributes that are wanted; null is as good as absent there.
func same(t *testing.T, where string, have, want bridge.Attributes) {
	t.Helper()
	for _, a := range want.Names() {
		got := have[a]
		if want[a].IsNull() && !got.Known() {
			continue
		}
		if !got.Equal(want[a]) {
			t.Errorf("%s: %s is %v (kind %d), want %v", where, a, got, got.Kind, want[a])
		}
	}
}

func checkLife(t *testing.T, h *Harness, r *Rig) {
	tags := make([]string, 23)
	for i := range tags {
		tags[i] = fmt.Sprintf("tag %02d", i)
	}
	id := create(t, h, r, tags...)
	holds(t, r, id, h.Contact)
	if _, got, _ := r.Held(id); !slices.Equal(slices.Sorted(slices.Values(got)), tags) {
		t.Errorf("tags %q", got)
	}
	fetched(t, r, id, h.Contact)
	if _, err := r.Sender.Send(t.Context(), bridge.Message{Op: bridge.OpUpdate, Contact: id, Set: h.Change, Tags: []string{"late"}}); err != nil {
		t.Fatal(err)
	}
	changed := maps.Clone(h.Contact)
	maps.Copy(changed, h.Change)
	holds(t, r, id, changed)
	empty := bridge.Attributes{}
	for _, a := range h.Clear {
		empty[a] = bridge.NullValue()
	}
	if _, err := r.Sender.Send(t.Context(), bridge.Message{Op: bridge.OpUpdate, Contact: id, Set: empty}); err != nil {
		t.Fatal(err)
	}
	maps.Copy(changed, empty)
	holds(t, r, id, changed)
	fetched(t, r, id, changed)
	for range 2 { // a contact that is gone is deleted
		if _, err := r.Sender.Send(t.Context(), bridge.Message{Op: bridge.OpDelete, Contact: id}); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, ok := r.Held(id); ok {
		t.Error("the contact is still there")
	}
}

func fetched(t *testing.T, r *Rig, id bridge.ContactID, want bridge.Attributes) {
	t.Helper()
	if r.Fetcher == nil {
		return
	}
	c, err := r.Fetcher.Fetch(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if c.ID != id || c.Deleted {
		t.Errorf("fetched %q, deleted %v", c.ID, c.Deleted)
	}
	same(t, "fetched", c.Values, want)
}

func checkTwice(t *testing.T, h *Harness, r *Rig) {
	if first, second := create(t, h, r), create(t, h, r); first != second {
		t.Errorf("two contacts: %s and %s", first, second)
	}
}

func checkPartial(t *testing.T, h *Harness, r *Rig) {
	id := create(t, h, r)
	for _, a := range h.Change.Names() {
		if _, err := r.Sender.Send(t.Context(), bridge.Message{Op: bridge.OpUpdate, Contact: id, Set: bridge.Attributes{a: h.Change[a]}}); err != nil {
			t.Fatal(err)
		}
		want := maps.Clone(h.Contact)
		want[a] = h.Change[a]
		holds(t, r, id, want)
		if _, err := r.Sender.Send(t.Context(), bridge.Message{Op: bridge.OpUpdate, Contact: id, Set: bridge.Attributes{a: orNull(h.Contact[a])}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Sender.Send(t.Context(), bridge.Message{Op: bridge.OpUpdate, Contact: id}); err != nil {
		t.Errorf("an update of nothing: %v", err)
	}
	holds(t, r, id, h.Contact)
}

func orNull(v bridge.Value) bridge.Value {
	if !v.Known() {
		return bridge.NullValue()
	}
	return v
}

func checkSearch(t *testing.T, h *Harness, r *Rig) {
	if r.Finder == nil {
		t.Skip("the platform finds nobody")
	}
	search := func(i bridge.Identity) []bridge.Contact {
		found, err := r.Finder.Find(t.Context(), i.Attribute, i.Value)
		if err != nil {
			t.Fatalf("find by %s: %v", i.Attribute, err)
		}
		return found
	}
	for _, i := range h.Identity {
		if n := len(search(i)); n != 0 {
			t.Errorf("%d contacts by %s before there is one", n, i.Attribute)
		}
	}
	id := create(t, h, r)
	for _, i := range h.Identity {
		found := search(i)
		if len(found) != 1 || found[0].ID != id {
			t.Fatalf("by %s: %d contacts", i.Attribute, len(found))
		}
		same(t, "found", found[0].Values, h.Contact)
		if n := len(search(bridge.Identity{Attribute: i.Attribute, Value: bridge.NullValue()})); n != 0 {
			t.Errorf("null finds %d by %s", n, i.Attribute)
		}
	}
	for _, i := range h.Near {
		if n := len(search(i)); n != 0 {
			t.Errorf("%s %q finds %d", i.Attribute, i.Value.Text, n)
		}
	}
}

func checkGone(t *testing.T, h *Harness, r *Rig) {
	id := create(t, h, r)
	if _, err := r.Sender.Send(t.Context(), bridge.Message{Op: bridge.OpDelete, Contact: id}); err != nil {
		t.Fatal(err)
	}
	_, err := r.Sender.Send(t.Context(), bridge.Message{Op: bridge.OpUpdate, Contact: id, Set: h.Change})
	if v, _ := bridge.VerdictOf(err); !errors.Is(err, bridge.ErrNotFound) || v != bridge.Bury {
		t.Errorf("update: %v", err)
	}
	if r.Fetcher == nil {
		return
	}
	for _, gone := range []bridge.ContactID{id, "", "../space", "1?x=y", "99999999999999999999999999"} {
		if _, err = r.Fetcher.Fetch(t.Context(), gone); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("fetch of %q: %v", gone, err)
		}
	}
}

func checkRefused(t *testing.T, h *Harness, r *Rig) {
	id := create(t, h, r)
	for _, set := range h.Refused {
		_, err := r.Sender.Send(t.Context(), bridge.Message{Op: bridge.OpUpdate, Contact: id, Set: set})
		if v, _ := bridge.VerdictOf(err); v != bridge.Bury || errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("%v: %v", set.Names(), err)
		}
	}
	if _, err := r.Sender.Send(t.Context(), bridge.Message{Op: "merge", Contact: id}); err == nil {
		t.Error("an operation that does not exist")
	}
	holds(t, r, id, h.Contact)
}
