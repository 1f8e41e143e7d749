package salesforce

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"testing"

	"sfbridge/bridge"
)

// shelf keeps sizes in memory, and fails while it is told to.
type shelf struct {
	kept map[bridge.Object]int
	fail error
}

func (s *shelf) Chunks(context.Context) (map[bridge.Object]int, error) {
	return maps.Clone(s.kept), s.fail
}

func (s *shelf) KeepChunks(_ context.Context, sizes map[bridge.Object]int) error {
	if s.fail == nil {
		s.kept = maps.Clone(sizes)
	}
	return s.fail
}

func TestChunks_OutliveTheProcessAndGrowBack(t *testing.T) {
	org, client := orgClient(t, nil)
	on := &shelf{}
	client.sizes = newChunkSizes(on, slog.New(slog.DiscardHandler))
	org.LimitChunk("Contact", 60)
	ws := make([]bridge.Write, 200)
	for i := range ws {
		ws[i] = create(fmt.Sprintf("L%d", i))
	}
	write := func() int {
		before := calls(org, "POST", "/composite/sobjects")
		for i, w := range client.Write(t.Context(), ws) {
			if w.Err != nil {
				t.Fatalf("row %d: %v", i, w.Err)
			}
		}
		return calls(org, "POST", "/composite/sobjects") - before
	}
	if n := write(); n != 6 || on.kept["Contact"] != 50 { // of 200 and 100, which fail, and four of 50
		t.Fatalf("%d calls, and %v is kept", n, on.kept)
	}
	client.sizes = newChunkSizes(on, slog.New(slog.DiscardHandler))
	if n := write(); n != 4 {
		t.Errorf("%d calls after a restart, want four of 50", n)
	}
	org.LimitChunk("Contact", 0)
	for range 60 {
		client.sizes.passed(t.Context(), "Contact", maxRows)
	}
	if n := write(); n != 1 || len(on.kept) != 0 {
		t.Errorf("%d calls once the object bears a full one again, and %v is kept", n, on.kept)
	}
}

func TestChunks_AreNoReasonToWriteNothing(t *testing.T) {
	on := &shelf{kept: map[bridge.Object]int{"Contact": 10, "Lead": 5000, "Task": 0}, fail: errors.New("no disk")}
	s := newChunkSizes(on, slog.New(slog.DiscardHandler))
	if n := s.of(t.Context(), "Contact"); n != maxRows {
		t.Errorf("%d rows while nobody knows better", n)
	}
	s.tripped(t.Context(), "Account", 100)
	on.fail = nil
	for o, want := range map[bridge.Object]int{"Contact": 10, "Lead": maxRows, "Task": maxRows, "Account": 50} {
		if n := s.of(t.Context(), o); n != want {
			t.Errorf("%d rows of %s, want %d", n, o, want)
		}
	}
}
