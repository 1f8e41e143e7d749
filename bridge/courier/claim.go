package courier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

func (t *trip) identityClaims(ids []bridge.Identity) []bridge.Claim {
	var claims []bridge.Claim
	for _, id := range ids {
		claims = append(claims, t.claim(rule.ClaimName(t.o.Project, id.Attribute, id.Value)))
	}
	return claims
}

func (t *trip) claim(identity string) bridge.Claim {
	return bridge.Claim{Org: t.org(), Project: t.o.Project, Identity: identity, Delivery: t.w.Head().ID, At: t.c.d.Now()}
}

// making is the claim under which a create leaves word of itself, whatever the identity fields of its source say later.
func (t *trip) making() bridge.Claim {
	lane := t.w.Head().Lane
	return t.claim("made-" + string(lane.Direction) + "-" + lane.Source)
}

// bundle has the claim of the making name the others, so that they are found again whatever the identity fields say by then.
func (t *trip) bundle() {
	name := t.making().Identity
	also := t.beside(name, nil)
	for i := range t.candidates {
		if t.candidates[i].Identity == name {
			t.candidates[i].Also = also
		}
	}
}

// beside are the candidates other than the making, and than what bars it, which is nobody's to give back, appended to names that lack them.
func (t *trip) beside(making string, names []string) []string {
	for _, c := range t.candidates {
		if c.Identity != making && !bars(&c) && !slices.Contains(names, c.Identity) {
			names = append(names, c.Identity)
		}
	}
	return names
}

// rename has the claim of the making, which an earlier try left, name what this one claims as well.
func (t *trip) rename(ctx context.Context, h bridge.Claim) error {
	if h.Identity != t.making().Identity {
		return nil
	}
	all := t.beside(h.Identity, slices.Clone(h.Also))
	if len(all) == len(h.Also) {
		return nil
	}
	h.Also = all
	if err := t.c.d.Ledger.Stage(ctx, bridge.Effects{Claims: []bridge.Claim{h}}); err != nil {
		return fmt.Errorf("name the claims: %w", err)
	}
	return nil
}

// keep notes a claim that this delivery holds, and what an earlier try promised by it.
func (t *trip) keep(h bridge.Claim) {
	t.claimed = append(t.claimed, h)
	for _, name := range h.Also {
		t.claimed = append(t.claimed, t.claim(name))
	}
	if h.Sent && t.retried() {
		t.past = h.Agreed
	}
}

// yield gives back what earlier tries claimed, where this one ended without a look at it.
func (t *trip) yield(ctx context.Context) error {
	if !t.retried() || t.candidates != nil || t.w.Head().Kind == bridge.Append {
		return nil
	}
	t.candidates = []bridge.Claim{t.making()}
	if lane := t.w.Head().Lane; lane.Direction == bridge.Outbound {
		t.candidates = append(t.candidates, t.claim(endedName(bridge.ContactID(lane.Source))))
	}
	for _, c := range t.candidates {
		stand, err := t.c.d.Ledger.Take(ctx, []bridge.Claim{c})
		switch {
		case err != nil:
			return fmt.Errorf("look for claims of earlier tries: %w", err)
		case len(stand) == 0:
			t.claimed = append(t.claimed, c)
		case stand[0].Delivery == c.Delivery:
			t.keep(stand[0])
		}
	}
	return nil
}

// claimAge is how long a claim is waited for. Whoever holds it longer is in trouble, and a person is looked up before he is created in any case.
const claimAge = 10 * time.Minute

// recall finds out what an earlier try of this delivery may have created: it left a claim that says so. Whoever was found meanwhile is known by it.
func (t *trip) recall(ctx context.Context, tr *rule.Transfer) error {
	t.barred = nil
	if tr.Shadow || !t.retried() {
		return nil
	}
	err := t.take(ctx, tr)
	if errors.As(err, &t.barred) { // he may still match somebody who is there
		return nil
	}
	return err
}

// remember finds out what an earlier try of this delivery promised, and claims nobody.
func (t *trip) remember(ctx context.Context, tr *rule.Transfer) error {
	if tr.Shadow || !t.retried() {
		return nil
	}
	all := t.candidates
	t.candidates = []bridge.Claim{t.making()}
	_, err := t.hold(ctx, tr)
	t.candidates = all
	return err
}

// promise claims the identities right before a create, with what it will agree on.
func (t *trip) promise(ctx context.Context, tr *rule.Transfer, agreed map[bridge.Attribute]bridge.Agreed) error {
	for i := range t.candidates {
		t.candidates[i].Sent, t.candidates[i].Agreed = true, agreed
	}
	if t.barred != nil {
		return t.barred
	}
	if !t.retried() {
		return t.take(ctx, tr)
	}
	if err := t.c.d.Ledger.Stage(ctx, bridge.Effects{Claims: t.candidates}); err != nil { // recall took them
		return fmt.Errorf("claim the identities: %w", err)
	}
	return nil
}

// take takes the candidates for this delivery. Those that another delivery holds make it wait for that one; those that an earlier try of its own left
// behind tell what that one may have created.
func (t *trip) take(ctx context.Context, tr *rule.Transfer) error {
	others, err := t.hold(ctx, tr)
	if err != nil {
		return err
	}
	for _, h := range others {
		if bars(&h) {
			if err := t.barredBy(tr, &h); err != nil {
				return err
			}
			t.candidates = slices.DeleteFunc(t.candidates, func(c bridge.Claim) bool { return c.Identity == h.Identity })
			return t.take(ctx, tr)
		}
		if t.c.d.Now().Sub(h.At) < claimAge {
			return &waitError{rung(4), "delivery " + string(h.Delivery) + " is creating the same person"}
		}
	}
	return nil
}

// hold takes the candidates, unless others hold some, and notes which are this delivery's now and what an earlier try promised by them.
func (t *trip) hold(ctx context.Context, tr *rule.Transfer) (others []bridge.Claim, err error) {
	t.bundle()
	stand, err := t.c.d.Ledger.Take(ctx, t.candidates)
	if err != nil {
		return nil, fmt.Errorf("claim the identities: %w", err)
	}
	t.claimed = nil
	for _, h := range stand {
		if h.Delivery != t.w.Head().ID {
			others = append(others, h)
			continue
		}
		t.keep(h)
		if err := t.rename(ctx, h); err != nil {
			return nil, err
		}
	}
	if len(others) == 0 {
		t.claimed = append(t.claimed, t.candidates...)
	}
	t.claimed = append(t.claimed, t.identityClaims(tr.IdentityOf(t.past))...) // the identities may be others by now
	return others, nil
}
