package rule

import (
	"strings"
	"sync"

	"sfbridge/bridge"
)

const (
	// keptReadings bounds the phones that are kept of one region, twice: those read last, and those before them. Each takes some 400 bytes.
	keptReadings = 1024
	// longestKept bounds the text of one: no phone is longer, and what is longer is read each time.
	longestKept = 64
)

// numbering reads the phones of one region. One delivery reads a number several times, to map it, to compare it and to look somebody up by it, and its
// echo does so again; so the readings made last are kept. What is read depends on the text alone.
type numbering struct {
	region string

	mu          sync.Mutex
	now, before map[string]reading
}

// reading is a text as a phone number; ok reports whether it is one.
type reading struct {
	number
	ok bool
}

// read is readPhone in the region.
func (g *numbering) read(text string) (number, bool) {
	if len(text) > longestKept {
		return readPhone(text, g.region)
	}
	if r, kept := g.kept(text); kept {
		return r.number, r.ok
	}
	n, ok := readPhone(text, g.region)
	g.keep(text, reading{n, ok})
	return n, ok
}

func (g *numbering) kept(text string) (reading, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r, kept := g.now[text]; kept {
		return r, true
	}
	r, kept := g.before[text]
	if kept {
		g.keepLocked(text, r)
	}
	return r, kept
}

func (g *numbering) keep(text string, r reading) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keepLocked(text, r)
}

func (g *numbering) keepLocked(text string, r reading) {
	if g.now == nil || len(g.now) >= keptReadings {
		g.now, g.before = make(map[string]reading), g.now
	}
	g.now[text] = r
}

// phone is Phone in the region.
func (g *numbering) phone(text string) string {
	n, ok := g.read(text)
	if !ok {
		return strings.TrimSpace(text)
	}
	return n.e164
}

// written is the phone of v in a form; as it was said where the form is, or where it is no phone.
func (g *numbering) written(v bridge.Value, f bridge.PhoneForm) bridge.Value {
	if !v.Known() || v.IsNull() || f == bridge.PhoneAsSaid {
		return v
	}
	n, ok := g.read(v.Text)
	if !ok {
		return v
	}
	return bridge.TextValue(n.written(f, g.region))
}

// same reports whether two texts are one number. Extensions that differ make them two; strict tells one that is named from none as well.
func (g *numbering) same(a, b string, strict bool) bool {
	x, ok1 := g.read(a)
	y, ok2 := g.read(b)
	if !ok1 || !ok2 {
		return strings.TrimSpace(a) == strings.TrimSpace(b)
	}
	return x.e164 == y.e164 && (x.ext == y.ext || !strict && (x.ext == "" || y.ext == ""))
}
