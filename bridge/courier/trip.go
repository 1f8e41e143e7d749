package courier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// trip is one carry of one work.
type trip struct {
	c          *Courier
	o          *outlet
	w          bridge.Work
	held       *held
	want       []string // names to lock
	effects    bridge.Effects
	claimed    []bridge.Claim // held by this delivery
	traces     []bridge.Claim // words of writes, no longer needed once this is settled
	candidates []bridge.Claim // on the identities that are locked, taken or not
	barred     *barError      // nobody is created for this one, whose link has ended
	tags       []string       // inbound: to be put on a contact that an earlier try may have created
	// past is what an earlier try of this delivery claimed to create with: the baseline, where somebody is found now.
	past map[bridge.Attribute]bridge.Agreed

	words map[string]bridge.Claim // of writes to linked records, by name
	done  []landing               // inbound: writes that the record was seen to hold
	ours  []bridge.Fields         // inbound: what we wrote and somebody overwrote before the stream told of it
	tries map[bridge.Field]int    // outbound: of the writes that an earlier try of this delivery was seen to have done
	news  []bridge.Field          // inbound: fields in which the record does not hold what we wrote

	via     *rule.Transfer // outbound: the transfer that is written through
	with    *bridge.Link   // the link that is carried over
	clashed []string       // fields of the line that is told next which both sides had changed

	fetched *bridge.Contact                        // outbound: the contact as read back
	leads   map[bridge.RecordID][]bridge.Converted // inbound: what was found to have become of leads
	dead    []bridge.ContactID                     // inbound: contacts that turned out to be gone
	looked  *bridge.Contact                        // inbound: the contact as it was when a message was about to be repeated

	binned  []bridge.RecordID // outbound: records that turned out to be deleted
	met     bridge.Contact    // outbound: who is linked to nobody
	instead bridge.RecordID   // outbound: the deleted record that one is created in the place of

	foreseen map[string][]bridge.RecordID // outbound: what Salesforce answered beforehand, by look-up
	waited   bool                         // outbound: for the company of other look-ups

	relieved bool // somebody else has taken the post: this is the carrier's last work

	sent map[bridge.Attribute]bridge.Agreed // inbound: what a message that failed carried
	seen bridge.Fields                      // of the record, as it was read last

	elders []bridge.Row // the parents of the record, as they were read with it
}

// run carries the work under the locks it turns out to need. It holds them when it returns: what was agreed on must be durable before anybody else
// judges by it. A panic is an item's own fault that no retry mends.
func (t *trip) run(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = bridge.Permanent(fmt.Errorf("panic while carrying: %v", p))
		}
	}()
	for {
		if t.held, err = t.c.locks.acquire(ctx, t.want); err != nil {
			return err
		}
		t.effects, t.claimed, t.traces, t.candidates, t.tags, t.past, t.words, t.news, t.tries = bridge.Effects{}, nil, nil, nil, nil, nil, nil, nil, nil
		t.barred, t.ours, t.done, t.looked, t.sent, t.dead, t.elders, t.foreseen = nil, nil, nil, nil, nil, nil, nil, nil
		t.met, t.instead = bridge.Contact{}, ""
		if err = t.once(ctx); !errors.Is(err, errMoreLocks) {
			return err
		}
		t.held.release()
	}
}

func (t *trip) once(ctx context.Context) error {
	head := t.w.Head()
	switch {
	case head.Kind == bridge.Spread:
		return t.spreadToChildren(ctx)
	case head.Lane.Direction == bridge.Inbound:
		return t.inbound(ctx)
	case head.Kind == bridge.Append:
		return t.activity(ctx)
	default:
		return t.outbound(ctx)
	}
}

var errMoreLocks = errors.New("more locks are needed")

// need makes sure that all names are locked; where they are not it returns errMoreLocks, and the trip begins anew with them.
func (t *trip) need(names ...string) error {
	missing := false
	for _, n := range names {
		if !t.held.has(n) {
			missing = true
			if !slices.Contains(t.want, n) {
				t.want = append(t.want, n)
			}
		}
	}
	if missing {
		return errMoreLocks
	}
	return nil
}

// retried reports that this is not the first try: what the one before did may be done already.
func (t *trip) retried() bool {
	return t.w.Resumed || !t.w.First.IsZero() || t.c.doubts.about(t.w.Head())
}

func (t *trip) org() bridge.OrgID { return t.w.Head().Lane.Org }

func (t *trip) recordLock(r bridge.RecordID) string {
	return fmt.Sprintf("r/%s/%s/%s", t.org(), t.o.Project, r)
}

func (t *trip) contactLock(c bridge.ContactID) string {
	return fmt.Sprintf("c/%s/%s/%s", t.org(), t.o.Project, c)
}

func (t *trip) identityLock(claim string) string {
	return fmt.Sprintf("i/%s/%s/%s", t.org(), t.o.Project, claim)
}

// tell adds a line to the story.
func (t *trip) tell(out bridge.Outcome, op bridge.Op, fields []string, reason string) {
	head := t.w.Head()
	s := bridge.Story{
		At: t.c.d.Now(), Org: t.org(), Project: t.o.Project, Transfer: head.Transfer, Direction: head.Lane.Direction, Object: head.Object,
		Delivery: head.ID, Outcome: out, Op: op, Fields: fields, Reason: reason,
	}
	if head.Lane.Direction == bridge.Inbound {
		s.Record = bridge.RecordID(head.Lane.Source)
	} else {
		s.Contact = bridge.ContactID(head.Lane.Source)
	}
	on := t.with
	if n := len(t.effects.Links); n > 0 {
		on = &t.effects.Links[n-1]
	}
	if on != nil {
		s.Record, s.Contact, s.Object = on.Record, on.Contact, on.Object
	}
	via := t.via
	if head.Transfer != "" {
		via = t.o.project.Transfer(head.Transfer)
	} else if via != nil {
		s.Transfer, s.Object = via.ID, via.Object
	}
	s.Judged, s.Identities, t.clashed = t.judged(via, verdict{out, fields, reason}), t.sought(), nil
	if !t.w.Entry.At.IsZero() {
		s.TookMS = float64(s.At.Sub(t.w.Entry.At).Microseconds()) / 1000
	}
	t.effects.Story = append(t.effects.Story, s)
}

// buried is what stays of the effects when the work is buried: the story, and claims given back.
func (t *trip) buried() bridge.Effects {
	return bridge.Effects{Story: t.effects.Story, Later: t.effects.Later, Unclaim: slices.Concat(t.claimed, t.traces)}
}

// read makes sure that the row knows the fields: it reads the record once and gives what it learned to the mirror with the effects. All fields that
// anybody wants are read: they become as old as each other.
func (t *trip) read(ctx context.Context, row *bridge.Row) error {
	fields := t.c.wants[t.o.project.Org].ReadSet(row.Object)
	fields = append(fields, t.stamps(row.Object)...)
	var rows []bridge.Row
	err := t.ask(ctx, t.o.home, func() (err error) {
		rows, err = t.o.org.Reader.Read(ctx, row.Object, []bridge.RecordID{row.Record}, fields)
		return err
	})
	if err != nil {
		return fmt.Errorf("read %s %s: %w", row.Object, row.Record, err)
	}
	if len(rows) != 1 || rows[0].Version.At.IsZero() {
		return errUnseen
	}
	if err := t.learnParents(ctx, &rows[0]); err != nil {
		return err
	}
	if err := t.over(ctx, row, rows[0].Values); err != nil {
		return err
	}
	*row = rule.See(*row, rows[0])
	t.seen = rows[0].Values
	return t.taught(ctx, row)
}

// over tells of edits that the stream had told of before the record was seen to hold our writes: those came over them, and their echoes will find
// themselves in place.
func (t *trip) over(ctx context.Context, told *bridge.Row, now bridge.Fields) error {
	open, err := t.c.d.Ledger.Unconfirmed(ctx, t.org(), told.Record)
	if err != nil {
		return fmt.Errorf("look at our own writes to %s: %w", told.Record, err)
	}
	for i, u := range open {
		switch was := told.Values[u.Field]; {
		case !was.Known():
		case !t.c.same(u, now[u.Field]):
			if told.Behind = maps.Clone(told.Behind); told.Behind == nil {
				told.Behind = bridge.Fields{}
			}
			told.Behind[u.Field] = was // whether it was done is told when the stream tells of it
		case foreign(t.c.same, open[:i], u, was):
			t.effects.Story = append(t.effects.Story, cameOver(t.c.d.Now(), told.Object, u))
		}
	}
	return nil
}

// taught has the mirror learn the row as it was read, and its parents.
func (t *trip) taught(ctx context.Context, row *bridge.Row) error {
	if err := t.inherit(ctx, row); err != nil {
		return err
	}
	row.Keys = t.c.wants[t.o.project.Org].Keys(row)
	t.learned(row)
	for i := range t.elders {
		t.learned(&t.elders[i])
	}
	return nil
}

// look reads the record and takes its values as they are, whatever the stream has told: the mirror keeps a value of the same second, which may be the one
// before. It learns them unless the stream tells something newer first: whoever judges by it next must not take the value before for news.
func (t *trip) look(ctx context.Context, row *bridge.Row) error {
	if err := t.read(ctx, row); err != nil {
		return err
	}
	row.Values = maps.Clone(row.Values)
	maps.Copy(row.Values, t.seen)
	return t.taught(ctx, row)
}

// learned gives a row to the mirror with the effects.
func (t *trip) learned(row *bridge.Row) {
	t.effects.Rows = slices.DeleteFunc(t.effects.Rows, func(r bridge.Row) bool { return r.Record == row.Record })
	t.effects.Rows = append(t.effects.Rows, *row)
}

// errUnseen says that a record could not be read. That is no proof that it is deleted.
var errUnseen = errors.New("the record cannot be seen by the integration user")

// known asks ask until it needs nothing more, reading what it needs.
func (t *trip) known(ctx context.Context, row *bridge.Row, ask func() error) error {
	for range 3 {
		err := ask()
		var need *rule.NeedError
		if !errors.As(err, &need) {
			return bridge.Permanent(err) // a rule's own error: no retry mends it
		}
		if err := t.read(ctx, row); err != nil {
			return err
		}
		for _, f := range need.Fields { // asked for and not answered: hidden from us
			if !row.Values[f].Known() {
				return bridge.Permanent(bridge.Hint(fmt.Errorf("field %s.%s cannot be read", row.Object, f),
					"give the integration user read access to %s, or take it out of the transfer; then redrive", f))
			}
		}
	}
	return errors.New("fields stay unknown after three reads")
}
