package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"sfbridge/bridge"
)

// scanPage is how many items one Scan of the store asks for.
const scanPage = 256

// each hands all items with a prefix to fn, a page at a time; an error of fn ends it.
func (s *Store) each(ctx context.Context, prefix string, fn func(it *Item) error) error {
	return s.eachPage(ctx, prefix, scanPage, fn)
}

func (s *Store) eachPage(ctx context.Context, prefix string, page int, fn func(it *Item) error) error {
	for after := ""; ; {
		items, err := s.kv.Scan(ctx, prefix, after, page)
		if err != nil {
			return fmt.Errorf("scan %s: %w", prefix, err)
		}
		for i := range items {
			if err := fn(&items[i]); err != nil {
				return err
			}
		}
		if len(items) < page {
			return nil
		}
		after = items[len(items)-1].Key
	}
}

// eachValue is each for values that put stored. Damaged ones are noted and left out.
func eachValue[T any](ctx context.Context, s *Store, prefix string, fn func(key string, v *T) error) error {
	return s.each(ctx, prefix, func(it *Item) error {
		var v T
		if err := get(it, &v); err != nil {
			s.note(it.Key)
			return nil
		}
		return fn(it.Key, &v)
	})
}

// value reads one key that put stored; bridge.ErrNotFound where it is absent.
func value[T any](ctx context.Context, s *Store, key string) (T, error) {
	v, _, err := valueAt[T](ctx, s, key)
	return v, err
}

// valueAt is value with the revision of the key.
func valueAt[T any](ctx context.Context, s *Store, key string) (T, Rev, error) {
	var v T
	if err := s.usable(ctx); err != nil {
		return v, 0, err
	}
	it, err := s.kv.Get(ctx, key)
	switch {
	case err == nil && it.Rev == 0:
		return v, 0, fmt.Errorf("%s: %w", key, bridge.ErrNotFound)
	case err == nil:
		err = get(&it, &v)
	}
	if errors.Is(err, ErrCorrupt) {
		s.note(key)
	}
	return v, it.Rev, err
}

// LinkOf finds the link of a record; see [bridge.Ledger].
func (s *Store) LinkOf(ctx context.Context, org bridge.OrgID, p bridge.ProjectID, r bridge.RecordID) (bridge.Link, error) {
	l, err := value[bridge.Link](ctx, s, linkKey(org, p, r))
	if l.Read = l.Baseline; l.Read == nil {
		l.Read = map[bridge.Attribute]bridge.Agreed{}
	}
	return l, err
}

// LinksTo finds the links of a contact; see [bridge.Ledger].
func (s *Store) LinksTo(ctx context.Context, org bridge.OrgID, p bridge.ProjectID, c bridge.ContactID) ([]bridge.Link, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	var links []bridge.Link
	err := eachValue(ctx, s, contactPrefix(org, p, c), func(_ string, r *bridge.RecordID) error {
		l, err := s.LinkOf(ctx, org, p, *r)
		if errors.Is(err, bridge.ErrNotFound) || err == nil && l.Contact != c {
			return nil // the record was linked anew between the two reads
		}
		links = append(links, l)
		return err
	})
	return links, err
}

// Unconfirmed lists the writes to a record that the stream has not confirmed; see [bridge.Ledger].
func (s *Store) Unconfirmed(ctx context.Context, org bridge.OrgID, r bridge.RecordID) ([]bridge.Unconfirmed, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	var us []bridge.Unconfirmed
	err := eachValue(ctx, s, unconfirmedPrefix(org, r), func(_ string, u *bridge.Unconfirmed) error {
		us = append(us, *u)
		return nil
	})
	slices.SortStableFunc(us, func(a, b bridge.Unconfirmed) int { return a.At.Compare(b.At) })
	return us, err
}

// Take creates claims; see [bridge.Ledger].
func (s *Store) Take(ctx context.Context, claims []bridge.Claim) ([]bridge.Claim, error) {
	var stand []bridge.Claim
	err := s.commit(ctx, func(p *plan) error {
		stand = nil
		others := false
		for i := range claims {
			var c bridge.Claim
			key := claimKey(&claims[i])
			found, err := p.read(key, &c)
			switch {
			case err != nil:
				return err
			case found:
				stand = append(stand, c)
				others = others || c.Delivery != claims[i].Delivery
			default:
				if err := p.put(key, &claims[i], 0); err != nil {
					return err
				}
			}
		}
		if others {
			return errHeld
		}
		return nil
	})
	if err != nil && !errors.Is(err, errHeld) {
		return nil, err
	}
	return stand, nil
}

// Standing answers those of the claims that stand, as they are, and takes none.
func (s *Store) Standing(ctx context.Context, claims []bridge.Claim) ([]bridge.Claim, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	var stand []bridge.Claim
	for i := range claims {
		c, _, err := valueAt[bridge.Claim](ctx, s, claimKey(&claims[i]))
		switch {
		case errors.Is(err, bridge.ErrNotFound):
		case err != nil:
			return nil, err
		default:
			stand = append(stand, c)
		}
	}
	return stand, nil
}

// errHeld ends a plan whose claims are held by others; nothing is written then.
var errHeld = errors.New("claim is held")

// Stage makes effects durable; see [bridge.Ledger].
func (s *Store) Stage(ctx context.Context, e bridge.Effects) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	f, err := s.begin(ctx, &e)
	if err != nil {
		return err
	}
	defer s.finish(ctx, f)
	if err := s.commit(ctx, f.plan); err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	f.happened()
	return nil
}

// link plans both keys of a link. What the record or the contact was linked to before ends.
func (p *plan) link(l *bridge.Link) error {
	key, byContact := linkKey(l.Org, l.Project, l.Record), contactKey(l)
	var old bridge.Link
	had, err := p.read(key, &old)
	if err != nil {
		return err
	}
	if had && contactKey(&old) != byContact {
		p.delete(contactKey(&old))
	}
	var record bridge.RecordID
	found, err := p.read(byContact, &record)
	if err != nil {
		return err
	}
	if found && record != l.Record {
		p.delete(linkKey(l.Org, l.Project, record))
	}
	kept := *l
	if had && old.Contact == l.Contact && l.Read != nil {
		kept.Baseline = merged(old.Baseline, l.Read, l.Baseline)
	}
	if err := p.put(key, &kept, 0); err != nil {
		return err
	}
	return p.put(byContact, l.Record, 0)
}

// merged is what is stored with the changes from what was read.
func merged(stored, read, changed map[bridge.Attribute]bridge.Agreed) map[bridge.Attribute]bridge.Agreed {
	all := maps.Clone(stored)
	if all == nil {
		all = map[bridge.Attribute]bridge.Agreed{}
	}
	for a, v := range changed {
		if was, ok := read[a]; !ok || was != v {
			all[a] = v
		}
	}
	for a := range read {
		if _, ok := changed[a]; !ok {
			delete(all, a)
		}
	}
	return all
}

// unlink plans the end of a link, unless the record was linked to another contact since.
func (p *plan) unlink(l *bridge.Link) error {
	key := linkKey(l.Org, l.Project, l.Record)
	var old bridge.Link
	found, err := p.read(key, &old)
	if err != nil || !found || old.Contact != l.Contact {
		return err
	}
	p.delete(key)
	p.delete(contactKey(&old))
	return nil
}
