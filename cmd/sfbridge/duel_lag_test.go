package main

import (
	"context"
	"log/slog"
	"time"

	"sfbridge/bridge"
)

// slowLedger, slowMirror and slowFolding take their time now and then, as a busy machine does.
type slowLedger struct {
	bridge.Ledger
	m *duel
}

type slowMirror struct {
	bridge.Mirror
	m *duel
}

type slowFolding struct {
	bridge.Folding
	m *duel
}

// lag waits now and then.
func (m *duel) lag(ctx context.Context, why string, most time.Duration) {
	m.mu.Lock()
	slow := m.chance("slow "+why, 0.2)
	d := m.between(why, time.Millisecond, most)
	m.mu.Unlock()
	if slow {
		_ = nap(ctx, d)
	}
}

func (l *slowLedger) Unconfirmed(ctx context.Context, org bridge.OrgID, r bridge.RecordID) ([]bridge.Unconfirmed, error) {
	l.m.lag(ctx, "unconfirmed", 300*time.Millisecond)
	return l.Ledger.Unconfirmed(ctx, org, r)
}

func (l *slowMirror) Rows(ctx context.Context, org bridge.OrgID, o bridge.Object, ids []bridge.RecordID) ([]bridge.Row, error) {
	l.m.lag(ctx, "rows", 300*time.Millisecond)
	return l.Mirror.Rows(ctx, org, o, ids)
}

func (l *slowFolding) Fold(ctx context.Context, es []bridge.Entry, rows []bridge.Row, confirmed []bridge.Unconfirmed) error {
	l.m.lag(ctx, "fold", time.Second)
	return l.Folding.Fold(ctx, es, rows, confirmed)
}

// tracer puts what the courier logs into the trace.
type tracer struct {
	slog.Handler
	m *duel
}

func (h *tracer) Enabled(context.Context, slog.Level) bool { return true }

func (h *tracer) Handle(_ context.Context, r slog.Record) error {
	text := ""
	r.Attrs(func(a slog.Attr) bool { text += " " + a.Value.String(); return true })
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	if !h.m.logged[text] { // a wait says the same many times
		h.m.trace = append(h.m.trace, stamp(time.Now())+" log "+r.Message+text)
	}
	h.m.logged[text] = true
	return nil
}
