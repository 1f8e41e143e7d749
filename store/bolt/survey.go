package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"

	"go.etcd.io/bbolt"

	"sfbridge/store"
)

// Lost is a page that does not hold, and with it the keys of a bucket from From on and below To; "" is no end. A page that leads to others loses what
// is behind them too, as far as it cannot be reached.
type Lost struct {
	Page     uint64
	Bucket   string
	From, To string
	Cause    error
}

// String is a sentence: what is wrong, and which keys it concerns.
func (l Lost) String() string {
	text := l.Cause.Error()
	if l.Bucket == "" {
		return text + "; it led to everything"
	}
	switch {
	case l.From == "" && l.To == "":
		return fmt.Sprintf("%s; it held all keys of %q", text, l.Bucket)
	case l.To == "":
		return fmt.Sprintf("%s; it held the keys of %q from %q on", text, l.Bucket, l.From)
	default:
		return fmt.Sprintf("%s; it held the keys of %q from %q to below %q", text, l.Bucket, l.From, l.To)
	}
}

// Problem is one thing that does not hold in a store.
type Problem struct {
	Key  string `json:"key,omitempty"` // of a record, "" otherwise
	Text string `json:"text"`          // a sentence
}

// problemBound is how many problems are kept of one look; a disk that lost more of them needs no longer list.
const problemBound = 10_000

// survey is what a look at every page and every record of a file told. The file is read and never mapped, so that no damage ends the process.
type survey struct {
	verify func(key string, val []byte) error
	every  func(bucket, key string, rec []byte) // gets every record that holds; nil for none
	walker walker

	tally          // of the records that hold
	id      string // of the store
	counter uint64 // of the last commit
	highest uint64 // revision of the records that hold
	stated  *tally // by the last commit; nil where there is none
	whole   bool   // both meta pages are valid
	records []Problem
	found   int    // records on pages that nothing leads to
	more    int    // problems beyond the bound
	lost    []Lost // only with tolerate
	seed    maphash.Seed
	expiry  uint64 // 0 where the order of expiry matches the records
}

// look surveys a file. The error is the first page that does not hold; records that do not are in the survey.
func look(path string, verify func(key string, val []byte) error) (*survey, error) {
	return (&survey{verify: verify}).file(path)
}

// file reads a file; an empty one has nothing to say.
func (s *survey) file(path string) (*survey, error) {
	f, err := os.Open(path)
	if err != nil {
		return s, err
	}
	st, err := f.Stat()
	if err == nil && st.Size() > 0 {
		err = s.over(f, uint64(st.Size()))
	}
	return s, errors.Join(err, f.Close())
}

func (s *survey) begin() { s.seed = maphash.MakeSeed() }

func (s *survey) over(f io.ReaderAt, size uint64) error {
	s.begin()
	_, valid := newest(f)
	s.whole = valid == 2
	s.walker.visit = s.visit
	err := s.walker.walkFile(f, size)
	if err == nil && len(s.lost) > 0 && s.every != nil {
		s.orphans()
	}
	return err
}

// transaction surveys what a transaction holds, by plain reads: none of its pages is written while it lasts. bbolt's own check would hold them against
// the list of free pages, which is the writer's.
func (s *survey) transaction(ctx context.Context, path string, tx *bbolt.Tx) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	s.walker.visit = s.visit
	size := uint64(tx.DB().Info().PageSize)
	err = s.walker.walkFrom(patient{ctx, f}, meta{size: size, root: uint64(tx.Cursor().Bucket().Root()), pages: uint64(tx.Size()) / size})
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return errors.Join(err, f.Close())
}

// patient reads a file until nobody waits for it any more.
type patient struct {
	ctx  context.Context
	file io.ReaderAt
}

func (p patient) ReadAt(b []byte, at int64) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.file.ReadAt(b, at)
}

// tolerate goes on behind pages that do not hold, and takes of them what is whole.
func (s *survey) tolerate() *survey {
	s.walker.lost = func(l Lost, raw []byte) {
		if len(s.lost) < problemBound {
			s.lost = append(s.lost, l)
		}
		s.walker.rescue(l, raw)
	}
	return s
}

// visit looks at one record.
func (s *survey) visit(bucket string, page uint64, key, rec []byte) {
	switch {
	case bucket == string(bucketMeta):
		s.meta(key, rec)
	case bucket == string(bucketTTL):
		s.expiry ^= maphash.Bytes(s.seed, key)
	case bucket != string(bucketKV) && bucket != string(bucketSeq):
		s.note("", "page %d: bucket %q is none of ours", page, bucket)
	default:
		s.record(bucket, page, string(key), rec)
	}
}

func (s *survey) record(bucket string, page uint64, key string, rec []byte) {
	h, val, err := decode(key, rec)
	if err == nil && string(bucketOf(key)) != bucket {
		err = fmt.Errorf("%s: it stands in bucket %q: %w", key, bucket, store.ErrCorrupt)
	}
	if err == nil && store.ValidKey(key) != nil {
		err = fmt.Errorf("key %q is none: %w", key, store.ErrCorrupt)
	}
	if err != nil {
		s.note(key, "%s%w", onPage(page), err)
		return
	}
	s.add(rec)
	s.highest = max(s.highest, h.rev)
	if h.expires != 0 {
		s.expiry ^= maphash.Bytes(s.seed, ttlKey(h.expires, key))
	}
	if s.verify != nil {
		if err := s.verify(key, val); err != nil {
			s.note(key, "%s%w", onPage(page), err)
			return
		}
	}
	if s.every != nil {
		s.every(bucket, key, rec)
	}
}

// onPage begins a sentence where the page is known.
func onPage(page uint64) string {
	if page == 0 {
		return ""
	}
	return fmt.Sprintf("page %d: record ", page)
}

func (s *survey) meta(key, val []byte) {
	var err error
	switch {
	case bytes.Equal(key, metaID):
		s.id = string(val)
	case bytes.Equal(key, metaCounter):
		s.counter, err = number(val)
	case bytes.Equal(key, metaTally):
		var t tally
		if t, err = tallyOf(val); err == nil {
			s.stated = &t
		}
	}
	if err != nil {
		s.note("", "meta %s: %w", key, err)
	}
}

func (s *survey) note(key, format string, args ...any) {
	if len(s.records) == problemBound {
		s.more++
		return
	}
	s.records = append(s.records, Problem{Key: printable(key), Text: printable(fmt.Errorf(format, args...).Error())})
}

// printable keeps damaged keys from reaching a terminal as they are.
func printable(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			quoted := fmt.Sprintf("%q", s)
			return quoted[1 : len(quoted)-1]
		}
	}
	return s
}

// differs says in what the records differ from those of the last commit, "" where they do not or nothing is known.
func (s *survey) differs() string {
	switch {
	case s.stated == nil || *s.stated == s.tally:
		return ""
	case s.stated.count == s.count:
		return fmt.Sprintf("%d records are there as at the last commit, but not the same ones", s.count)
	default:
		return fmt.Sprintf("%d readable records are there, %d at the last commit", s.count, s.stated.count)
	}
}

// problems are all findings, a sentence each.
func (s *survey) problems() []Problem {
	var all []Problem
	for _, l := range s.lost {
		all = append(all, Problem{Text: printable(l.String())})
	}
	if !s.whole {
		all = append(all, Problem{Text: "one of the two meta pages does not hold: the last commit may be missing"})
	}
	all = append(all, s.records...)
	if s.more > 0 {
		all = append(all, Problem{Text: fmt.Sprintf("%d more records do not hold", s.more)})
	}
	if s.found > 0 {
		all = append(all, Problem{Text: fmt.Sprintf("%d records were found on pages that nothing leads to any more: some may be older than the last commit", s.found)})
	}
	if d := s.differs(); d != "" {
		all = append(all, Problem{Text: d})
	}
	if len(s.records)+len(s.lost) == 0 && s.expiry != 0 {
		all = append(all, Problem{Text: "the order of expiry does not match the records"})
	}
	return all
}
