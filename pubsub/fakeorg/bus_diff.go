package fakeorg

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// Long text that changed a little is told as a difference:
//
//	---                        no name
//	+++ 9f86d0…                SHA-256 of the new text with CRLF between its lines
//	@@ -4,3 +4,3 @@            one hunk, with up to three lines around it
//
// See "Sending Data Differences" of the Change Data Capture guide.

const (
	diffFrom    = 1000 // characters that a text must have
	diffContext = 3
)

// DiffLongText makes updates of long text tell differences where the documents say that they may; otherwise they carry the whole text.
func (o *Org) DiffLongText(on bool) { o.bus.locked(func() { o.bus.diffs = on }) }

// differences returns the texts of an update that are told as differences, by REST name.
func (b *bus) differences(e Edit) map[string]string {
	if !b.diffs || e.Kind != KindUpdate || e.Before == nil {
		return nil
	}
	out := map[string]string{}
	for _, name := range e.Changed {
		f := e.Object.Find(name)
		if f == nil || f.Type != "textarea" || f.Length <= 255 || f.Hidden {
			continue
		}
		was, _ := e.Before[name].(string)
		is, _ := e.Row[name].(string)
		if text, ok := difference(was, is); ok {
			out[name] = text
		}
	}
	return out
}

// difference returns the difference of two texts, or false where the whole new text is told: it is short, half of it or a quarter of
// its lines changed, or the difference is no shorter.
func difference(was, is string) (string, bool) {
	if len([]rune(is)) < diffFrom || was == "" {
		return "", false
	}
	a, b := linesOf(was), linesOf(is)
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	gone, come := a[head:len(a)-tail], b[head:len(b)-tail]
	size := max(len(strings.Join(gone, "\n")), len(strings.Join(come, "\n")))
	if 2*size > len(is) || 4*max(len(gone), len(come)) > len(b) {
		return "", false
	}
	text := hunk(a, b, head, tail)
	return text, len(text) < len(is)
}

func linesOf(text string) []string {
	return strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
}

// hunk writes what lies between the equal head and tail of two texts.
func hunk(a, b []string, head, tail int) string {
	before, after := min(head, diffContext), min(tail, diffContext)
	from := head - before
	sum := sha256.Sum256([]byte(strings.Join(b, "\r\n")))
	out := []string{"--- ", fmt.Sprintf("+++ %x", sum),
		fmt.Sprintf("@@ -%d,%d +%d,%d @@", from+1, len(a)-tail+after-from, from+1, len(b)-tail+after-from)}
	marked := func(mark string, lines []string) {
		for _, line := range lines {
			out = append(out, mark+line)
		}
	}
	marked(" ", a[from:head])
	marked("-", a[head:len(a)-tail])
	marked("+", b[head:len(b)-tail])
	marked(" ", a[len(a)-tail:len(a)-tail+after])
	return strings.Join(out, "\n")
}

// diffPlaces returns where an update's differences stand.
func (s *schema) diffPlaces(d draft) []string {
	if len(d.diffs) == 0 {
		return nil
	}
	var all []place
	for name := range d.diffs {
		if p, ok := s.places[name]; ok && d.changed[name] {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b place) int { return a.top - b.top })
	return bitmaps(all)
}
