package fakeorg

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// longText is a text of so many lines.
func longText(lines int, end string) string {
	var out []string
	for i := range lines {
		out = append(out, fmt.Sprintf("line %d of a text that goes on for a while", i))
	}
	return strings.Join(out, end)
}

// wide is a text of eight long lines, the two in the middle being the longest.
func wide(edge, middle string) string {
	line := func(s string, n int) string { return strings.Repeat(strings.Repeat(s, n)+"\n", 3) }
	return line(edge, 100) + strings.Repeat(strings.Repeat(middle, 290)+"\n", 2) + strings.TrimSuffix(line(edge, 100), "\n")
}

// patch applies a difference to the text it was made from, as a reader would: by what the hunk says, line by line.
func patch(t *testing.T, was, diff string) string {
	t.Helper()
	lines := strings.Split(diff, "\n")
	var from, count, to, size int
	if _, err := fmt.Sscanf(lines[2], "@@ -%d,%d +%d,%d @@", &from, &count, &to, &size); err != nil {
		t.Fatalf("hunk %q: %v", lines[2], err)
	}
	old := strings.Split(strings.ReplaceAll(was, "\r\n", "\n"), "\n")
	out, at := append([]string(nil), old[:from-1]...), from-1
	for _, line := range lines[3:] {
		switch mark, text := line[:1], line[1:]; {
		case mark == "+":
			out = append(out, text)
		case old[at] != text:
			t.Fatalf("the hunk has %q where the text has %q", text, old[at])
		case mark == " ":
			out = append(out, text)
			at++
		default:
			at++
		}
	}
	if at != from-1+count || len(out)-(from-1) != size || from != to {
		t.Errorf("the hunk's counts are wrong: %q, read to %d, wrote %d", lines[2], at, len(out)-(from-1))
	}
	whole := strings.Join(append(out, old[at:]...), "\r\n")
	if want := fmt.Sprintf("+++ %x", sha256.Sum256([]byte(whole))); lines[0] != "--- " || lines[1] != want {
		t.Errorf("head %q, %q, want %q", lines[0], lines[1], want)
	}
	return whole
}

func TestDiffLongText_TellsWhatLeadsFromOneTextToTheOther(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		was := longText(60+random.IntN(40), "\n")
		lines := strings.Split(was, "\n")
		at, n := random.IntN(len(lines)), random.IntN(6)
		n = min(n, len(lines)-at)
		fresh := strings.Split(strings.Repeat("new "+strconv.Itoa(random.IntN(9))+"\n", random.IntN(5)), "\n")
		is := strings.Join(append(append(append([]string(nil), lines[:at]...), fresh...), lines[at+n:]...), "\n")
		diff, ok := difference(was, is)
		if !ok {
			t.Fatalf("%d lines for %d at %d of %d come whole", len(fresh), n, at, len(lines))
		}
		if got := strings.ReplaceAll(patch(t, was, diff), "\r\n", "\n"); got != is {
			t.Fatalf("patched:\n%s\nwant:\n%s\nby:\n%s", got, is, diff)
		}
	}
}

func TestDiffLongText_ComesWholeWhereTheDocumentsWantIt(t *testing.T) {
	long := longText(40, "\r\n")
	for name, c := range map[string]struct{ was, is string }{
		"short":                {longText(5, "\n"), longText(5, "\n") + "x"},
		"one line":             {strings.Repeat("a", 2000), strings.Repeat("a", 1999) + "b"},
		"half of it changed":   {long, longText(18, "\r\n") + strings.Repeat("\r\nother text of about the length of the line", 22)},
		"a quarter of lines":   {strings.Repeat("a\n", 900) + long, strings.Repeat("b\n", 900) + long},
		"nothing was there":    {"", long},
		"no shorter than that": {wide("a", "b"), wide("a", "c")},
	} {
		if diff, ok := difference(c.was, c.is); ok {
			t.Errorf("%s: told as %q", name, diff)
		}
	}
}

func TestDiffLongText_StandsInTheEventAndItsHeader(t *testing.T) {
	o := New(Options{})
	was := longText(50, "\r\n")
	id, err := o.Create("Contact", map[string]any{"LastName": "L", "Description": was})
	if err != nil {
		t.Fatal(err)
	}
	is := strings.Replace(was, "line 7 ", "line seven ", 1)
	o.DiffLongText(true)
	if err := o.Update("Contact", id, map[string]any{"Description": is, "Title": "T"}); err != nil {
		t.Fatal(err)
	}
	e := last(t, o)
	header, body := decode(t, o, e)
	if got := patch(t, was, body["Description"].(string)); got != is {
		t.Errorf("patched %q", got)
	}
	s, err := newSchema(o.object("Contact"))
	if err != nil {
		t.Fatal(err)
	}
	if want := bitmaps([]place{s.places["Description"]})[0]; len(header["diffFields"].([]any)) != 1 || header["diffFields"].([]any)[0] != want || body["Title"] != "T" {
		t.Errorf("header %v, body %v", header, body)
	}
	o.DiffLongText(false)
	if err := o.Update("Contact", id, map[string]any{"Description": was}); err != nil {
		t.Fatal(err)
	}
	if header, body := decode(t, o, last(t, o)); body["Description"] != was || len(header["diffFields"].([]any)) != 0 {
		t.Errorf("switched off, the event says %v", body["Description"])
	}
}

func TestDiffLongText_MergesOnlyWhatIsTheSameDifference(t *testing.T) {
	o := New(Options{})
	o.DiffLongText(true)
	text := longText(50, "\n")
	var ids []string
	for _, first := range []string{"a\n", "a\n", "b\n"} {
		id, err := o.Create("Contact", map[string]any{"LastName": "L", "Description": first + text})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	n := len(o.Events())
	if err := o.Do(func(tx *Tx) error {
		for _, id := range ids {
			if err := tx.Update("Contact", id, map[string]any{"Description": "c\n" + text}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if events := o.Events()[n:]; len(events) != 2 || len(events[0].Header.Records) != 2 {
		t.Errorf("events %v", told(o)[n:])
	}
}
