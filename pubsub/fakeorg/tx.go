package fakeorg

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"
)

// firstCommit is the commit number an org starts from; real ones are of that size.
const firstCommit = 10_700_000_000_000

// Actor is who writes: the user that stamps the rows and stands in the event's header, and the origin the header tells.
type Actor struct {
	User   string // 18-character id
	Origin string // changeOrigin, "" for work that came through no API
	// trusted actors see hidden fields and meet no row faults: people in the browser, and the seed.
	trusted bool
	seeding bool
	assigns bool // assignment rules run on what it creates
	saves   bool // past duplicate rules that only warn
}

// Tx is one transaction: everything done through it commits together or not at all. It is valid inside the function that Do calls.
type Tx struct {
	org   *Org
	actor Actor
	now   time.Time // whole seconds, what the rows are stamped with
	moves []move
	order []string // objects in the order their events come; nil is the order of the steps
	depth int      // of after-save automation
	// silent holds the records of which no event tells, whatever this transaction does to them.
	silent map[string]bool
}

// move is one step of a transaction, enough to take it back.
type move struct {
	object  *Object
	id      string
	before  *row // nil where the row was not there
	kind    ChangeKind
	changed []string
	// unstamped steps leave LastModifiedDate as it was.
	unstamped bool
}

// maxDepth bounds automation that saves what started it.
const maxDepth = 16

// begin opens a transaction; the caller holds mu until it has called commit or rollback.
func (o *Org) begin(actor Actor) *Tx {
	return &Tx{org: o, actor: actor, now: o.now().UTC().Truncate(time.Second)}
}

func (t *Tx) table(o *Object) *table {
	found := t.org.tables[o.Name]
	if found == nil {
		found = newTable(o)
		t.org.tables[o.Name] = found
	}
	return found
}

// put stores a row and remembers what was there.
func (t *Tx) put(o *Object, next *row, kind ChangeKind, changed []string) {
	rows := t.table(o)
	t.moves = append(t.moves, move{object: o, id: next.id, before: rows.rows[next.id], kind: kind, changed: changed})
	rows.put(next.id, next)
}

// rollback takes back every step after the first keep ones.
func (t *Tx) rollback(keep int) {
	for i := len(t.moves) - 1; i >= keep; i-- {
		m := t.moves[i]
		t.table(m.object).put(m.id, m.before)
	}
	t.moves = t.moves[:keep]
}

// commit makes the transaction final and hands it to the bus.
func (t *Tx) commit() {
	edits := t.edits()
	if len(edits) == 0 || t.actor.seeding {
		return
	}
	o := t.org
	number := o.nextCommit()
	o.bus.publish(Commit{
		Key: transactionKey(o.OrgID(), number), Number: number, Time: o.now(), User: t.actor.User, Origin: t.actor.Origin, Edits: edits,
	})
}

// transactionKey derives a UUID-like key from the commit number, so that runs repeat exactly.
func transactionKey(orgID string, number int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", orgID, number))
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// edits merges the steps per record: the first step's kind and the last state. A record created and deleted again leaves nothing.
func (t *Tx) edits() []Edit {
	var edits []Edit
	place := make(map[string]int)
	for _, m := range t.moves {
		at, seen := place[m.id]
		if !seen {
			place[m.id] = len(edits)
			e := Edit{Object: m.object, Record: m.id, Kind: m.kind, Changed: slices.Clone(m.changed), Unstamped: m.unstamped}
			if m.before != nil {
				e.Before = m.before.values
			}
			edits = append(edits, e)
			continue
		}
		edits[at].fold(m)
	}
	edits = slices.DeleteFunc(edits, func(e Edit) bool { return e.Kind == "" || t.silent[e.Record] })
	slices.SortStableFunc(edits, func(a, b Edit) int { return t.rank(a.Object) - t.rank(b.Object) })
	for i := range edits {
		edits[i].Row = t.table(edits[i].Object).rows[edits[i].Record].values
	}
	return edits
}

// rank is the place of an object's events where the transaction has an order of its own.
func (t *Tx) rank(o *Object) int {
	if i := slices.Index(t.order, o.Name); i >= 0 {
		return i
	}
	return len(t.order)
}

// fold adds a later step on the same record.
func (e *Edit) fold(m move) {
	switch {
	case m.kind == KindDelete && e.Kind == KindCreate:
		e.Kind = ""
	case m.kind == KindDelete || e.Kind == "":
		e.Kind, e.Changed = m.kind, nil
	case m.kind == KindUndelete && e.Kind == KindDelete:
		e.Kind = KindUpdate
	}
	e.Unstamped = e.Unstamped && m.unstamped
	if e.Kind != KindUpdate {
		return
	}
	for _, name := range m.changed {
		if !slices.Contains(e.Changed, name) {
			e.Changed = append(e.Changed, name)
		}
	}
}

// nextID gives out the next id of a key prefix.
func (t *Tx) nextID(prefix string) string {
	t.org.serial[prefix]++
	return makeID(prefix, 62*62*62+t.org.serial[prefix])
}
