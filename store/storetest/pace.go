package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"sfbridge/bridge"
)

// holdsBack appends more changes than may wait for a folder that stands still: the stream waits, callbacks do not.
func holdsBack(t *testing.T, h *house) {
	h.put(state("first", 1)) // somebody folds
	h.settle(h.takes(inbound, "first"), bridge.Effects{})
	const chunks, size = 20, 1000
	for i := range chunks {
		var es []bridge.Entry
		for n := range size {
			es = append(es, bridge.Entry{Kind: bridge.ChangeEntry, At: h.now(), Dedup: fmt.Sprintf("change %d of %d", n, i), DedupFor: time.Hour})
		}
		h.append(es...)
	}
	appended := make(chan error, 1)
	go func() { appended <- h.Append(h.ctx(), []bridge.Entry{state("late", 1)}, nil) }()
	select {
	case err := <-appended:
		t.Fatalf("another change goes before %d that wait: %v", chunks*size, err)
	case <-time.After(200 * time.Millisecond):
	}
	ctx, cancel := context.WithTimeout(h.ctx(), 10*time.Second)
	defer cancel()
	if err := h.Append(ctx, []bridge.Entry{activity("callback", "7")}, nil); err != nil {
		t.Fatalf("a callback behind %d changes that wait: %v", chunks*size, err)
	}
	for h.Counts().Unfolded > chunks*size/2 {
		es, err := h.Unfolded(h.ctx(), size)
		if err == nil {
			err = h.Fold(h.ctx(), es, nil, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-appended:
		if err != nil {
			t.Errorf("the change that waited: %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the change still waits though half of the others are folded")
	}
	h.fold()
	h.takes(outbound, "callback")
	h.takes(inbound, "late")
}
