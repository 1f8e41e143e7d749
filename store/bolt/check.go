package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"go.etcd.io/bbolt"

	"sfbridge/bridge"
)

// Checked tells what a look at a whole store found.
type Checked struct {
	Store    string    `json:"store"`
	Counter  uint64    `json:"counter,string"` // the last operation
	Records  uint64    `json:"records,string"` // that can be read
	Problems []Problem `json:"problems"`       // a sentence each, none where all is well
}

// Check looks at every page and every record of a store that no process has open. It only reads.
func Check(_ context.Context, path string, o Options) (Checked, error) {
	release, err := lock(path, lockShared)
	if err != nil {
		return Checked{}, err
	}
	defer release()
	s, err := (&survey{verify: o.Verify}).tolerate().file(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Checked{}, bridge.Hint(fmt.Errorf("there is no store: %w", err), "name the configuration of the store with -c FILE")
	}
	all := s.problems()
	if err != nil {
		all = append([]Problem{{Text: err.Error()}}, all...)
	} else if s.id == "" {
		all = append(all, Problem{Text: "it is empty, or no store of sfbridge"})
	}
	if h, err := readHighWater(path); err != nil {
		all = append(all, Problem{Text: err.Error()})
	} else if h.Store == s.id && h.Counter > s.counter {
		all = append(all, Problem{Text: fmt.Sprintf("the store is older than it was: operation %d was its last, now it is %d", h.Counter, s.counter)})
	}
	if known, err := readIdentity(path); err == nil && known.Store != "" && s.id != "" && known.Store != s.id {
		all = append(all, Problem{Text: fmt.Sprintf("the store has id %s, its identity file says %s", s.id, known.Store)})
	}
	if len(s.lost) == 0 && err == nil {
		all = append(all, treeProblems(path, o)...)
	}
	return Checked{s.id, s.counter, s.count, all}, nil
}

// treeProblems are what bbolt's own check finds in a file whose pages can be followed.
func treeProblems(path string, o Options) (all []Problem) {
	defer func() {
		if p := recover(); p != nil {
			all = append(all, Problem{Text: fmt.Sprint(p)})
		}
	}()
	b, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: o.LockTimeout, PreLoadFreelist: true})
	if err != nil {
		return []Problem{{Text: err.Error()}}
	}
	if err := checkPages(b); err != nil {
		all = append(all, Problem{Text: err.Error()})
	}
	if err := b.Close(); err != nil {
		all = append(all, Problem{Text: err.Error()})
	}
	return all
}

// Check looks at every page and every record while the store goes on. What was found when it was opened is among the problems.
func (d *DB) Check(ctx context.Context) (Checked, error) {
	s := &survey{verify: d.verify}
	s.begin()
	s.whole = true // the writer changes them; the notes tell of them as they were
	err := d.view(ctx, func(tx *bbolt.Tx) error { return s.tolerate().transaction(ctx, d.path, tx) })
	if err != nil {
		return Checked{}, fmt.Errorf("check: %w", err)
	}
	all := s.problems()
	for _, n := range d.Notes() {
		all = append(all, Problem{Text: "noted " + n.At.Format("2006-01-02 15:04") + ": " + n.Text})
	}
	return Checked{s.id, s.counter, s.count, all}, nil
}
