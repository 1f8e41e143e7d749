package pubsub

import (
	"context"

	"sfbridge/bridge"
)

// step is what becomes durable at once: responses, and what was read of them. Reading goes on while the step before is stored.
//
//	receive ──> arrived ──> read: decodes what has come, until ──> steps ──> work: stores
//	                        work is free or the step is full
type step struct {
	responses []*response
	load      load
	changes   []bridge.Change // one for each event in turn; without records for one that could not be read
	marks     []mark          // of events, and of responses without any
	faults    []misread
	broken    bool // the context ended before all was read
}

// misread is an event that could not be read, by its place among the changes.
type misread struct {
	event *event
	at    int
	err   error
}

// fits reports whether any other response has room.
func (p *step) fits() bool { return p.load.events <= atOnce-MaxCredit }

// reset empties the step, which may be used again.
func (p *step) reset() {
	*p = step{responses: p.responses[:0], changes: p.changes[:0], marks: p.marks[:0]}
}

// read decodes what arrives, and hands it over in steps: a step takes what has arrived already, and what comes while the one before is stored.
func (st *stream) read(ctx context.Context) {
	defer close(st.steps)
	next := st.step()
	for open := true; open || len(next.responses) > 0; {
		var arrived chan *response
		if open && next.fits() {
			arrived = st.arrived
		}
		select {
		case r, ok := <-arrived:
			if open = ok; ok {
				st.sub.read(ctx, next, r)
			}
			continue
		default:
		}
		var steps chan *step
		if len(next.responses) > 0 {
			steps = st.steps
		}
		select {
		case r, ok := <-arrived:
			if open = ok; ok {
				st.sub.read(ctx, next, r)
			}
		case steps <- next: // the worker takes all until the steps are closed
			next = st.step()
		}
	}
}

// step is an empty one.
func (st *stream) step() *step {
	select {
	case p := <-st.emptied:
		return p
	default:
		return &step{}
	}
}

// read decodes a response and adds it to a step. Once the context has ended it adds it alone.
func (s *Subscriber) read(ctx context.Context, p *step, r *response) {
	p.responses = append(p.responses, r)
	p.load.add(weigh(r))
	for i := 0; i < len(r.events) && !p.broken; i++ {
		e, at := &r.events[i], len(p.changes)
		if at == cap(p.changes) {
			p.changes = append(p.changes, bridge.Change{})
		}
		p.changes = p.changes[:at+1] // with the memory of the change that lay there in another step
		c := &p.changes[at]
		m := mark{replay: e.replay}
		err := s.decode(ctx, e, c)
		if err == nil {
			m.commit = c.Version.At
		} else {
			*c = bridge.Change{}
			p.faults = append(p.faults, misread{e, at, err})
		}
		p.marks = append(p.marks, m)
		p.broken = ctx.Err() != nil
	}
	if len(r.events) == 0 && len(r.latest) > 0 {
		p.marks = append(p.marks, mark{replay: r.latest, idle: true})
	}
}
