package store

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"

	"sfbridge/bridge"
)

// StoryFilter picks lines of the sync log; zero members pick all.
type StoryFilter struct {
	Org     bridge.OrgID
	Project bridge.ProjectID
	Record  bridge.RecordID
	Contact bridge.ContactID
	Key     string // any of record, contact and delivery
	// Identity is the name of a claim: that of a person who was looked for.
	Identity string
	After    uint64 // lines with a larger Seq only

	who string // Identity as lines hold it
}

func (f *StoryFilter) match(l *bridge.Story) bool {
	return l.Seq > f.After && (f.Org == "" || f.Org == l.Org) && (f.Project == "" || f.Project == l.Project) &&
		(f.Record == "" || f.Record == l.Record) && (f.Contact == "" || f.Contact == l.Contact) &&
		(f.Key == "" || f.Key == string(l.Record) || f.Key == string(l.Contact) || f.Key == string(l.Delivery)) &&
		(f.who == "" || slices.Contains(l.Who, f.who))
}

// named answers one id that every line that matches is about, "" for none.
func (f *StoryFilter) named() string {
	return cmp.Or(f.Key, string(f.Record), string(f.Contact), f.who)
}

// Stories answers the newest lines that match, at most limit, newest first. Those that one id names are found by the index; others by reading all lines
// behind f.After.
func (s *Store) Stories(ctx context.Context, f StoryFilter, limit int) ([]bridge.Story, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	if f.Identity != "" {
		f.who = s.whoOf(f.Identity)
	}
	if f.named() != "" {
		return s.indexed(ctx, &f, limit)
	}
	after := f.After
	if open := (StoryFilter{After: f.After}); f == open {
		// Numbers that were taken in vain leave holes, so a page may be shorter than it could be.
		after = max(after, s.stories.frontier()-min(s.stories.frontier(), uint64(max(0, limit))))
	}
	var lines []bridge.Story
	err := s.lines(ctx, after, func(l *bridge.Story) error {
		if !f.match(l) {
			return nil
		}
		if lines = append(lines, *l); len(lines) >= 2*limit {
			lines = slices.Delete(lines, 0, len(lines)-limit)
		}
		return nil
	})
	lines = lines[max(0, len(lines)-limit):]
	slices.Reverse(lines)
	return lines, err
}

// lines hands the lines behind after to fn, up to the last one before which nothing is under way.
func (s *Store) lines(ctx context.Context, after uint64, fn func(l *bridge.Story) error) error {
	return eachLine(ctx, s, after, func(l *bridge.Story, _ uint64) error { return fn(l) })
}

// eachLine is lines for any part of a line, with its number.
func eachLine[T any](ctx context.Context, s *Store, after uint64, fn func(l *T, seq uint64) error) error {
	top := s.stories.frontier()
	for after < top {
		items, err := s.kv.Scan(ctx, prefixStory, seqKey(prefixStory, after), scanPage)
		if err != nil {
			return err
		}
		for i := range items {
			var l T
			if after, err = seqOf(items[i].Key); err != nil {
				return err
			}
			if after > top {
				return nil
			}
			if err := get(&items[i], &l); err != nil {
				s.note(items[i].Key)
				continue
			}
			if err := fn(&l, after); err != nil {
				return err
			}
		}
		if len(items) < scanPage {
			return nil
		}
	}
	return nil
}

// Follow tells lines behind after as they are written, without a gap, until the context ends.
func (s *Store) Follow(ctx context.Context, after uint64) iter.Seq2[bridge.Story, error] {
	return func(yield func(bridge.Story, error) bool) {
		for {
			if err := s.usable(ctx); err != nil {
				yield(bridge.Story{}, err)
				return
			}
			s.mu.Lock()
			told := s.told
			s.mu.Unlock()
			err := s.lines(ctx, after, func(l *bridge.Story) error {
				after = l.Seq
				if !yield(*l, nil) {
					return errEnough
				}
				return nil
			})
			if err != nil {
				if !errors.Is(err, errEnough) {
					yield(bridge.Story{}, err)
				}
				return
			}
			select {
			case <-told:
			case <-ctx.Done():
			case <-s.closed:
			}
		}
	}
}
