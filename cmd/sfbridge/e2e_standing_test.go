package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/status"
	"sfbridge/pubsub/fakeorg"
)

// elsewhere is another address of the org.
const elsewhere = "127.0.0.2:3"

// answersElsewhere serves the org at elsewhere too, and counts what comes there.
func (b *bench) answersElsewhere() *atomic.Int64 {
	b.t.Helper()
	l, err := b.w.listen(b.t.Context(), elsewhere)
	if err != nil {
		b.t.Fatal(err)
	}
	calls, org := &atomic.Int64{}, b.sim.org.Handler()
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		org.ServeHTTP(w, r)
	})}
	b.run.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			b.t.Error(err)
		}
	})
	end := b.end
	b.end = func() { _ = server.Close(); end() }
	return calls
}

// moves are what may become of an org's address while the daemon runs.
var moves = map[string]struct {
	do    func(o *fakeorg.Org)
	holes int
}{
	"it moves to another instance":         {func(o *fakeorg.Org) { o.Migrate("http://" + elsewhere) }, 1},
	"it is given another name":             {func(o *fakeorg.Org) { o.Rename("http://" + elsewhere) }, 0},
	"it is given another name, twice over": {func(o *fakeorg.Org) { o.Rename("http://" + elsewhere); o.Revoke("") }, 0},
}

// TestBridge_FollowsAnOrgToItsNewAddress has people edited before, while and after an org moves: what the old instance had not told yet is told by nobody.
func TestBridge_FollowsAnOrgToItsNewAddress(t *testing.T) {
	t.Parallel()
	for name, c := range moves {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			undergo(t, simOptions{seed: 115, fields: everyAttribute()}, everyField, func(t *testing.T, x *ordeal) {
				calls := x.answersElsewhere()
				x.filled("the first run")
				k := newCast(x)
				k.works("before")
				_, holes := x.left()
				time.Sleep(10 * time.Second)
				x.sim.org.Stall()
				k.together(func(i int) map[string]any { return map[string]any{"LastName": fmt.Sprint("Lim ", i)} })
				k.must(x.sim.org.Delete("Contact", k.records[3]))
				c.do(x.sim.org)
				k.must(x.sim.org.AddField("Contact", fakeorg.FieldSeed{Name: "Late__c", Type: "string", Length: 9}, "Title")) // a schema that nobody has read
				x.sim.org.Unstall()
				x.clash(6, time.Second)
				k.same("meanwhile")
				k.works("after")
				x.restart()
				k.works("after a restart")
				if _, n := x.left(); n-holes != c.holes {
					t.Errorf("%d holes, want %d", n-holes, c.holes)
				}
				k.rests("at last")
				if calls.Load() == 0 {
					t.Error("nobody called at the new address")
				}
			})
		})
	}
}

// TestBridge_LeavesAnotherOrgAlone has a sandbox refreshed: it answers at the same address, and is another org. Nothing goes either way until it is the
// one again that the store knows; what happened meanwhile is carried then.
func TestBridge_LeavesAnotherOrgAlone(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 116, fields: everyAttribute()}, everyField, func(t *testing.T, x *ordeal) {
		x.filled("the first run")
		k := newCast(x)
		k.works("before")
		time.Sleep(10 * time.Second)
		own := x.sim.org.OrgID()
		x.sim.org.Refresh("00D5e0000099999")
		calls, requests := len(x.sim.org.Calls()), len(x.sim.crm.Requests())
		k.together(func(i int) map[string]any { return map[string]any{"LastName": fmt.Sprint("Lim ", i)} })
		for range 4 {
			if _, err := x.c.work(bridge.Outbound, true); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Hour)
		for _, call := range x.sim.org.Calls()[calls:] {
			if call.Status/100 == 2 && !strings.Contains(call.Path, "/oauth2/") {
				t.Errorf("%s %s was done in another org", call.Method, call.Path)
			}
		}
		for _, r := range x.sim.crm.Requests()[requests:] {
			if r.Op != "find" { // who was edited there is looked at
				t.Errorf("%s %s was said for another org", r.Method, r.Path)
			}
		}
		if alarms := x.app.snapshot(t.Context()).Alarms; !slices.ContainsFunc(alarms, func(a status.Alarm) bool { return strings.Contains(a.Text+a.Help, "refreshed") }) {
			t.Errorf("alarms %+v", alarms)
		}
		x.sim.org.Refresh(own)
		x.until("what waited is carried, which is tried every hour", 2*time.Hour, func() bool { return len(k.apart()) == 0 })
		k.works("after")
		k.rests("at last")
	})
}
