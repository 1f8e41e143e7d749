package bolt_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
)

// BenchmarkJournal compares a durable append and a whole walk (append, fold, next, settle) with the floor: the same bytes written to a log with one
// fdatasync for all that wait. One operation is one entry; producers do one after the other.
func BenchmarkJournal(b *testing.B) {
	for _, producers := range []int{64, 256} {
		b.Run(fmt.Sprintf("floor-%d", producers), func(b *testing.B) { benchFloor(b, producers) })
		b.Run(fmt.Sprintf("append-%d", producers), func(b *testing.B) { benchAppend(b, producers, false) })
		b.Run(fmt.Sprintf("walk-%d", producers), func(b *testing.B) { benchAppend(b, producers, true) })
	}
}

// produce spreads b.N operations over the producers.
func produce(b *testing.B, producers int, op func(n int) error) {
	b.ResetTimer()
	var wg sync.WaitGroup
	for p := range producers {
		wg.Go(func() {
			for n := p; n < b.N; n += producers {
				if err := op(n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func benchFloor(b *testing.B, producers int) {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	type waiting struct {
		val  []byte
		done chan error
	}
	queue := make(chan waiting, 1024)
	defer close(queue)
	go func() {
		for w := range queue {
			group := []waiting{w}
			var buf bytes.Buffer
			for more := true; more; {
				select {
				case w, ok := <-queue:
					if more = ok; ok {
						group = append(group, w)
					}
				default:
					more = false
				}
			}
			for _, w := range group {
				buf.Write(w.val)
			}
			_, err := f.Write(buf.Bytes())
			if err == nil {
				err = f.Sync()
			}
			for _, w := range group {
				w.done <- err
			}
		}
	}()
	val := make([]byte, 500)
	produce(b, producers, func(int) error {
		w := waiting{val, make(chan error, 1)}
		queue <- w
		return <-w.done
	})
}

func benchAppend(b *testing.B, producers int, whole bool) {
	o := open(b, b.TempDir(), time.Now)
	defer o.Stop()
	s := store.New(o.KV, store.Options{})
	if err := s.Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var rest sync.WaitGroup
	if whole {
		carry(b, s, &rest)
	}
	produce(b, producers, func(n int) error {
		return s.Append(b.Context(), []bridge.Entry{{
			Kind: bridge.CallbackEntry, At: time.Now(), Dedup: fmt.Sprint(n), DedupFor: time.Hour,
			Callback: &bridge.Callback{Event: fmt.Sprint(n), Body: make([]byte, 200)},
			Deliveries: []bridge.Delivery{{
				ID: bridge.DeliveryID(fmt.Sprint(n)), Kind: bridge.Append,
				Lane: bridge.Lane{Org: "00D000000000001EAA", Project: "p", Direction: bridge.Outbound, Source: fmt.Sprint(n % 5000)},
			}},
		}}, nil)
	})
	b.StopTimer()
	rest.Wait()
}

// carry folds, and settles with 64 workers, until b.N entries are settled.
func carry(b *testing.B, s *store.Store, wg *sync.WaitGroup) {
	tickets := make(chan struct{}, b.N)
	for range b.N {
		tickets <- struct{}{}
	}
	close(tickets)
	wg.Go(func() {
		for n := 0; n < b.N; {
			es, err := s.Unfolded(b.Context(), 256)
			if err == nil {
				err = s.Fold(b.Context(), es, nil, nil)
			}
			if err != nil {
				b.Error(err)
				return
			}
			n += len(es)
		}
	})
	for range 64 {
		wg.Go(func() {
			for range tickets {
				w, err := s.Next(b.Context(), bridge.Outlet{Project: "p", Direction: bridge.Outbound})
				if err == nil {
					err = s.Settle(b.Context(), w, bridge.Effects{})
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
}
