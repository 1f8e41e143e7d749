package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
)

// roomCases fill an engine that has little room.
func (s Suite) roomCases(t *testing.T) {
	if s.Small == nil {
		return
	}
	small := Suite{Open: s.Small, RealTime: s.RealTime}
	small.each(t, "DeletesWithoutRoomAndRecovers", deletesFull)
	small.each(t, "KeepsWhatItHasWithoutRoom", keepsFull)
}

// stuff writes until there is no room, and answers how many keys there are then.
func (b *bench) stuff(name string) int {
	b.t.Helper()
	for n := range 10_000 {
		err := b.kv.Apply(b.ctx(), store.Tx{Ops: []store.Op{{Key: fmt.Sprintf("x/%s-%d", name, n), Val: make([]byte, 10_000)}}})
		if errors.Is(err, store.ErrNoSpace) {
			return n
		}
		if err != nil {
			b.t.Fatalf("write %d: %v", n, err)
		}
	}
	b.t.Fatal("it has room without end")
	return 0
}

func deletesFull(t *testing.T, b *bench) {
	first := b.stuff("0")
	for round := range 3 {
		n := first
		if round > 0 {
			n = b.stuff(fmt.Sprint(round))
		}
		if n < first*3/4 || n < 50 {
			t.Errorf("round %d: %d keys fit, %d at first", round, n, first)
		}
		for i := range n {
			if err := b.checked(nil, store.Op{Key: fmt.Sprintf("x/%d-%d", round, i), Delete: true}); err != nil {
				t.Fatalf("round %d: deletion %d without room: %v", round, i, err)
			}
		}
	}
}

func keepsFull(t *testing.T, b *bench) {
	b.apply(set("y/1", "a"))
	rev := b.get("y/1").Rev
	n := b.stuff("0")
	err := b.checked([]store.Check{{Key: "y/1", Rev: rev}}, set("y/1", "b"), store.Op{Key: "x/big", Val: make([]byte, 1<<20)}, store.Op{Key: "x/0-0", Delete: true})
	if !errors.Is(err, store.ErrNoSpace) {
		t.Errorf("a step that finds no room: %v", err)
	}
	if err := b.checked([]store.Check{{Key: "y/1", Rev: rev + 1}}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a check without room: %v", err)
	}
	for _, again := range []func(){func() {}, b.restart, b.crash} {
		again()
		b.holds("y/1", "a")
		items, err := b.kv.Scan(b.ctx(), "x/", "", n+10)
		if err != nil || len(items) != n || b.get("x/0-0").Rev == 0 {
			t.Errorf("%d of %d keys are there, %v", len(items), n, err)
		}
	}
}

// roomLayers are the layers' cases over an engine that has little room.
func (s Suite) roomLayers(t *testing.T) {
	if s.Small == nil {
		return
	}
	Suite{Open: s.Small, RealTime: s.RealTime}.each(t, "WorksOnWhatWaitsThoughNothingNewIsTakenIn", func(t *testing.T, b *bench) {
		h := &house{bench: b}
		h.openStore()
		defer func() { h.Close() }()
		drainsFull(t, h)
	})
}

// drainsFull takes in until it is refused, and then carries what waits with all that carrying writes: nothing of it waits for room. Then as much fits again.
func drainsFull(t *testing.T, h *house) {
	next, fitted := 0, []int{}
	for round := range 2 {
		began, first := h.now(), next
		for {
			var es []bridge.Entry
			for i := range 10 {
				es = append(es, activity(fmt.Sprint(next+i), fmt.Sprint(next+i)))
				es[i].Callback.Body = make([]byte, 500)
			}
			err := h.Append(h.ctx(), es, nil)
			if errors.Is(err, store.ErrNoSpace) {
				break
			}
			if err != nil || next-first > 100_000 {
				t.Fatalf("append %d: %v", next, err)
			}
			next += len(es)
		}
		n := next - first
		fitted = append(fitted, n)
		if h.Health(h.ctx()).Full == "" || !h.Health(h.ctx()).Writable {
			t.Errorf("round %d: health is %+v", round, h.Health(h.ctx()))
		}
		if round == 1 {
			h.reopen()
		}
		h.fold()
		for i := range n {
			w := h.next(outbound)
			id := string(w.Head().ID)
			l := link(first+i, bridge.ContactID(id))
			mail := bridge.TextValue(id + "@example.com")
			l.Baseline = map[bridge.Attribute]bridge.Agreed{"email": {Salesforce: mail, Platform: mail}, "phone": {Salesforce: mail, Platform: mail}}
			ctx, cancel := context.WithTimeout(h.ctx(), time.Minute)
			err := h.Settle(ctx, w, bridge.Effects{Links: []bridge.Link{l}, Story: []bridge.Story{{At: h.now(), Org: org, Project: project, Outcome: bridge.Sent}}})
			if cancel(); err != nil {
				t.Fatalf("round %d: work %d of %d waits for room: %v", round, i, n, err)
			}
		}
		h.empty()
		if waited := h.now().Sub(began); waited > time.Second && !h.realTime {
			t.Errorf("round %d: work waited for room, %v in all", round, waited)
		}
		h.forget(first, n)
	}
	t.Logf("%d were taken in and carried", fitted)
	if fitted[0] < 200 || fitted[1] < fitted[0]/2 {
		t.Errorf("%d fitted in the rounds", fitted)
	}
}

// forget makes room as time and operators do: links go, and what is kept for a time has had it.
func (h *house) forget(first, n int) {
	h.t.Helper()
	var gone bridge.Effects
	for i := range n {
		gone.Unlinks = append(gone.Unlinks, link(first+i, bridge.ContactID(fmt.Sprint(first+i))))
		if len(gone.Unlinks) < 50 && i < n-1 {
			continue
		}
		if err := h.Stage(h.ctx(), gone); err != nil {
			h.t.Fatal(err)
		}
		gone.Unlinks = nil
	}
	h.move(2 * 366 * 24 * time.Hour)
	if !h.realTime {
		time.Sleep(time.Hour) // whatever sweeps has swept
	}
}

// asked is an engine that notes how much room it is asked for.
type asked struct {
	store.KV
	bytes int64
	lacks bool
}

// Room notes what it is asked.
func (a *asked) Room(bytes int64) error {
	if a.bytes = bytes; a.lacks {
		return store.ErrNoSpace
	}
	return nil
}

// asksForRoom sees to it that room is asked for what comes, for the work on it, and for the work on what waits; and that what is refused leaves nothing.
func asksForRoom(t *testing.T, h *house) {
	h.Close()
	engine := &asked{KV: h.kv}
	h.kv = engine
	h.openStore()
	defer func() { h.kv = engine.KV }()
	for i := range 3 {
		waits := h.Counts().Bytes
		h.append(activity(fmt.Sprint("a", i), "7"))
		comes := h.Counts().Bytes - waits
		if want := waits + 2*comes; engine.bytes != want || comes == 0 {
			t.Errorf("with %d bytes that wait and %d that come it is asked for %d, want %d", waits, comes, engine.bytes, want)
		}
	}
	engine.lacks = true
	waits := h.Counts()
	if err := h.Append(h.ctx(), []bridge.Entry{activity("b", "8")}, nil); !errors.Is(err, store.ErrNoSpace) {
		t.Errorf("an append without room: %v", err)
	}
	if now := h.Counts(); now.Bytes != waits.Bytes || now.Unfolded != waits.Unfolded || h.Health(h.ctx()).Full == "" {
		t.Errorf("after it %+v wait, before it %+v; health %+v", now, waits, h.Health(h.ctx()))
	}
	h.fold()
	for i := range 3 {
		h.settle(h.takes(outbound, bridge.DeliveryID(fmt.Sprint("a", i))), bridge.Effects{})
	}
	engine.lacks = false
	h.put(activity("b", "8"))
	h.settle(h.takes(outbound, "b"), bridge.Effects{})
	h.empty()
}
