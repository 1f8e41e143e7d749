package pubsub_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"sfbridge/pubsub/fakeorg"
)

// TestSubscriber_LosesNothingAndKeepsOrderInTrouble draws troubles of all kinds; SFBRIDGE_SEED repeats one drawing, SFBRIDGE_ROUNDS draws more.
func TestSubscriber_LosesNothingAndKeepsOrderInTrouble(t *testing.T) {
	rounds, seed := 8, time.Now().UnixNano()
	if n, err := strconv.Atoi(os.Getenv("SFBRIDGE_ROUNDS")); err == nil {
		rounds = n
	}
	if n, err := strconv.ParseInt(os.Getenv("SFBRIDGE_SEED"), 10, 64); err == nil {
		rounds, seed = 1, n
	}
	for i := range rounds {
		chaos(t, seed+int64(i))
	}
}

func chaos(t *testing.T, seed int64) {
	t.Logf("SFBRIDGE_SEED=%d", seed)
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	inBubble(t, fakeorg.Options{Retention: 100 * 24 * time.Hour}, func(s *stand) {
		s.works(60, 2*time.Minute)
		troubles := []func(){
			func() { s.org.CloseStreams(codes.OK, "") },
			func() { s.org.CloseStreams(codes.Unavailable, "") },
			func() { s.org.StreamFault("service.unavailable", 1+r.IntN(3)) },
			func() { s.org.StreamFault("service.protection.triggered", 1) },
			func() { s.org.FailSchemas(r.IntN(4)) },
			func() { s.org.Revoke("") },
			func() { s.wire.cut(false) },
			func() { s.wire.cut(true); s.wait(time.Duration(r.IntN(3600)) * time.Second); s.wire.cut(false) },
			func() { s.org.Stall(); s.wait(time.Duration(r.IntN(600)) * time.Second); s.org.Unstall() },
			func() { s.end(); s.wait(time.Duration(r.IntN(7200)) * time.Second); s.begin() },
			func() { s.end(); s.begin() },
			func() { s.journal.set(func(j *journal) { j.refuse = errors.New("disk is full") }) },
			func() { s.journal.set(func(j *journal) { j.refuse = nil }) },
			func() { s.journal.set(func(j *journal) { j.slow = time.Duration(r.IntN(2000)) * time.Millisecond }) },
			func() { s.journal.set(func(j *journal) { j.slow = 0 }) },
		}
		for range 60 {
			s.change(r.IntN(40))
			s.wait(time.Duration(r.IntN(5000)) * time.Millisecond)
			troubles[r.IntN(len(troubles))]()
		}
		s.journal.set(func(j *journal) { j.refuse, j.slow = nil, 0 })
		s.arrives(2 * time.Hour)
		if len(s.journal.now().holes) != 1 || len(s.journal.now().quarantine) != 0 {
			s.Errorf("holes %+v, quarantined %+v", s.journal.now().holes, s.journal.now().quarantine)
		}
		s.works(60, time.Second)
	})
}
