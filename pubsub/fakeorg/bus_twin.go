package fakeorg

import (
	"slices"
	"time"
)

// The two events of a person account. An org promises neither their order nor that they stand together.

// Twins says in which order the two events of one write to a person account come, and how far apart.
type Twins struct {
	Order string        // TwinsAccountFirst, TwinsContactFirst, TwinsShuffled; "" is the first
	Delay time.Duration // the second comes so much later, behind what others commit meanwhile
}

// Orders of twins.
const (
	TwinsAccountFirst = "account"
	TwinsContactFirst = "contact"
	TwinsShuffled     = "shuffled" // now this, now that, the same in every run
)

// SetTwins says how the twins of person accounts come from now on. Reset takes them back to the account first, at once.
func (o *Org) SetTwins(t Twins) { o.bus.locked(func() { o.bus.twins = t }) }

// lateDraft is an event that its transaction tells later.
type lateDraft struct {
	due    time.Time
	commit Commit
	draft  draft
}

// orderTwins puts the drafts of person accounts in the order asked for.
func (b *bus) orderTwins(drafts []draft) {
	var pairs [][2]int
	for i := range drafts {
		if j := twinAt(drafts, i); j >= 0 {
			pairs = append(pairs, [2]int{min(i, j), max(i, j)})
		}
	}
	for _, p := range pairs {
		first, second := &drafts[p[0]], &drafts[p[1]]
		contactFirst := b.twins.Order == TwinsContactFirst || b.twins.Order == TwinsShuffled && b.random.IntN(2) == 0
		if contactFirst != (first.object.Name == "Contact") {
			*first, *second = *second, *first
		}
	}
}

// twinAt returns where the contact's draft of the account's draft at i stands, or -1.
func twinAt(drafts []draft, i int) int {
	if drafts[i].object.Name != "Account" || !isPerson(drafts[i].row) {
		return -1
	}
	return slices.IndexFunc(drafts, func(d draft) bool {
		return d.object.Name == "Contact" && isPerson(d.row) && d.kind == drafts[i].kind && d.row["AccountId"] == drafts[i].records[0]
	})
}

// delayed reports whether the draft is told later, and keeps it until then: the second of two twins, and whatever is about a record of
// which something is still to come.
func (b *bus) delayed(c Commit, drafts []draft, i int) bool {
	now := b.org.now()
	var due time.Time
	if b.twins.Delay > 0 && slices.ContainsFunc(drafts[:i], func(d draft) bool { return areTwins(d, drafts[i]) }) {
		due = now.Add(b.twins.Delay)
	}
	for _, l := range b.late {
		about := func(id string) bool { return slices.Contains(l.draft.records, id) }
		if l.due.After(due) && slices.ContainsFunc(drafts[i].records, about) {
			due = l.due
		}
	}
	if due.IsZero() {
		return false
	}
	b.late = append(b.late, lateDraft{due, c, drafts[i]})
	return true
}

func areTwins(a, b draft) bool {
	if a.object.Name == "Contact" {
		a, b = b, a
	}
	return twinAt([]draft{a, b}, 0) == 1
}

// releaseLocked tells what is due and returns how long the next late event has to wait, 0 where there is none.
func (b *bus) releaseLocked(now time.Time) time.Duration {
	var next time.Duration
	kept := b.late[:0]
	told := false
	for _, l := range b.late {
		if wait := l.due.Sub(now); wait > 0 {
			kept = append(kept, l)
			if next == 0 || wait < next {
				next = wait
			}
			continue
		}
		b.emitLocked(l.commit, l.draft)
		told = true
	}
	b.late = kept
	if told {
		b.wakeLocked()
	}
	return next
}

// leaveToContact takes from an account's update what belongs to the person: where contacts are not selected, no event tells of it.
func (b *bus) leaveToContact(d draft) draft {
	if d.object.Name != "Account" || d.kind != KindUpdate || !isPerson(d.row) || b.selectedLocked(b.org.object("Contact")) {
		return d
	}
	kept := map[string]bool{}
	for name := range d.changed {
		if f := d.object.Find(name); f == nil || !ofPerson(f) || slices.Contains(nameFields, name) {
			kept[name] = true
		}
	}
	d.changed = kept
	return d
}

// ring wakes the streams after the clock has moved, where an event may be due by it.
func (b *bus) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.late) > 0 {
		b.wakeLocked()
	}
}
