package bolt_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"sfbridge/bridge"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

// The workload of the fault tests: callbacks one by one, batches of changes with a position, all of them carried.
const (
	testOrg   = bridge.OrgID("00D000000000001EAA")
	testTopic = bridge.Topic("/data/ChangeEvents")
	batchSize = 3
	carriers  = 3
)

func outlet() bridge.Outlet { return bridge.Outlet{Project: "p", Direction: bridge.Outbound} }

// ledger is what a workload was told: an id is in it before the call that is about it, acked once the call returned nil.
type ledger struct {
	mu       sync.Mutex
	acked    map[string]bool // appended
	position int             // the highest batch that was appended
	tried    map[string]bool // Settle was called
	settled  map[string]bool // and returned nil
	told     func(what, id string)
}

func newLedger() *ledger {
	return &ledger{acked: map[string]bool{}, tried: map[string]bool{}, settled: map[string]bool{}, told: func(string, string) {}}
}

func (l *ledger) note(what string, set map[string]bool, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	set[id] = true
	l.told(what, id)
}

func (l *ledger) reached(batch int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.position = max(l.position, batch)
	l.told("position", fmt.Sprint(batch))
}

func (l *ledger) size() (acked, settled int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked), len(l.settled)
}

func callbackEntry(id string) bridge.Entry {
	return bridge.Entry{
		Kind: bridge.CallbackEntry, At: time.Now().UTC(), Dedup: id, DedupFor: 24 * time.Hour,
		Callback:   &bridge.Callback{Org: testOrg, Project: "p", Event: id, Body: make([]byte, 300)},
		Deliveries: []bridge.Delivery{deliveryOf(id)},
	}
}

func deliveryOf(id string) bridge.Delivery {
	return bridge.Delivery{ID: bridge.DeliveryID(id), Kind: bridge.Append, Lane: bridge.Lane{Org: testOrg, Project: "p", Direction: bridge.Outbound, Source: id}}
}

func batchID(batch, n int) string { return fmt.Sprintf("batch-%d-%d", batch, n) }

func batchEntries(batch int) []bridge.Entry {
	var es []bridge.Entry
	for n := range batchSize {
		id := batchID(batch, n)
		es = append(es, bridge.Entry{Kind: bridge.ChangeEntry, At: time.Now().UTC(), Deliveries: []bridge.Delivery{deliveryOf(id)},
			Change: &bridge.Change{Org: testOrg, Topic: testTopic, Event: id, Object: "Contact", Type: bridge.Update}})
	}
	return es
}

func positionAt(batch int) *bridge.Position {
	return &bridge.Position{Org: testOrg, Topic: testTopic, Replay: binary.BigEndian.AppendUint64(nil, uint64(batch)), At: time.Now().UTC()}
}

// drive works until everything is done or something fails: so many callbacks and batches, from the first batch on, and their carrying.
func (l *ledger) drive(ctx context.Context, s *store.Store, name string, callbacks, first, batches int) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		for n := range callbacks {
			id := fmt.Sprintf("%s-%d", name, n)
			if err := s.Append(ctx, []bridge.Entry{callbackEntry(id)}, nil); err != nil {
				return err
			}
			l.note("acked", l.acked, id)
		}
		return nil
	})
	g.Go(func() error {
		for b := first; b < first+batches; b++ {
			if err := s.Append(ctx, batchEntries(b), positionAt(b)); err != nil {
				return err
			}
			for n := range batchSize {
				l.note("acked", l.acked, batchID(b, n))
			}
			l.reached(b)
		}
		return nil
	})
	total := callbacks + batches*batchSize
	g.Go(func() error { return foldCount(ctx, s, total) })
	tickets := make(chan struct{}, total)
	for range total {
		tickets <- struct{}{}
	}
	close(tickets)
	for range carriers {
		g.Go(func() error {
			for range tickets {
				if _, err := l.carry(ctx, s); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// live works on a store in two runs of a daemon, as far as the disk lets it.
func live(ctx context.Context, path string, o bolt.Options, l *ledger) error {
	for run := range 2 {
		if err := session(ctx, path, o, func(s *store.Store, _ *bolt.DB) error {
			return l.drive(ctx, s, fmt.Sprint("run-", run), 8, 1+3*run, 3)
		}); err != nil {
			return err
		}
	}
	return nil
}

// session opens a store, does something and closes it; the first error ends it.
func session(ctx context.Context, path string, o bolt.Options, do func(*store.Store, *bolt.DB) error) error {
	db, err := bolt.Open(path, o)
	if err != nil {
		return err
	}
	base, end := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- db.Run(base) }()
	s := store.New(db, store.Options{})
	if err = s.Open(ctx); err == nil {
		err = do(s, db)
	}
	s.Close()
	end()
	return errors.Join(err, <-done, db.Close())
}

func foldCount(ctx context.Context, s *store.Store, total int) error {
	for n := 0; n < total; {
		es, err := s.Unfolded(ctx, 64)
		if err == nil {
			err = s.Fold(ctx, es, nil, nil)
		}
		if err != nil {
			return err
		}
		n += len(es)
	}
	return nil
}

// carry settles one delivery with a story, as the courier does.
func (l *ledger) carry(ctx context.Context, s *store.Store) (string, error) {
	w, err := s.Next(ctx, outlet())
	if err != nil {
		return "", err
	}
	id := string(w.Deliveries[0].ID)
	l.note("tried", l.tried, id)
	err = s.Settle(ctx, w, bridge.Effects{
		Links: []bridge.Link{{Org: testOrg, Project: "p", Object: "Contact", Record: "003000000000001AAA", Contact: bridge.ContactID(id)}},
		Story: []bridge.Story{{At: time.Now().UTC(), Project: "p", Outcome: bridge.Sent}},
	})
	if err == nil {
		l.note("settled", l.settled, id)
	}
	return id, err
}

// audit opens what is left and compares it with the ledger: everything that was acknowledged waits or was carried, nothing that was settled waits, and
// a position is not ahead of its entries. It answers how many deliveries that were out are handed out again.
func (l *ledger) audit(t *testing.T, kv store.KV) (again int) {
	t.Helper()
	s := store.New(kv, store.Options{})
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rest := newLedger()
	if n := s.Counts().Unfolded; n > 0 {
		if err := foldCount(t.Context(), s, n); err != nil {
			t.Fatal(err)
		}
	}
	for s.Counts().Outlets[outlet()].Waiting > 0 {
		id, err := rest.carry(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if l.settled[id] {
			t.Errorf("%s was settled and is handed out again", id)
		}
		if l.tried[id] {
			again++
		}
	}
	there := func(id string) bool { return l.tried[id] || rest.settled[id] }
	for id := range l.acked {
		if !there(id) {
			t.Errorf("%s was acknowledged and is lost", id)
		}
	}
	p, err := s.Position(t.Context(), testOrg, testTopic)
	if errors.Is(err, bridge.ErrNotFound) {
		if l.position > 0 {
			t.Errorf("position %d is lost", l.position)
		}
		return again
	}
	if err != nil {
		t.Fatal(err)
	}
	at := int(binary.BigEndian.Uint64(p.Replay))
	if at < l.position {
		t.Errorf("position %d, %d was acknowledged", at, l.position)
	}
	for b := 1; b <= at; b++ {
		for n := range batchSize {
			if !there(batchID(b, n)) {
				t.Errorf("position %d is ahead of %s", at, batchID(b, n))
			}
		}
	}
	if h := s.Health(t.Context()); len(h.Damaged) > 0 {
		t.Errorf("damaged: %v", h.Damaged)
	}
	return again
}
