package bolt_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

const pageSize = 4096

// pagesOf answers the pages of a file that are in use, have a flag, 1 for pages that lead to others and 2 for pages with records, and whose first key is
// that of a record and begins so. The order of expiry has pages too, in an order that is another in each file; its keys begin with a time.
func pagesOf(whole []byte, flag uint16, begins string) (at []int) {
	const head, position = 16, 4
	for p := 0; p+pageSize <= len(whole); p += pageSize {
		page := whole[p : p+pageSize]
		if binary.NativeEndian.Uint64(page) != uint64(p/pageSize) || binary.NativeEndian.Uint16(page[8:]) != flag {
			continue
		}
		to := head // where the element says its key is: a branch says it first, a leaf behind its flags
		if flag == 2 {
			to += position
		}
		key := int(binary.NativeEndian.Uint32(page[to:])) + head
		if key+2 <= pageSize && page[key+1] == '/' && bytes.HasPrefix(page[key:], []byte(begins)) {
			at = append(at, p)
		}
	}
	return at
}

// newestMeta answers where the meta page of the last commit is.
func newestMeta(whole []byte) int {
	tx := func(p int) uint64 { return binary.NativeEndian.Uint64(whole[p+16+48:]) }
	if tx(0) > tx(pageSize) {
		return 0
	}
	return pageSize
}

// compacted makes a journal without a free page, so that every damage hits something.
func compacted(t *testing.T, waiting int) (path string, whole []byte) {
	t.Helper()
	path = journal(t, waiting)
	if _, err := bolt.Compact(t.Context(), path, verified()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, whole[:pageSize*binary.NativeEndian.Uint64(whole[newestMeta(whole)+16+40:])] // what follows was never written
}

// TestP12_EveryShapeOfDamageIsNamed is the matrix: what is refused names the file, the place and the remedy and stays as it is, what opens says what is missing.
func TestP12_EveryShapeOfDamageIsNamed(t *testing.T) {
	path, whole := compacted(t, 300)
	patch := func(at int, b ...byte) func([]byte) []byte {
		return func(f []byte) []byte { copy(f[at:], b); return f }
	}
	branch, leaf := pagesOf(whole, 1, "")[0], pagesOf(whole, 2, "e/")[1]
	meta := newestMeta(whole)
	for _, c := range []struct {
		name    string
		spoil   func([]byte) []byte
		refused string // what Open says; "" where it opens
		notes   string
	}{
		{"nothing left", func([]byte) []byte { return nil }, "missing or empty", ""},
		{"three bytes", func(f []byte) []byte { return f[:3] }, "no valid meta page", ""},
		{"cut in half", func(f []byte) []byte { return f[:len(f)/2] }, "cut short", ""},
		{"cut within the last page", func(f []byte) []byte { return f[:len(f)-100] }, "cut short", ""},
		{"something else", func(f []byte) []byte { return bytes.Repeat([]byte("x"), len(f)) }, "no valid meta page", ""},
		{"both metas zeroed", func(f []byte) []byte { clear(f[:2*pageSize]); return f }, "no valid meta page", ""},
		{"newest meta damaged", func(f []byte) []byte { f[meta+40] ^= 1; return f }, "", "meta pages does not hold"},
		{"branch page zeroed", func(f []byte) []byte { clear(f[branch : branch+pageSize]); return f }, fmt.Sprintf("page %d", branch/pageSize), ""},
		{"leaf page zeroed", func(f []byte) []byte { clear(f[leaf : leaf+pageSize]); return f }, fmt.Sprintf("page %d", leaf/pageSize), ""},
		{"page of another number", patch(leaf, 0xff), "says that it is page", ""},
		{"page of unknown flags", patch(leaf+8, 0x77), "flags 0x77", ""},
		{"too many elements", patch(leaf+10, 0xff, 0xff), "do not fit", ""},
		{"element that leads outside", patch(leaf+16+8, 0xff, 0xff, 0xff), "leads outside", ""},
		{"branch that leads outside", patch(branch+16+8, 0xff, 0xff, 0xff), "out of place", ""},
		{"branch that leads to itself", patch(branch+16+8, binary.NativeEndian.AppendUint64(nil, uint64(branch/pageSize))...), "belongs to two", ""},
		{"a value", func(f []byte) []byte { return bytes.ReplaceAll(f, text("wait-7"), text("wait-X")) }, "", "are damaged and left out"},
		{"a key", func(f []byte) []byte {
			return bytes.ReplaceAll(f, []byte("/p/r/003000000000001aaa"), []byte("/p/r/003000000000001aab"))
		}, "", "are damaged and left out"},
		{"an older file", nil, "", "the store is older than it was"},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := spoilt(t, path, whole, c.spoil)
			before, _ := os.ReadFile(to)
			db, err := bolt.Open(to, verified())
			if c.refused == "" {
				if err != nil {
					t.Fatalf("open: %v", err)
				}
				if notes := fmt.Sprint(db.Notes()); !strings.Contains(notes, c.notes) {
					t.Errorf("notes are %s, want %q", notes, c.notes)
				}
				_ = db.Close()
				return
			}
			var hint *bridge.HintError
			if !errors.As(err, &hint) || !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), c.refused) || !strings.Contains(err.Error(), to) {
				t.Errorf("open: %v; want a remedy, the file and %q", err, c.refused)
			}
			if after, _ := os.ReadFile(to); !bytes.Equal(before, after) {
				t.Error("the file was touched")
			}
			if got, err := bolt.Check(t.Context(), to, verified()); err == nil && len(got.Problems) == 0 {
				t.Error("check finds nothing")
			}
		})
	}
}

// spoilt copies a store and what lies beside it, spoils the copy and answers its path. Without a spoil it is an older file than the one known.
func spoilt(t *testing.T, path string, whole []byte, spoil func([]byte) []byte) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "store.db")
	for _, suffix := range []string{".identity", ".highwater"} {
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if spoil == nil {
			b = bytes.Replace(b, []byte(`"counter":`), []byte(`"counter":9`), 1)
		}
		if err := os.WriteFile(to+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := bytes.Clone(whole)
	if spoil != nil {
		b = spoil(b)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

// recordsOf reads all that a store gives to its layers, by key.
func recordsOf(t *testing.T, db *bolt.DB) map[string]string {
	t.Helper()
	all := map[string]string{}
	items, err := db.Scan(t.Context(), "", "", 100_000)
	if err != nil {
		t.Fatalf("scan: %v", err)
	}
	for _, it := range items {
		if it.Err == nil && store.Intact(it.Key, it.Val) == nil {
			all[it.Key] = string(it.Val)
		}
	}
	return all
}

// TestP12_NoDamageStartsWithLessAndSilence damages a store at random, 120 times, in use and without complaint from bbolt or not: within 5 s it is refused in a
// sentence, or it starts, and where it has less or other than was written it says so.
func TestP12_NoDamageStartsWithLessAndSilence(t *testing.T) {
	path, whole := compacted(t, 300)
	db, err := bolt.Open(path, verified())
	if err != nil {
		t.Fatal(err)
	}
	want := recordsOf(t, db)
	_ = db.Close()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	refused, noted, same := 0, 0, 0
	for i := range 120 {
		to := spoilt(t, path, whole, func(b []byte) []byte { return damage(r, b) })
		began := time.Now()
		db, err := bolt.Open(to, verified())
		if err != nil {
			if !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("damage %d: %v", i, err)
			}
			refused++
		} else {
			equal := maps.Equal(recordsOf(t, db), want)
			switch notes := db.Notes(); {
			case len(notes) > 0:
				noted++
			case equal:
				same++
			default:
				t.Errorf("damage %d: the records differ and nothing is said", i)
			}
			_ = db.Close()
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("damage %d took %v", i, took)
		}
	}
	t.Logf("%d refused, %d noted, %d hit nothing", refused, noted, same)
	if refused < 20 || noted < 5 {
		t.Error("too little damage to prove anything")
	}
}

// damage spoils bytes in one of several ways.
func damage(r *rand.Rand, b []byte) []byte {
	page := r.IntN(len(b)/pageSize) * pageSize
	switch r.IntN(10) {
	case 0:
		clear(b[page : page+pageSize])
	case 1:
		b[page+r.IntN(64)] ^= 1 << r.IntN(8)
	case 2, 3, 4, 5, 6:
		b[page+r.IntN(pageSize)] ^= 1 << r.IntN(8)
	case 7:
		copy(b[page:page+pageSize], b[r.IntN(len(b)/pageSize)*pageSize:][:pageSize])
	case 8:
		for i := range 512 {
			b[page+512*r.IntN(8)+i] = byte(r.Uint32())
		}
	default:
		return b[:r.IntN(len(b))]
	}
	return b
}

// TestTally_NoticesRecordsThatAreBackOrGone changes what the last commit says of the records, as a tree of an older commit would, whose pages all hold.
func TestTally_NoticesRecordsThatAreBackOrGone(t *testing.T) {
	path := journal(t, 10)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := bytes.Index(whole, []byte("tally")); at >= 0; {
		whole[at+len("tally")+7]++ // the count of every version
		next := bytes.Index(whole[at+1:], []byte("tally"))
		if next < 0 {
			break
		}
		at += 1 + next
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(path, verified())
	if err != nil {
		t.Fatal(err)
	}
	if notes := fmt.Sprint(db.Notes()); !strings.Contains(notes, "at the last commit") {
		t.Errorf("notes are %s", notes)
	}
	_ = db.Close()
}

func TestSalvage_KeepsWhatCanBeReadAndListsTheRest(t *testing.T) {
	path, whole := compacted(t, 300)
	was := clean(t, path)
	leaves, branch := pagesOf(whole, 2, "e/"), pagesOf(whole, 1, "")[0]
	for _, c := range []struct {
		name  string
		spoil func([]byte) []byte
		most  uint64 // how many records may be lost
		says  string
	}{
		{"nothing", func(f []byte) []byte { return f }, 0, ""},
		{"a value", func(f []byte) []byte { return bytes.Replace(f, text("wait-7"), text("wait-X"), 1) }, 1, "checksum"},
		{"a page", func(f []byte) []byte { clear(f[leaves[1] : leaves[1]+pageSize]); return f }, 20, fmt.Sprintf("page %d", leaves[1]/pageSize)},
		{"the head of a page", func(f []byte) []byte { f[leaves[1]] ^= 0xf; return f }, 0, "says that it is page"},
		{"a branch that leads astray", func(f []byte) []byte { f[branch+16+8] ^= 0x70; return f }, 0, "page"},
		{"the newest meta", func(f []byte) []byte { f[newestMeta(f)+40] ^= 1; return f }, 0, "meta"},
		{"the end", func(f []byte) []byte { return f[:len(f)-3*pageSize] }, 3 * 20, "nothing leads to"}, // three pages
	} {
		t.Run(c.name, func(t *testing.T) {
			from := spoilt(t, path, whole, c.spoil)
			before, _ := os.ReadFile(from)
			to := filepath.Join(t.TempDir(), "salvaged")
			got, err := bolt.Salvage(t.Context(), from, to, verified())
			if err != nil {
				t.Fatal(err)
			}
			if after, _ := os.ReadFile(from); !bytes.Equal(before, after) {
				t.Error("the damaged store was touched")
			}
			if got.Records+c.most < was.Records || got.Records > was.Records {
				t.Errorf("%d of %d records, at most %d may be lost", got.Records, was.Records, c.most)
			}
			var texts []string
			for _, p := range got.Lost {
				texts = append(texts, p.Text)
			}
			if all := strings.Join(texts, "\n"); !strings.Contains(all, c.says) || c.says == "" && all != "" {
				t.Errorf("lost are %s, want %q", all, c.says)
			}
			if _, err := bolt.Restore(t.Context(), from, to, verified()); err != nil {
				t.Fatal(err)
			}
			db, err := bolt.Open(from, verified())
			if err != nil {
				t.Fatal(err)
			}
			if n := len(recordsOf(t, db)); uint64(n) != got.Records {
				t.Errorf("%d records after the restore of %d", n, got.Records)
			}
			_ = db.Close()
		})
	}
}

// text is how a record holds a text: behind its length.
func text(s string) []byte { return append([]byte{byte(2 * len(s))}, s...) }

func TestCheck_TellsEachFindingInASentence(t *testing.T) {
	path, whole := compacted(t, 300)
	leaves := pagesOf(whole, 2, "e/")
	to := spoilt(t, path, whole, func(f []byte) []byte {
		clear(f[leaves[1] : leaves[1]+pageSize])
		return bytes.Replace(f, text("wait-299"), text("wait-XXX"), 1)
	})
	c, err := bolt.Check(context.Background(), to, verified())
	if err != nil {
		t.Fatal(err)
	}
	says := func(text string) bool {
		return slices.ContainsFunc(c.Problems, func(p bolt.Problem) bool { return strings.Contains(p.Text, text) })
	}
	if !says(fmt.Sprintf("page %d", leaves[1]/pageSize)) || !says("checksum does not match") || !says("at the last commit") {
		t.Errorf("problems are %+v", c.Problems)
	}
}
