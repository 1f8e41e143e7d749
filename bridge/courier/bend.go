package courier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// attempt is a write to a linked record. It is sent again where fields of it give way to a refusal.
type attempt struct {
	tr     *rule.Transfer
	link   *bridge.Link
	word   bridge.Claim // of earlier tries
	said   bridge.Claim // of this one
	w      bridge.Write
	judged *rule.Judged
	before bridge.Fields // what the record held
	staged []bridge.Unconfirmed
	ways   []string // in which it is otherwise than the contact says
}

func (a *attempt) note() string { return joined(a.ways...) }

// joined puts notes together, without those that say nothing.
func joined(notes ...string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(notes), func(n string) bool { return n == "" }), "; ")
}

// insist stages and sends a write, and each time that Salesforce refuses fields of it which may give way, what is left of it. Each time at least one
// field gives way that has not yet, so there is an end.
func (t *trip) insist(ctx context.Context, a *attempt) (bridge.Written, error) {
	for {
		a.said = a.word.And(a.link, a.judged.Agreed).Clash(a.judged.Conflicts)
		var err error
		if a.staged, err = t.stage(ctx, a.w, a.before, a.said); err != nil {
			return bridge.Written{}, err
		}
		out := t.put(ctx, a.w)
		ways := t.bend(a.tr, rule.Outgoing{Judged: a.judged, Set: a.w.Set, Holds: a.before}, out.Err)
		if len(ways) == 0 {
			a.ways = append(a.ways, out.Note)
			return out, nil
		}
		a.ways = append(a.ways, ways...)
		if err := t.takeBack(ctx, a.staged, a.word); err != nil {
			return bridge.Written{}, err
		}
		if len(a.w.Set) == 0 {
			return bridge.Written{Record: a.w.Record}, nil
		}
	}
}

// bend has fields give way to what err refuses them for, where nothing of the row can have been written, and answers how.
func (t *trip) bend(tr *rule.Transfer, o rule.Outgoing, err error) []string {
	var e interface{ Refusal() bridge.Refusal }
	if err == nil || bridge.IsUncertain(err) || !errors.As(err, &e) {
		return nil
	}
	return tr.Bend(o, e.Refusal())
}

// takeBack withdraws what was staged for a write that was refused: nothing of it is expected on the stream any more.
func (t *trip) takeBack(ctx context.Context, staged []bridge.Unconfirmed, word bridge.Claim) error {
	if err := t.c.d.Ledger.Stage(ctx, bridge.Effects{Withdraw: staged, Claims: []bridge.Claim{word}}); err != nil {
		return fmt.Errorf("withdraw the refused write: %w", err)
	}
	return nil
}

// putCreated sends a row that is to be created, and what is left of it where fields give way. Before each try the claims say what it will agree on.
func (t *trip) putCreated(ctx context.Context, tr *rule.Transfer, w bridge.Write, j *rule.Judged) (out bridge.Written, err error) {
	var ways []string
	for {
		out = t.put(ctx, w)
		bent := t.bend(tr, rule.Outgoing{Judged: j, Set: w.Set}, out.Err)
		if len(bent) == 0 {
			out.Note = joined(append(ways, out.Note)...)
			return out, nil
		}
		ways = append(ways, bent...)
		if len(t.candidates) == 0 {
			continue
		}
		for i := range t.candidates {
			t.candidates[i].Agreed = j.Agreed
		}
		if err := t.c.d.Ledger.Stage(ctx, bridge.Effects{Claims: t.candidates}); err != nil {
			return out, fmt.Errorf("claim the identities: %w", err)
		}
	}
}
