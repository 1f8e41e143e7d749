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

// A record that is deleted ends its link. Two claims that are nobody's tell of it until somebody is linked again:
//
//	ended-<contact>   who has no record any more; stands in the way of creating one, unless that is asked for and he was edited since
//	left-<record>     whose record it was; one that is taken out of the recycle bin is his again, or his who was created in its place, and makes nobody new

func endedName(c bridge.ContactID) string { return "ended-" + string(c) }

func leftName(r bridge.RecordID) string { return "left-" + string(r) }

// bars reports whether a claim tells of a link that ended.
func bars(c *bridge.Claim) bool {
	return strings.HasPrefix(c.Identity, endedName("")) || strings.HasPrefix(c.Identity, leftName(""))
}

// ended is the claim that stands in the way of creating a contact in Salesforce anew whose record is gone. It is nobody's, and stands until he is
// linked again.
func (t *trip) ended(c bridge.ContactID) bridge.Claim {
	cl := t.claim(endedName(c))
	cl.Delivery = ""
	return cl
}

// left is the claim that tells whose record this was.
func (t *trip) left(r bridge.RecordID) bridge.Claim {
	cl := t.claim(leftName(r))
	cl.Delivery = ""
	return cl
}

// deleted are the claims that tell of a link whose record was deleted.
func (t *trip) deleted(link *bridge.Link) []bridge.Claim {
	was := *link
	was.Member, was.Replaced = nil, nil
	bare := was
	bare.Baseline = nil
	ended, left := t.ended(link.Contact), t.left(link.Record)
	ended.Ended, left.Ended = &was, &bare
	return []bridge.Claim{ended, left}
}

// barError says why nobody is created for somebody whose link has ended.
type barError struct {
	why     string
	contact bridge.ContactID // inbound: whose record this was
}

func (e *barError) Error() string { return e.why }

// barredBy is why a claim stands in the way of a create, nil where it does not.
func (t *trip) barredBy(tr *rule.Transfer, h *bridge.Claim) error {
	switch was := h.Ended; {
	case strings.HasPrefix(h.Identity, leftName("")):
		if was == nil || slices.Contains(t.dead, was.Contact) {
			return nil
		}
		return &barError{"the record was taken out of the recycle bin, and was that of contact " + string(was.Contact), was.Contact}
	case tr.OnGone != bridge.CreateGone:
		return &barError{why: "the contact's record was deleted in Salesforce, and is not created anew"}
	case was == nil:
		return &barError{why: "the contact's record goes on as another one, which is not his; it is not created anew"}
	case !t.stale(t.met.Values, []bridge.Link{*was}):
		return &barError{why: fmt.Sprintf("record %s was deleted in Salesforce, and nobody has edited the contact since", was.Record)}
	default:
		t.instead = was.Record
		return nil
	}
}

// inPlace says of which record one that was created takes the place, "" for none.
func (t *trip) inPlace() string {
	if t.instead == "" {
		return ""
	}
	return "in the place of " + string(t.instead) + ", which was deleted"
}

// returned links a record that came back to the contact that it was linked to, whatever both say of themselves by now.
func (t *trip) returned(ctx context.Context, tr *rule.Transfer, row bridge.Row, err error) error {
	var bar *barError
	if !errors.As(err, &bar) {
		return err
	}
	return t.adopt(ctx, tr, row, bar.contact)
}

// parted ends the link of a contact to a record that turned out to be deleted. Where that is asked for, the trip begins anew as that of somebody who is
// linked to nobody.
func (t *trip) parted(ctx context.Context, link *bridge.Link) error {
	t.effects.Unlinks, t.effects.Links = []bridge.Link{*link}, nil
	t.effects.Claims = append(t.effects.Claims, t.deleted(link)...)
	creator := creatorOf(t.outward())
	if creator == nil || creator.OnGone != bridge.CreateGone {
		t.tell(bridge.Skipped, bridge.OpUpdate, nil, "the record is deleted; it is not created anew")
		return nil
	}
	t.tell(bridge.Skipped, bridge.OpUpdate, nil, "the record is deleted; the link ends")
	ends := t.effects
	ends.Unclaim = t.traces
	if err := t.c.d.Ledger.Stage(ctx, ends); err != nil {
		return fmt.Errorf("end the link of a deleted record: %w", err)
	}
	t.binned, t.via, t.with = append(t.binned, link.Record), nil, nil
	return errMoreLocks
}

// alive are the links to records that have not turned out to be deleted.
func (t *trip) alive(links []bridge.Link) []bridge.Link {
	return slices.DeleteFunc(links, func(l bridge.Link) bool { return slices.Contains(t.binned, l.Record) })
}
