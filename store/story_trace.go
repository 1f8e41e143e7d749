package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"sfbridge/bridge"
)

// The index of the sync log says which lines are about an id: a record, a contact, a delivery or a salted identity. It is built behind the log, a block of
// numbers at a time, by whoever writes the line that fills the block; lines of a block that is not built yet are read one by one. So a delivery costs no
// key of its own in random order, and what an earlier version left is indexed like everything else.
//
// A block is spread over shards by hash. The value of j/<shard>/<block>, sorted:
//
//	+---------------------------------+------------------------+----
//	| salted hash of the id, 8 bytes  | line in the block, 2   | ...
//	+---------------------------------+------------------------+----
const (
	traceBlock  = 4096
	traceShards = 64
	postingSize = 10
	// traceAgain is how many lines later an index that lags behind is taken up again.
	traceAgain = 64
)

// trace is how far the index goes.
type trace struct {
	next atomic.Uint64 // the first block that is not built
	at   atomic.Uint64 // the number of the line that builds the next one
	turn chan struct{} // held by the builder
}

// posting says that a line of a block is about an id.
type posting struct {
	hash uint64
	line uint16
}

// openTrace finds out how far the index goes. Where there is none it begins with the first line.
func (s *Store) openTrace(ctx context.Context) error {
	next, err := value[uint64](ctx, s, keyTraced)
	if errors.Is(err, bridge.ErrNotFound) || errors.Is(err, ErrCorrupt) {
		var first []Item
		if first, err = s.kv.Scan(ctx, prefixStory, "", 1); err == nil && len(first) > 0 {
			seq, _ := seqOf(first[0].Key) // an odd key is no line of ours: begin at 0
			next = seq / traceBlock
		}
	}
	if err != nil {
		return fmt.Errorf("open the index of the sync log: %w", err)
	}
	s.traced(next)
	return nil
}

func (s *Store) traced(next uint64) {
	s.trace.next.Store(next)
	at := (next+1)*traceBlock - 1
	if top := s.stories.frontier(); top >= at {
		at = top + traceAgain
	}
	s.trace.at.Store(at)
}

// finish ends what effects began, and builds a block of the index where they filled one.
func (s *Store) finish(ctx context.Context, f *flight) {
	f.done()
	top := s.stories.frontier()
	if top < s.trace.at.Load() {
		return
	}
	select {
	case s.trace.turn <- struct{}{}:
	default:
		return
	}
	defer func() { <-s.trace.turn }()
	if s.buildNext(ctx) != nil {
		s.trace.at.Store(top + traceBlock) // the lines are found without it
	}
}

// catchUp builds all blocks that are full.
func (s *Store) catchUp(ctx context.Context) error {
	select {
	case s.trace.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closed:
		return ErrClosed
	}
	defer func() { <-s.trace.turn }()
	for s.fullBlock() {
		if err := s.buildNext(ctx); err != nil {
			return err
		}
	}
	return nil
}

// fullBlock reports whether nothing can be written into the next block any more.
func (s *Store) fullBlock() bool { return (s.stories.frontier()+1)/traceBlock > s.trace.next.Load() }

// traceLine is the part of a line that the index needs.
type traceLine struct {
	Record   string   `json:"record"`
	Contact  string   `json:"contact"`
	Delivery string   `json:"delivery"`
	Who      []string `json:"who"`
}

// buildNext builds one block, if it is full. The caller has the turn.
func (s *Store) buildNext(ctx context.Context) error {
	if !s.fullBlock() {
		return nil
	}
	block := s.trace.next.Load()
	var shards [traceShards][]posting
	first := block * traceBlock
	err := eachLine(ctx, s, first-min(first, 1), func(l *traceLine, seq uint64) error {
		if seq >= first+traceBlock {
			return errEnough
		}
		for _, id := range append([]string{l.Record, l.Contact, l.Delivery}, l.Who...) {
			if id == "" {
				continue
			}
			h := s.traceHash(id)
			shards[h%traceShards] = append(shards[h%traceShards], posting{h, uint16(seq - first)})
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	err = s.commit(ctx, func(p *plan) error {
		for i := range shards {
			if len(shards[i]) == 0 {
				continue
			}
			key := traceKey(i, block)
			p.add(Op{Key: key, Val: seal(key, encodePostings(shards[i])), TTL: storyTTL})
		}
		return p.put(keyTraced, block+1, 0)
	})
	if err == nil {
		s.traced(block + 1)
	}
	return err
}

func traceKey(shard int, block uint64) string {
	return fmt.Sprintf("%s%02x/%016x", prefixTrace, shard, block)
}

// traceHash is the salted hash of an id, so that whoever reads a key of the index alone learns nobody's id from it.
func (s *Store) traceHash(id string) uint64 {
	sum := sha256.Sum256([]byte(s.salt + "\x00" + id))
	return binary.BigEndian.Uint64(sum[:])
}

// whoOf is the name of a claim as lines hold it.
func (s *Store) whoOf(identity string) string { return hash(s.salt, "who", identity) }

func encodePostings(ps []posting) []byte {
	slices.SortFunc(ps, func(a, b posting) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.line, b.line)) })
	ps = slices.Compact(ps)
	b := make([]byte, 0, len(ps)*postingSize)
	for _, p := range ps {
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint64(b, p.hash), p.line)
	}
	return b
}

// postingsOf answers the lines of a block that are about an id; b is what encodePostings wrote.
func postingsOf(b []byte, h uint64) (lines []uint16) {
	want := binary.BigEndian.AppendUint64(nil, h)
	n := len(b) / postingSize
	at := func(i int) []byte { return b[i*postingSize : (i+1)*postingSize] }
	low, high := 0, n
	for low < high {
		if mid := low + (high-low)/2; bytes.Compare(at(mid)[:8], want) < 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	for ; low < n && bytes.Equal(at(low)[:8], want); low++ {
		lines = append(lines, binary.BigEndian.Uint16(at(low)[8:]))
	}
	return lines
}

// indexed answers the newest lines that match a filter which names an id, newest first.
func (s *Store) indexed(ctx context.Context, f *StoryFilter, limit int) ([]bridge.Story, error) {
	if err := s.catchUp(ctx); err != nil {
		return nil, fmt.Errorf("index the sync log: %w", err)
	}
	fresh := s.trace.next.Load() * traceBlock
	var lines []bridge.Story
	err := s.lines(ctx, max(f.After, fresh-min(fresh, 1)), func(l *bridge.Story) error {
		if f.match(l) {
			lines = append(lines, *l)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Reverse(lines)
	if len(lines) >= limit {
		return lines[:limit], nil
	}
	seqs, err := s.traceSeqs(ctx, f, fresh)
	if err != nil {
		return nil, err
	}
	for _, seq := range slices.Backward(seqs) {
		if len(lines) >= limit {
			break
		}
		l, err := value[bridge.Story](ctx, s, seqKey(prefixStory, seq))
		switch {
		case errors.Is(err, bridge.ErrNotFound), errors.Is(err, ErrCorrupt): // expired, or noted
		case err != nil:
			return nil, err
		case f.match(&l):
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// traceSeqs answers the numbers of lines before end that may be about the id of a filter, ascending. Of a block whose part of the index is damaged it
// answers all.
func (s *Store) traceSeqs(ctx context.Context, f *StoryFilter, end uint64) (seqs []uint64, err error) {
	h := s.traceHash(f.named())
	prefix := fmt.Sprintf("%s%02x/", prefixTrace, h%traceShards)
	err = s.each(ctx, prefix, func(it *Item) error {
		var block uint64
		if _, err := fmt.Sscanf(it.Key[len(prefix):], "%016x", &block); err != nil {
			return malformed("key %q names no block", it.Key)
		}
		first := block * traceBlock
		if first+traceBlock <= f.After || first >= end {
			return nil // below: of a block that was built since
		}
		b, err := it.payload()
		if err != nil {
			s.note(it.Key)
			for i := range uint64(traceBlock) {
				seqs = append(seqs, first+i)
			}
			return nil
		}
		for _, line := range postingsOf(b, h) {
			seqs = append(seqs, first+uint64(line))
		}
		return nil
	})
	return seqs, err
}
