package bolt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// highWater lies beside the file and says how far the store was once: a file whose newest pages are gone, or an older copy, opens without complaint.
// It is written once a minute and when the store closes, always after the commit it tells of.
type highWater struct {
	Store   string    `json:"store"`
	Counter uint64    `json:"counter"`
	At      time.Time `json:"at"`
	Notes   []Note    `json:"notes,omitempty"`
}

// Note is something that was found wrong when the store was opened. It is kept for a week, since one start's warning is easily missed.
type Note struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"` // a sentence
}

// Bounds of the notes.
const (
	noteTTL   = 7 * 24 * time.Hour
	noteBound = 10
)

func highWaterPath(path string) string { return path + ".highwater" }

// readHighWater answers the zero value where there is none, and an error where it cannot be read, which is no reason not to start.
func readHighWater(path string) (highWater, error) {
	var h highWater
	b, err := os.ReadFile(highWaterPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &h)
	}
	if err != nil {
		return highWater{}, fmt.Errorf("the high-water file %s cannot be read: %w", highWaterPath(path), err)
	}
	return h, nil
}

// compare notes in what the store that was opened falls short.
func (d *DB) compare(s *survey) {
	now := d.now().UTC()
	h, err := readHighWater(d.path)
	d.water = highWater{Store: d.id.Store, Counter: d.counter, At: now}
	for _, n := range h.Notes {
		if h.Store == d.id.Store && now.Sub(n.At) < noteTTL {
			d.water.Notes = append(d.water.Notes, n)
		}
	}
	if err != nil {
		d.note(err.Error())
	}
	if h.Store == d.id.Store && h.Counter > d.counter {
		d.note(fmt.Sprintf("the store is older than it was: operation %d of %s was its last, now it is %d; what was done in between is not known any more",
			h.Counter, h.At.Format(time.RFC3339), d.counter))
	}
	for _, p := range s.warnings() {
		d.note(p)
	}
}

// warnings are what a store that opens falls short in.
func (s *survey) warnings() []string {
	if s.walker.file == nil {
		return nil // a new one
	}
	var all []string
	if !s.whole {
		all = append(all, "one of the two meta pages does not hold: the last commit may be missing")
	}
	if n := len(s.records) + s.more; n > 0 {
		all = append(all, fmt.Sprintf("%d records are damaged and left out, the first is %s: %s", n, s.records[0].Key, s.records[0].Text))
	}
	if diff := s.differs(); diff != "" {
		all = append(all, diff)
	}
	return all
}

func (d *DB) note(text string) {
	for i := range d.water.Notes {
		if d.water.Notes[i].Text == text {
			d.water.Notes[i].At = d.now().UTC()
			return
		}
	}
	d.water.Notes = append(d.water.Notes, Note{d.now().UTC(), text})
	d.water.Notes = d.water.Notes[max(0, len(d.water.Notes)-noteBound):]
}

// Notes are what was found wrong when the store was opened, now and within the last week.
func (d *DB) Notes() []Note { return d.notes }

// mark writes the high-water file if there was a commit since. Only the writer calls it, or whoever closes after it.
func (d *DB) mark() error {
	if d.marked == d.counter {
		return nil
	}
	d.water.Counter, d.water.At = d.counter, d.now().UTC()
	b, err := json.Marshal(d.water)
	if err != nil {
		return fmt.Errorf("encode the high-water file: %w", err)
	}
	if err := writeDurably(highWaterPath(d.path), append(b, '\n')); err != nil {
		return fmt.Errorf("write the high-water file: %w", err)
	}
	d.marked = d.counter
	return nil
}
