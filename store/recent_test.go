package store

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestRecent_AnswersWhatWasKeptOrNothing(t *testing.T) {
	r, rng := &recent{}, rand.New(rand.NewPCG(1, 2))
	have := map[uint64]string{}
	seq := uint64(1 << 40)
	for range 50_000 {
		switch rng.IntN(12) {
		case 0:
			seq += uint64(rng.IntN(3 * recentCount))
		case 1, 2:
			old := seq - uint64(rng.IntN(3*recentCount))
			r.drop(old)
			delete(have, old)
		case 3, 4: // a commit that ended late
			late := seq - uint64(rng.IntN(50))
			if have[late] == "" {
				r.keep(late, have, rng)
			}
		default:
			seq++
			r.keep(seq, have, rng)
		}
		old := seq - uint64(rng.IntN(2*recentCount))
		if got := r.get(old); got != nil && string(got) != have[old] {
			t.Fatalf("entry %d is %.20q, want %.20q", old, got, have[old])
		}
	}
	held, n := 0, 0
	for i := range r.slots {
		if r.slots[i].val != nil {
			held, n = held+len(r.slots[i].val), n+1
		}
	}
	if held != r.bytes || held > recentBytes || n == 0 {
		t.Errorf("%d values of %d bytes are held, counted as %d, bound %d", n, held, r.bytes, recentBytes)
	}
}

// keep puts a value that tells its number.
func (r *recent) keep(seq uint64, have map[uint64]string, rng *rand.Rand) {
	val := fmt.Appendf(nil, "%d %0*d", seq, 1+rng.IntN(2000), 7)
	have[seq] = string(val)
	r.put(seq, val)
}

func TestRecent_KeepsTheLastOnes(t *testing.T) {
	r := &recent{}
	for seq := uint64(1); seq <= 3*recentCount; seq++ {
		r.put(seq, []byte{byte(seq)})
	}
	if got := r.run(2*recentCount, 3*recentCount, 2*recentCount, recentBytes); len(got) != recentCount {
		t.Errorf("%d of the last %d entries are kept", len(got), recentCount)
	}
	if r.get(2*recentCount) != nil {
		t.Error("more are kept than the bound")
	}
	big := make([]byte, recentValue)
	for seq := uint64(3*recentCount + 1); seq <= 3*recentCount+100; seq++ {
		r.put(seq, big)
	}
	if r.bytes > recentBytes || r.get(3*recentCount+100) == nil || r.get(3*recentCount+1) != nil {
		t.Errorf("%d bytes are kept of large ones", r.bytes)
	}
	if r.put(3*recentCount+101, make([]byte, recentValue+1)); r.get(3*recentCount+101) != nil {
		t.Error("a value is kept that is larger than the bound")
	}
}

func TestRecent_CountsWhatALateCommitReplaces(t *testing.T) {
	r := &recent{}
	for _, seq := range []uint64{101, recentCount + 60, 50, 60} { // 60 has the place of the second one
		r.put(seq, []byte("four"))
	}
	if r.get(60) == nil || r.get(recentCount+60) != nil || r.bytes != 3*len("four") {
		t.Errorf("%d bytes are counted", r.bytes)
	}
}

func TestRecent_RunEndsBeforeWhatIsNotKept(t *testing.T) {
	r := &recent{}
	for _, seq := range []uint64{12, 11, 13, 15} { // 11 ended after 12; 14 was refused
		r.put(seq, []byte{byte(seq)})
	}
	for _, c := range []struct {
		from, top   uint64
		limit, size int
		want        string
	}{
		{10, 15, 9, 99, "[[11] [12] [13]]"},
		{13, 15, 9, 99, "[]"},
		{14, 15, 9, 99, "[[15]]"},
		{10, 12, 9, 99, "[[11] [12]]"},
		{10, 15, 2, 99, "[[11] [12]]"},
		{10, 15, 9, 1, "[[11]]"},
		{9, 15, 9, 99, "[]"},
	} {
		if got := fmt.Sprint(r.run(c.from, c.top, c.limit, c.size)); got != c.want {
			t.Errorf("after %d up to %d, limits %d and %d: %s, want %s", c.from, c.top, c.limit, c.size, got, c.want)
		}
	}
}
