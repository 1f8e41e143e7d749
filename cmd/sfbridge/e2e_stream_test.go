package main

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"sfbridge/pubsub/fakeorg"
)

// ailment is what is wrong with the stream for a while, though nobody ends it.
type ailment struct {
	begin, end func(o *fakeorg.Org) // a nil end is an ailment that heals when the daemon does something about it
	lasts      time.Duration
	within     time.Duration // of its beginning all that is edited meanwhile is on the platform; 0 for once it is over
	breaks     uint64        // streams that may end
}

var ailments = map[string]ailment{
	"streams that are opened and never answer": {
		begin: func(o *fakeorg.Org) { o.HangStreams(2); o.CloseStreams(codes.Unavailable, "") },
		lasts: time.Hour, within: 9 * time.Minute, breaks: 3,
	},
	"bytes that vanish": {
		begin: func(o *fakeorg.Org) { o.Wire().BlackHole(true) }, end: func(o *fakeorg.Org) { o.Wire().BlackHole(false) }, lasts: 17 * time.Minute, breaks: 100,
	},
	"answers that take long, of one event each": {
		begin: func(o *fakeorg.Org) { o.SlowAnswers(3 * time.Second); o.LimitAnswers(1) },
		end:   func(o *fakeorg.Org) { o.SlowAnswers(0); o.LimitAnswers(0) }, lasts: time.Hour, within: 20 * time.Minute,
	},
	"keepalives that repeat their id": {
		begin: func(o *fakeorg.Org) { o.SteadyBeats(true) }, lasts: 3 * time.Hour, within: time.Minute,
	},
	"the longest silence there may be": {
		begin: func(o *fakeorg.Org) { o.Beat(270 * time.Second) }, end: func(o *fakeorg.Org) { o.Beat(time.Minute) }, lasts: 6 * time.Hour, within: time.Minute, breaks: 1,
	},
}

// breaks is how many streams have ended since the start of the daemon.
func (b *bench) breaks() (n uint64) {
	for _, s := range b.app.orgs["acme"].streams {
		n += s.Status().Breaks
	}
	return n
}

// TestBridge_LosesNothingThoughAStreamAils has people edited before, while and after a stream behaves as none should that is well.
func TestBridge_LosesNothingThoughAStreamAils(t *testing.T) {
	t.Parallel()
	for name, c := range ailments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			undergo(t, simOptions{seed: 112, fields: everyAttribute()}, everyField, func(t *testing.T, x *ordeal) {
				x.filled("the first run")
				k := newCast(x)
				k.works("before")
				breaks := x.breaks()
				c.begin(x.sim.org)
				began := time.Now()
				for i := range 30 { // more than are asked for at once
					k.together(func(n int) map[string]any { return map[string]any{"LastName": fmt.Sprintf("Lim %d.%d", n, i)} })
					time.Sleep(time.Second)
				}
				x.clash(6, time.Second)
				if c.within > 0 {
					x.until("meanwhile: the platform holds every record as it stands", c.within-time.Since(began), func() bool { return len(k.apart()) == 0 })
				}
				time.Sleep(c.lasts - time.Since(began))
				if c.end != nil {
					c.end(x.sim.org)
				}
				k.same("once it is over")
				if n := x.breaks() - breaks; n > c.breaks || n == 0 && c.breaks > 0 {
					t.Errorf("%d streams ended, want %d at most, and one where any does", n, c.breaks)
				}
				k.works("after")
				time.Sleep(5 * time.Minute)
				x.restart()
				time.Sleep(time.Minute)
				if s := x.sim.org.Subscriptions(); len(s) != 1 || s[0].From != "CUSTOM" || s[0].Delivered > 0 {
					t.Errorf("streams %+v of what was read before", s)
				}
				k.works("after a restart")
				k.rests("at last")
			})
		})
	}
}

// TestBridge_MissesNothingOfItsVeryFirstSeconds has people come and be edited while a subscription from the tip is not in place yet.
func TestBridge_MissesNothingOfItsVeryFirstSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{seed: 113, fields: everyAttribute()}, everyField)
		defer b.close()
		b.sim.org.SettleLatest(5 * time.Second)
		x := &ordeal{b, newCrowd(b.sim, b.w.now, 114)}
		k := &cast{ordeal: x}
		var edits sync.WaitGroup
		edits.Go(func() {
			for i := range 8 { // each second one comes or is edited, the first as the subscription is asked for
				last := fmt.Sprint("edit ", i)
				if i%2 == 0 {
					id, err := b.sim.org.Create("Contact", map[string]any{"LastName": last, "Email": email(i)})
					if err != nil {
						t.Error(err)
						return
					}
					k.records = append(k.records, id)
				} else if err := b.sim.org.Update("Contact", k.records[i/2], map[string]any{"LastName": last}); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Second)
			}
		})
		b.start()
		edits.Wait()
		if s, n := b.sim.org.Subscriptions()[0], len(b.sim.org.Events()); s.From != "LATEST" || s.Delivered >= n {
			t.Errorf("stream %+v of %d events: none was missed", s, n)
		}
		x.filled("the first run")
		k.same("the first seconds")
		x.joins()
		b.until("who came later is known at both ends", time.Minute, x.c.settled)
		x.c.meet()
		k.works("after")
		k.rests("at last")
	})
}
