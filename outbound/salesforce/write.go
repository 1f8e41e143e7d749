package salesforce

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// maxHalving bounds the extra calls of one Write that look for the rows which spoil a call: enough for two bad rows among 200. What is left over
// is retried, in other company.
const maxHalving = 40

// Write carries out writes by Collections and answers each in order. It is meant for at most 200 writes of one object, operation and key field; any
// others are sorted into such calls, one after the other, and a second write of a row waits for the first.
//
// A call refused as a whole for what it holds is halved until the rows to blame stand alone; so is one whose triggers ran out of their limits, and
// then later calls for the object are smaller. Rows of unknown outcome are marked bridge.Uncertain.
func (c *Client) Write(ctx context.Context, ws []bridge.Write) []bridge.Written {
	out := make([]bridge.Written, len(ws))
	c.WriteEach(ctx, ws, func(place int, w bridge.Written) { out[place] = w })
	return out
}

// WriteEach is Write, and answers each row as soon as it is known what became of it: rows to blame for a refused call are searched for only after
// their neighbours were sent.
func (c *Client) WriteEach(ctx context.Context, ws []bridge.Write, answer func(place int, w bridge.Written)) {
	job := &writing{c: c, answer: answer, halving: maxHalving}
	for _, b := range c.batches(ctx, ws, answer) {
		job.carryOut(ctx, b)
	}
}

// writing is one Write under way.
type writing struct {
	c       *Client
	answer  func(place int, w bridge.Written)
	halving int     // calls left to look for rows that spoil a call
	renewed bool    // an object was described anew for its lengths
	todo    []batch // of one kind
}

// carryOut sends a batch in calls of the size that its object bears, and what has to be sent in smaller ones after all of them.
func (j *writing) carryOut(ctx context.Context, b batch) {
	j.todo = []batch{b}
	for len(j.todo) > 0 {
		next := j.todo[0]
		j.todo = j.todo[1:]
		if size := j.c.sizes.of(ctx, b.object); len(next.rows) > size {
			rest := next
			next.rows, rest.rows = next.rows[:size], next.rows[size:]
			j.todo = slices.Insert(j.todo, 0, rest)
		}
		j.send(ctx, next)
	}
}

// send sends one call.
func (j *writing) send(ctx context.Context, b batch) {
	if b.alone {
		w := j.c.single(ctx, &b)
		j.measure(ctx, &b, []bridge.Written{w})
		j.answer(b.rows[0].place, w)
		return
	}
	written, err := b.send(ctx, j.c)
	if err != nil {
		j.refused(&b, err)
		return
	}
	promote(written)
	j.measure(ctx, &b, written)
	var again []batchRow
	for i, w := range written {
		j.c.doubtUnseen(b.object, w.Err)
		if e, named := asAPIError(w.Err); named && e.Class == RowLimit && len(b.rows) > 1 && j.halving >= 2 {
			again = append(again, b.rows[i])
			continue
		}
		if !j.again(ctx, &b, b.rows[i], w) {
			j.answer(b.rows[i].place, w)
		}
	}
	if len(again) == 0 {
		j.c.sizes.passed(ctx, b.object, len(b.rows))
		return
	}
	j.c.sizes.tripped(ctx, b.object, len(b.rows))
	b.rows = again
	j.halve(&b)
}

// refused deals with a call that was refused as a whole.
func (j *writing) refused(b *batch, err error) {
	e, named := asAPIError(err)
	j.c.doubtUnseen(b.object, err)
	if named && e.spoilt() && len(b.rows) > 1 {
		if j.halving >= 2 {
			j.halve(b)
			return
		}
		err = fmt.Errorf("%s: put off, a call of %d rows was refused: %s", opWrite, len(b.rows), e.Code)
	}
	for _, r := range b.rows {
		j.answer(r.place, bridge.Written{Record: r.record, Err: err})
	}
}

// spoilt reports whether some rows may be to blame for the refusal of the whole call.
func (e *APIError) spoilt() bool {
	switch e.Status {
	case 413, 414, 431:
		return true
	case 400:
		switch e.Class {
		case BadRow, OurBug, Setup, Changed, RowLimit, Locked:
			return true
		}
	}
	return false
}

// halve has the rows sent in two calls, after what waits already.
func (j *writing) halve(b *batch) {
	j.halving -= 2
	middle := (len(b.rows) + 1) / 2
	for _, rows := range [][]batchRow{b.rows[:middle], b.rows[middle:]} {
		if len(rows) > 0 {
			half := *b
			half.rows = rows
			j.todo = append(j.todo, half)
		}
	}
}

// batches sorts writes into batches in their order. A write that cannot be sent is answered at once.
func (c *Client) batches(ctx context.Context, ws []bridge.Write, answer func(place int, w bridge.Written)) []batch {
	var all []batch
	round := map[string]int{} // how often a target has been seen
	index := map[string]int{} // of the batch by its kind and round
	described := map[bridge.Object]func() (*ObjectFacts, error){}
	unknown := c.learnOwners(ctx, ws)
	for i := range ws {
		w := &ws[i]
		if described[w.Object] == nil { // one describe that fails is not tried again for every row
			described[w.Object] = sync.OnceValues(func() (*ObjectFacts, error) { return c.Describe(ctx, w.Object) })
		}
		row, err := c.batchRow(w, described[w.Object])
		if err == nil && len(w.Terms.Owners) > 0 {
			err = unknown
		}
		if err != nil {
			answer(i, bridge.Written{Record: w.Record, Err: err})
			continue
		}
		row.place = i
		again := 0
		if target := w.Target(); target != "" {
			again = round[target]
			round[target]++
		}
		kind := fmt.Sprintf("%d\x00%s\x00%s\x00%s\x00%s", again, w.Object, w.Op, w.Key, w.Terms.Assign)
		at, ok := index[kind]
		if !ok {
			at = len(all)
			index[kind] = at
			all = append(all, batch{object: w.Object, op: w.Op, key: w.Key, assign: w.Terms.Assign})
		}
		all[at].rows = append(all[at].rows, row)
	}
	return all
}

// batchRow makes the row of one write. The key of an upsert stands in the row, where no character of it can change the path.
func (c *Client) batchRow(w *bridge.Write, describe func() (*ObjectFacts, error)) (batchRow, error) {
	facts, err := describe()
	if err != nil {
		return batchRow{}, fmt.Errorf("%s: %w", opWrite, err)
	}
	set, note, err := c.settled(w, facts)
	if err != nil {
		c.doubtUnseen(w.Object, err)
		return batchRow{}, fmt.Errorf("%s: %w", opWrite, err)
	}
	member, err := facts.row(set)
	if err != nil {
		c.doubtUnseen(w.Object, err)
		return batchRow{}, fmt.Errorf("%s: %w", opWrite, err)
	}
	member["attributes"] = map[string]string{"type": string(w.Object)}
	switch w.Op {
	case bridge.OpCreate:
	case bridge.OpUpdate:
		if !bridge.IsID(string(w.Record)) {
			return batchRow{}, bridge.Permanent(fmt.Errorf("%s: %q is not the id of a record", opWrite, rest.Clean(string(w.Record))))
		}
		member["id"] = string(w.Record)
	case bridge.OpUpsert:
		key := facts.Fields[w.Key]
		if key == nil {
			err := facts.unseen(w.Key)
			c.doubtUnseen(w.Object, err)
			return batchRow{}, fmt.Errorf("%s: %w", opWrite, err)
		}
		value, err := key.wire(bridge.TextValue(w.KeyValue))
		if err != nil || value == nil {
			return batchRow{}, bridge.Permanent(fmt.Errorf("%s: the key field %s holds nothing to find the row by", opWrite, w.Key))
		}
		member[string(w.Key)] = value
	default:
		return batchRow{}, bridge.Permanent(fmt.Errorf("%s: operation %q is none of Salesforce's", opWrite, w.Op))
	}
	row := batchRow{write: w, record: w.Record, member: member, note: note}
	if _, mapped := w.Set["OwnerId"]; !mapped && w.Op != bridge.OpUpdate {
		row.owner, _ = member["OwnerId"].(string)
	}
	return row, nil
}
