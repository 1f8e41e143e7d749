package bolt_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
)

// BenchmarkStory is the whole walk of a delivery that ends with a line of the sync log, the index of the log included: what a settled delivery costs.
func BenchmarkStory(b *testing.B) {
	o := open(b, b.TempDir(), time.Now)
	defer o.Stop()
	s := store.New(o.KV, store.Options{})
	if err := s.Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var rest sync.WaitGroup
	rest.Go(func() { foldAll(b, s) })
	tickets := make(chan struct{}, b.N)
	for range b.N {
		tickets <- struct{}{}
	}
	close(tickets)
	for range 64 {
		rest.Go(func() {
			for range tickets {
				if err := carryOne(b, s); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	produce(b, 64, func(n int) error {
		return s.Append(b.Context(), []bridge.Entry{{
			Kind: bridge.ChangeEntry, At: time.Now(),
			Change: &bridge.Change{Org: "00D000000000001EAA", Event: fmt.Sprintf("4f6c1f0e-4c1b-4a53-9b64-%012d", n), Object: "Contact", Type: bridge.Update,
				Origin:  bridge.Origin{API: "com/salesforce/api/rest/66.0", Client: "loader", User: "005000000000001AAA"},
				Changed: []bridge.Field{"Email", "LastName"}, Values: bridge.Fields{"Email": bridge.TextValue("mei@example.com"), "LastName": bridge.TextValue("Tan")}},
			Deliveries: []bridge.Delivery{{
				ID: bridge.DeliveryID(fmt.Sprintf("%032d", n)), Kind: bridge.Append, Transfer: "contacts", Object: "Contact", Dirty: []bridge.Field{"Email", "LastName"},
				Lane: bridge.Lane{Org: "00D000000000001EAA", Project: "p", Direction: bridge.Outbound, Source: fmt.Sprint(n % 5000)},
			}},
		}}, nil)
	})
	rest.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "settled/s")
}

func foldAll(b *testing.B, s *store.Store) {
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
}

func carryOne(b *testing.B, s *store.Store) error {
	w, err := s.Next(b.Context(), bridge.Outlet{Project: "p", Direction: bridge.Outbound})
	if err != nil {
		return err
	}
	d := w.Head()
	return s.Settle(b.Context(), w, bridge.Effects{Story: []bridge.Story{{
		At: time.Now(), Org: d.Lane.Org, Project: "p", Transfer: d.Transfer, Direction: bridge.Outbound, Object: d.Object, Record: "003000000000001AAA",
		Contact: bridge.ContactID(d.Lane.Source), Delivery: d.ID, Outcome: bridge.Sent, Op: bridge.OpUpdate, Fields: []string{"email", "lastName"}, TookMS: 12.3,
	}}})
}
