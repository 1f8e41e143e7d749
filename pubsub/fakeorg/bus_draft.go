package fakeorg

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// From a commit to its events. Edits of one record become one; equal changes of several records become one event with several ids;
// the sequence counts what is not selected too, which is where its holes come from.

// draft is one event to be.
type draft struct {
	object   *Object
	kind     ChangeKind
	records  []string
	row      map[string]any
	rows     []map[string]any  // each record's
	changed  map[string]bool   // REST names, of updates only
	extra    map[string]bool   // REST names that an enriched channel adds
	diffs    map[string]string // texts that an update tells as differences, by REST name
	sequence int
}

// draftsOf returns what the commit emits, in order and numbered; objects that are not selected are left out after the numbering.
func (b *bus) draftsOf(c Commit) []draft {
	told := c.Edits[:tellable(c.Edits, b.overflow)]
	drafts := b.perRecord(told)
	if b.split {
		drafts = splitShared(drafts)
	}
	drafts = append(merged(drafts), overflowing(c.Edits[len(told):])...)
	b.orderTwins(drafts)
	var out []draft
	for i, d := range drafts {
		d.sequence = i + 1
		if b.selectedLocked(d.object) {
			out = append(out, b.leaveToContact(d))
		}
	}
	return out
}

// kindOverflow tells that a transaction changed more of an object than events can say.
const kindOverflow ChangeKind = "GAP_OVERFLOW"

// tellable returns how many edits come as ordinary events where at most so many changes do: an update of three fields counts three.
func tellable(edits []Edit, most int) int {
	for i, e := range edits {
		changes := 1
		if e.Kind == KindUpdate {
			changes = len(slices.DeleteFunc(slices.Clone(e.Changed), func(name string) bool { return strings.HasPrefix(name, "LastModified") }))
		}
		if most -= max(1, changes); most < 0 {
			return i
		}
	}
	return len(edits)
}

// overflowing returns one overflow draft for each object of the edits that are not told.
func overflowing(edits []Edit) []draft {
	var out []draft
	seen := map[string]bool{}
	for _, e := range edits {
		if !seen[e.Object.Name] {
			seen[e.Object.Name] = true
			out = append(out, draft{object: e.Object, kind: kindOverflow, records: []string{"000000000000000AAA"}})
		}
	}
	return out
}

// selectedLocked reports whether the object is selected on the standard channel or a member of a custom one.
func (b *bus) selectedLocked(o *Object) bool {
	if o.Selected {
		return true
	}
	for _, members := range b.channels {
		if _, member := members[eventName(o.Name)]; member {
			return true
		}
	}
	return false
}

// perRecord folds the edits of each record into one draft: the first edit's kind, the last one's values.
func (b *bus) perRecord(edits []Edit) []draft {
	var out []draft
	at := map[string]int{}
	for _, e := range edits {
		d := draft{object: e.Object, kind: e.Kind, records: []string{e.Record}, row: e.Row, rows: []map[string]any{e.Row}}
		if e.Kind == KindUpdate {
			d.changed, d.diffs = changedSet(e), b.differences(e)
		}
		i, seen := at[e.Record]
		if !seen || !out[i].fold(d) {
			at[e.Record] = len(out)
			out = append(out, d)
		}
	}
	return slices.DeleteFunc(out, func(d draft) bool { return d.kind == "" })
}

// changedSet is what the update flags: the changed fields, and LastModifiedDate, which every update moves.
func changedSet(e Edit) map[string]bool {
	set := make(map[string]bool, len(e.Changed)+1)
	for _, name := range e.Changed {
		set[name] = true
	}
	if !e.Unstamped && e.Object.Find("LastModifiedDate") != nil {
		set["LastModifiedDate"] = true
	}
	return set
}

// fold takes a later edit of the same record into d and reports whether the two are one event. A record that was created and deleted
// in one transaction leaves none.
func (d *draft) fold(next draft) bool {
	switch {
	case d.kind == "":
		return false
	case next.kind == KindUpdate && d.kind != KindDelete:
		if d.kind == KindUpdate {
			maps.Copy(d.changed, next.changed)
		}
	case next.kind == KindDelete && d.kind == KindCreate:
		d.kind = ""
	case next.kind == KindDelete:
		d.kind, d.changed = KindDelete, nil
	default:
		return false
	}
	d.row, d.rows, d.diffs = next.row, next.rows, nil
	return true
}

// merged joins updates and deletes of one object that do the same to several records.
func merged(drafts []draft) []draft {
	if len(drafts) < 2 {
		return drafts
	}
	var out []draft
	at := map[string]int{}
	for _, d := range drafts {
		key := d.sameness()
		i, seen := at[key]
		switch {
		case key == "":
			out = append(out, d)
		case seen:
			out[i].records = append(slices.Clone(out[i].records), d.records...)
			out[i].rows = append(slices.Clone(out[i].rows), d.rows...)
		default:
			at[key] = len(out)
			out = append(out, d)
		}
	}
	return out
}

// sameness is equal for drafts that one event may tell together, and "" for those that stand alone. Formulas and the halves of a
// geolocation count, as an event may carry them unchanged.
func (d draft) sameness() string {
	switch d.kind {
	case KindDelete:
		return d.object.Name + "|DELETE"
	case KindUpdate:
		var key strings.Builder
		fmt.Fprintf(&key, "%s|UPDATE", d.object.Name)
		for _, f := range d.object.Fields {
			if d.changed[f.Name] || f.Formula || strings.HasSuffix(f.Name, "__s") {
				fmt.Fprintf(&key, "|%s=%v%s", f.Name, d.row[f.Name], d.diffs[f.Name])
			}
		}
		return key.String()
	}
	return ""
}

// splitShared tells what several updates of one object share in an event of its own, before what each has beside it.
func splitShared(drafts []draft) []draft {
	groups := map[string][]int{}
	for i, d := range drafts {
		if d.kind == KindUpdate {
			groups[d.object.Name] = append(groups[d.object.Name], i)
		}
	}
	var out []draft
	for i, d := range drafts {
		group := groups[d.object.Name]
		if d.kind != KindUpdate || len(group) < 2 {
			out = append(out, d)
			continue
		}
		shared := sharedFields(drafts, group)
		if i == group[0] && len(shared) > 0 {
			out = append(out, together(drafts, group, shared))
		}
		if rest := without(d.changed, shared); len(rest) > 0 {
			d.changed = rest
			out = append(out, d)
		}
	}
	return out
}

func sharedFields(drafts []draft, group []int) map[string]bool {
	first := drafts[group[0]]
	shared := maps.Clone(first.changed)
	for _, i := range group[1:] {
		for name := range shared {
			if !drafts[i].changed[name] || drafts[i].row[name] != first.row[name] || drafts[i].diffs[name] != first.diffs[name] {
				delete(shared, name)
			}
		}
	}
	return shared
}

func together(drafts []draft, group []int, shared map[string]bool) draft {
	d := drafts[group[0]]
	d.changed, d.records, d.rows = shared, nil, nil
	for _, i := range group {
		d.records = append(d.records, drafts[i].records...)
		d.rows = append(d.rows, drafts[i].rows...)
	}
	return d
}

func without(set, less map[string]bool) map[string]bool {
	out := map[string]bool{}
	for name := range set {
		if !less[name] {
			out[name] = true
		}
	}
	return out
}
