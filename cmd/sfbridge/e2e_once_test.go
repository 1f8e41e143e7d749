package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/bridge/status"
	"sfbridge/pubsub/fakeorg"
	"sfbridge/store/bolt"
)

// roll is who has been called at the far end: the number of each edit, and how often it came.
type roll struct {
	mu     sync.Mutex
	times  []int
	newest []int // by person
	come   int   // how many have come
	behind int   // edits that came after a newer one of the same person
	odds   []string
}

// syncTime is what a commit takes on an ordinary disk. Without it a commit takes no virtual time, so that almost every step has one of its own.
const syncTime = 2 * time.Millisecond

// syncing has a commit take its time. Only the writer waits, and nobody waits for a lock that it holds.
func syncing(p bolt.Point, _ []string) {
	if p == bolt.BeforeCommit {
		time.Sleep(syncTime)
	}
}

var numbered = regexp.MustCompile(`edit ([0-9]+)z`)

func (r *roll) call(body string, people int) {
	m := numbered.FindStringSubmatch(body)
	if m == nil {
		return
	}
	n, _ := strconv.Atoi(m[1])
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.times[n]++; r.times[n] == 1 {
		r.come++
	}
	p := n % people
	if r.times[n] > 1 || n < r.newest[p] {
		r.odds = append(r.odds, fmt.Sprintf("edit %d for the %d. time, the newest was %d, at %v", n, r.times[n], r.newest[p], time.Now()))
	}
	if n < r.newest[p] {
		r.behind++
	} else {
		r.newest[p] = n
	}
}

func (r *roll) have(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.come == n
}

// odd counts the edits that came never and those that came more than once.
func (r *roll) odd() (never, again int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, times := range r.times {
		switch {
		case times == 0:
			never++
		case times > 1:
			again++
		}
	}
	return never, again
}

// TestBridge_AppliesEveryEditOnceAndInOrderOverChangesOfTheSchema has people edited in Salesforce while an admin adds fields and streams break: each
// edit arrives at the platform in one call, and those of one person in order. Nobody is edited again before his last edit has arrived, or edits would
// be told together, as they should. SFBRIDGE_EVENTS takes more than the gate does, such as 1000000.
func TestBridge_AppliesEveryEditOnceAndInOrderOverChangesOfTheSchema(t *testing.T) {
	t.Parallel()
	people, waves := crowdOf(t, 500), 8
	if n, err := strconv.Atoi(os.Getenv("SFBRIDGE_EVENTS")); err == nil {
		waves = max(2, n/people)
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{seed: 1, org: fakeorg.Options{Retention: time.Hour, DeliveryMax: -1}}, nil)
		defer b.close()
		b.w.reached = syncing
		r := &roll{times: make([]int, waves*people), newest: make([]int, people)}
		b.sim.heard(func(q respondiotest.Request) {
			if q.Status >= 200 && q.Status < 300 {
				r.call(string(q.Body), people)
			}
		})
		b.start()
		var records []string
		began, schemas, breaks := time.Now(), 0, 0
		for n := range waves * people {
			if n%people == 0 {
				b.until(fmt.Sprintf("%d edits have arrived", n), 10*time.Minute, func() bool { return r.have(n) })
				if n/people%max(1, waves/20) == 0 {
					t.Logf("%d edits have arrived", n)
				}
			}
			if at := n % (people * max(1, waves/10)); at == people/3 && schemas < 10 {
				schemas++
				if err := b.sim.org.AddField("Contact", fakeorg.FieldSeed{Name: fmt.Sprintf("F%d__c", n), Type: "string", Length: 9}, "Title"); err != nil {
					t.Fatal(err)
				}
			}
			if at := n % (people * max(1, waves/6)); at == people/2 {
				breaks++
				b.sim.org.CloseStreams(codes.Unavailable, "")
			}
			name := fmt.Sprintf("edit %dz", n)
			if n < people {
				id, err := b.sim.org.Create("Contact", map[string]any{"LastName": name, "Email": email(n)})
				if err != nil {
					t.Fatal(err)
				}
				records = append(records, id)
			} else if err := b.sim.org.Update("Contact", records[n%people], map[string]any{"LastName": name}); err != nil {
				t.Fatal(err)
			}
		}
		b.until("all edits have arrived", 10*time.Minute, func() bool { return r.have(waves * people) })
		time.Sleep(5 * time.Minute) // whoever comes twice has come by now
		if never, again := r.odd(); never+again+r.behind > 0 {
			t.Errorf("%d edits never came, %d came more than once, %d came after newer ones: %q", never, again, r.behind, r.odds)
		}
		if c := len(b.sim.crm.Contacts()); c != people {
			t.Errorf("%d contacts, want %d", c, people)
		}
		ofDisk := func(a status.Alarm) bool { return a.Name == "disk" } // how full that of the test is says nothing of us
		if c, alarms := b.app.store.Counts(), slices.DeleteFunc(b.app.snapshot(t.Context()).Alarms, ofDisk); c.Unfolded != 0 || len(alarms) != 0 {
			t.Errorf("not at rest: %+v, alarms %+v", c, alarms)
		}
		t.Logf("%d edits of %d people over %d schemas and %d breaks, in %v", waves*people, people, schemas+1, breaks, time.Since(began))
	})
}
