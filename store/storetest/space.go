package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
)

// full is an engine on a disk without room.
type full struct {
	store.KV
	until time.Time
}

func (f *full) Apply(ctx context.Context, tx store.Tx) error {
	if time.Now().Before(f.until) {
		return store.ErrNoSpace
	}
	return f.KV.Apply(ctx, tx)
}

// waitsForRoom takes the room away while work is in hand.
func waitsForRoom(t *testing.T, h *house) {
	h.append(activity("a1", "7"))
	h.Close()
	engine := &full{KV: h.kv}
	h.kv = engine
	h.openStore()
	defer func() { h.kv = engine.KV }()
	h.fold()
	w := h.takes(outbound, "a1")
	engine.until = time.Now().Add(time.Hour)
	if err := h.Append(h.ctx(), []bridge.Entry{activity("b1", "8")}, nil); !errors.Is(err, store.ErrNoSpace) {
		t.Errorf("an append without room: %v", err)
	}
	short, cancel := context.WithTimeout(h.ctx(), time.Minute)
	defer cancel()
	if err := h.Stage(short, bridge.Effects{Links: []bridge.Link{link(1, "7")}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a step whose context ends while it waits: %v", err)
	}
	began := time.Now()
	h.settle(w, bridge.Effects{})
	if took := time.Since(began); took < 58*time.Minute || took > 61*time.Minute {
		t.Errorf("settled after %v, there was room after an hour", took)
	}
	h.append(activity("b1", "8"))
	h.fold()
	h.settle(h.takes(outbound, "b1"), bridge.Effects{})
	h.empty()
}
