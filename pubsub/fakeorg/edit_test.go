package fakeorg

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
)

func BenchmarkDo_Creates200Contacts(b *testing.B) {
	org := New(Options{})
	for b.Loop() {
		err := org.Do(func(tx *Tx) error {
			for range 200 {
				if _, err := tx.Create("Contact", fields{"LastName": "L", "Email": "a@x.io"}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func TestCommits_ReachTheBusInTheirOrder(t *testing.T) {
	d := newDesk(t, Options{})
	id := d.created("Contact", fields{"LastName": "Shared"})
	var writers sync.WaitGroup
	for n := range 8 {
		writers.Go(func() {
			for i := range 25 {
				body := fields{"Title": fmt.Sprintf("%d.%d", n, i)}
				if w := d.do(http.MethodPatch, "/sobjects/Contact/"+id, body); w.Code != http.StatusNoContent {
					t.Errorf("status %d: %s", w.Code, w.Body)
				}
				d.query("SELECT Title FROM Contact WHERE Id = '" + id + "'")
			}
		})
	}
	writers.Wait()
	events := d.org.Events()
	for i := 1; i < len(events); i++ {
		if events[i].Header.Number <= events[i-1].Header.Number {
			t.Fatalf("commit %d follows %d", events[i].Header.Number, events[i-1].Header.Number)
		}
	}
	if len(events) != 201 || d.org.APICalls() != 401 {
		t.Errorf("%d events, %d calls", len(events), d.org.APICalls())
	}
}
