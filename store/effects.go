package store

import (
	"context"
	"time"

	"sfbridge/bridge"
)

// storyTTL is how long a line of the sync log is kept.
const storyTTL = 365 * 24 * time.Hour

// flight is effects on their way to the disk, with the numbers that they were given.
type flight struct {
	s       *Store
	e       *bridge.Effects
	stories uint64
	later   []bridge.Outlet // of what is planned to wait for its time and did not yet
	next    *batch          // the entry that carries Effects.Next, nil for none
}

// begin gives numbers to what effects append. Rows beyond what one transaction holds are stored at once: what Salesforce said is true anyway.
func (s *Store) begin(ctx context.Context, e *bridge.Effects) (*flight, error) {
	rest, err := s.rowsAhead(ctx, e.Rows, addRow)
	if err != nil {
		return nil, err
	}
	own := *e
	own.Rows = rest
	f := &flight{s: s, e: &own}
	if len(e.Next) > 0 {
		f.next = &batch{entries: []bridge.Entry{{Kind: bridge.OperatorEntry, At: s.o.Now().UTC(), Deliveries: e.Next}}}
		if err := s.encode(f.next); err != nil {
			return nil, err
		}
		s.admitAlways(f.next)
	}
	f.stories = s.stories.take(len(e.Story))
	return f, nil
}

// admitAlways is admit without bounds: what is caused by work in hand must not fail for want of room.
func (s *Store) admitAlways(b *batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b.entries {
		for j := range b.entries[i].Deliveries {
			l := s.laneLocked(&b.entries[i].Deliveries[j])
			b.lanes = append(b.lanes, l)
			l.count++
			l.bytes += len(b.values[i])
		}
		s.bytes += int64(len(b.values[i]))
	}
	b.first = s.entries.take(len(b.entries))
}

// plan adds all effects to one transaction.
func (f *flight) plan(p *plan) error {
	for i := range f.e.Unlinks {
		if err := p.unlink(&f.e.Unlinks[i]); err != nil {
			return err
		}
	}
	for i := range f.e.Links {
		if err := p.link(&f.e.Links[i]); err != nil {
			return err
		}
	}
	dropped := map[bridge.RecordID]bool{}
	for i := range f.e.Rows {
		r := &f.e.Rows[i]
		stored, err := p.row(r)
		if err != nil {
			return err
		}
		dropped[r.Record] = !stored
	}
	if err := f.planLater(p); err != nil {
		return err
	}
	if err := f.planLedger(p, dropped); err != nil {
		return err
	}
	for i := range f.e.Story {
		line := f.e.Story[i]
		line.Seq = f.stories + uint64(i)
		for _, name := range line.Identities {
			line.Who = append(line.Who, f.s.whoOf(name))
		}
		if err := p.put(seqKey(prefixStory, line.Seq), &line, storyTTL); err != nil {
			return err
		}
	}
	if f.next != nil {
		p.add(f.next.op(0))
	}
	return nil
}

// planLedger plans what is written and who is claimed. A write that was seen stays unconfirmed where the row that was read is not stored: the mirror would
// go on saying what was before, and nothing would tell that it is about to say something else.
func (f *flight) planLedger(p *plan, dropped map[bridge.RecordID]bool) error {
	for i := range f.e.Withdraw {
		p.delete(unconfirmedKey(&f.e.Withdraw[i]))
	}
	for i := range f.e.Seen {
		if u := &f.e.Seen[i]; !dropped[u.Record] {
			p.delete(unconfirmedKey(u))
		}
	}
	for i := range f.e.Stage {
		if err := p.put(unconfirmedKey(&f.e.Stage[i]), &f.e.Stage[i], 0); err != nil {
			return err
		}
	}
	for i := range f.e.Unclaim {
		p.delete(claimKey(&f.e.Unclaim[i]))
	}
	for i := range f.e.Claims {
		if err := p.put(claimKey(&f.e.Claims[i]), &f.e.Claims[i], 0); err != nil {
			return err
		}
	}
	return nil
}

// happened counts what is durable now; it comes before done.
func (f *flight) happened() {
	for _, o := range f.later {
		f.s.countLater(o, 1)
	}
	f.s.nudge(f.e.Withdraw)
	f.s.nudge(f.e.Seen)
	if f.next != nil {
		f.s.appended(f.next, 0, 1)
		f.next.lanes = nil
	}
}

// done ends the numbers, used or not, and tells those that wait.
func (f *flight) done() {
	if f.next != nil {
		if f.next.lanes != nil {
			f.s.refuse(f.next, 0)
		}
		f.s.appendDone(f.next.first)
	}
	if len(f.e.Story) == 0 {
		return
	}
	f.s.stories.done(f.stories)
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	close(f.s.told)
	f.s.told = make(chan struct{})
}
