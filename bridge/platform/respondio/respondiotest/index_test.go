package respondiotest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestFake_FindsByTheNewestFields holds the index against a look at every contact.
func TestFake_FindsByTheNewestFields(t *testing.T) {
	f, random := New(Options{}), rand.New(rand.NewPCG(1, 2))
	var ids []uint64
	for range 2000 {
		mail := []string{"", fmt.Sprintf("M%d@example.com", random.IntN(20)), fmt.Sprintf("m%d@example.com", random.IntN(20))}[random.IntN(3)]
		switch n := random.IntN(4); {
		case n == 0 || len(ids) == 0:
			ids = append(ids, f.Create(map[string]string{"firstName": "x", "email": mail}).ID)
		case n == 1:
			_ = f.Delete(ids[random.IntN(len(ids))])
		default:
			_, _ = f.Edit(ids[random.IntN(len(ids))], map[string]string{"email": mail})
		}
		want := map[string]uint64{}
		for _, c := range f.Contacts() {
			if m := strings.ToLower(c.Get("email")); m != "" && want[m] == 0 {
				want[m] = c.ID
			}
		}
		for i := range 20 {
			m := fmt.Sprintf("m%d@example.com", i)
			var got uint64
			if c := f.findLocked("email", m); c != nil {
				got = c.ID
			}
			if got != want[m] {
				t.Fatalf("%s: %d, want %d", m, got, want[m])
			}
		}
	}
}
