package courier

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
)

var errDown = bridge.Unavailable(errors.New("connection refused"), 0)

// fails ends n calls of as many lanes with a failure of the destination.
func (g *gate) fails(n int) {
	for i := range n {
		probe, _ := g.enter()
		g.leave(ending{probe: probe, lane: fmt.Sprint("lane ", i), failure: errDown})
	}
}

func TestGate_OpensAtSeventyPercentOfTenCallsInFiveMinutes_P32(t *testing.T) {
	for _, c := range []struct {
		name         string
		well, failed int
		apart        time.Duration
		open         bool
	}{
		{"nine that fail", 0, 9, 0, false},
		{"ten that fail", 0, 10, 0, true},
		{"seven of ten", 3, 7, 0, true},
		{"six of ten", 4, 6, 0, false},
		{"69 of 100", 31, 69, 0, false},
		{"70 of 100", 30, 70, 0, true},
		{"ten over six minutes", 0, 10, 40 * time.Second, false},
		{"ten over four minutes", 0, 10, 25 * time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate(bridge.Outlet{Project: "p"}, time.Now)
				for range c.well {
					g.leave(ending{lane: "well"})
				}
				for i := range c.failed {
					time.Sleep(c.apart)
					g.leave(ending{lane: fmt.Sprint(i), failure: errDown})
				}
				if s := g.status(); s.Open != c.open {
					t.Errorf("the breaker is %+v, want open %v", s, c.open)
				}
			})
		})
	}
}

func TestGate_StaysClosedWhereOneLaneAloneFails_P33(t *testing.T) {
	g := newGate(bridge.Outlet{Project: "p"}, time.Now)
	for range 100 {
		g.leave(ending{lane: "poison", failure: errDown})
	}
	if g.status().Open {
		t.Error("one poison entry opened the breaker for everybody")
	}
}

func TestGate_CountsACallOfManyRowsOnce(t *testing.T) {
	g := newGate(bridge.Outlet{Project: "p"}, time.Now)
	shared := &atomic.Bool{}
	for i := range 200 {
		g.leave(ending{lane: fmt.Sprint(i), failure: &sharedError{errDown, shared}})
	}
	if g.status().Open {
		t.Error("one call that failed opened the breaker")
	}
	g.fails(9)
	if !g.status().Open {
		t.Error("ten calls that failed leave the breaker closed")
	}
}

func TestGate_LetsOneProbePassAndTurnsTheOthersBackAtOnce_P32(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(bridge.Outlet{Project: "p"}, time.Now)
		g.fails(10)
		began := time.Now()
		shut := &shutError{}
		if _, err := g.enter(); !errors.As(err, &shut) || time.Since(began) > 0 {
			t.Fatalf("a call at an open breaker answers %v after %v", err, time.Since(began))
		}
		time.Sleep(time.Until(g.status().Until))
		probe, err := g.enter()
		if !probe || err != nil {
			t.Fatalf("no probe passes: %v", err)
		}
		for range 10 {
			if _, err := g.enter(); !errors.As(err, &shut) {
				t.Fatal("a second call passes beside the probe")
			}
		}
		if s, kept := g.leave(ending{probe: true, failure: errDown}); !s.Open || !kept || s.Probes != 1 || !s.Until.After(time.Now()) {
			t.Errorf("after a probe that failed: %+v, kept %v", s, kept)
		}
		g.leave(ending{lane: "late"}) // sent before it opened
		if !g.status().Open {
			t.Error("an answer to a call from before closed the breaker")
		}
		time.Sleep(time.Until(g.status().Until))
		probe, _ = g.enter()
		if s, kept := g.leave(ending{probe: probe}); s.Open || !kept {
			t.Errorf("after a probe that went well: %+v, kept %v", s, kept)
		}
		if probe, err = g.enter(); probe || err != nil {
			t.Errorf("the closed breaker answers probe %v, %v", probe, err)
		}
		g.fails(9)
		if g.status().Open {
			t.Error("what failed before the breaker closed counts again")
		}
	})
}

func TestGate_SendsOneScoutAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(bridge.Outlet{Project: "p"}, time.Now)
		g.fails(10)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var passed atomic.Int32
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				scout, err := g.approach(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				passed.Add(1)
				if scout {
					time.Sleep(time.Second)
					probe, _ := g.enter()
					g.leave(ending{probe: probe})
					g.back()
				}
			})
		}
		time.Sleep(time.Until(g.status().Until) + time.Millisecond)
		synctest.Wait()
		if passed.Load() != 1 {
			t.Errorf("%d set out for the open breaker, want the scout", passed.Load())
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if passed.Load() != 10 {
			t.Errorf("%d set out after it closed, want all 10", passed.Load())
		}
		wg.Wait()
	})
}

func TestGate_IsFreeAgainAfterAProbeThatPanicked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(bridge.Outlet{Project: "p"}, time.Now)
		g.fails(10)
		time.Sleep(time.Until(g.status().Until))
		tr := &trip{c: &Courier{}, w: bridge.Work{Deliveries: make([]bridge.Delivery, 1)}}
		func() {
			defer func() { _ = recover() }()
			_ = tr.ask(t.Context(), g, func() error { panic("a bug of the connector") })
		}()
		if probe, err := g.enter(); !probe {
			t.Errorf("nobody may probe any more: %v", err)
		}
	})
}

func TestGate_PausesWhereTheDestinationAsksTo_P30(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(bridge.Outlet{Project: "p"}, time.Now)
		_, _ = g.enter()
		g.leave(ending{failure: bridge.Unavailable(errors.New("429"), 0), pause: 40 * time.Second})
		g.leave(ending{}) // one that was under way
		start := time.Now()
		if _, err := g.enter(); err == nil {
			t.Error("a call passes in the pause")
		}
		if _, err := g.approach(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d != 40*time.Second {
			t.Errorf("waited %v, want the 40 s that were asked for", d)
		}
		if _, err := g.enter(); err != nil || g.status().Open {
			t.Errorf("a pause opened the breaker: %v", err)
		}
	})
}

func TestCrew_GivesAFreePlaceToTheProjectThatHasLeast_P32(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(4)
		for range 4 {
			_ = c.join(t.Context(), "slow")
		}
		var order []bridge.ProjectID
		var mu sync.Mutex
		var wg sync.WaitGroup
		for _, p := range []bridge.ProjectID{"slow", "slow", "quick", "quick", "other"} {
			wg.Go(func() {
				_ = c.join(t.Context(), p)
				mu.Lock()
				order = append(order, p)
				mu.Unlock()
			})
			synctest.Wait()
		}
		for range 3 {
			c.leave("slow")
			synctest.Wait()
		}
		if fmt.Sprint(order) != "[other quick quick]" {
			t.Errorf("the places went to %v", order)
		}
		for _, p := range []bridge.ProjectID{"slow", "other", "quick", "quick", "slow", "slow"} {
			c.leave(p)
		}
		wg.Wait()
		if c.free != 4 {
			t.Errorf("%d places are free in the end, want all 4", c.free)
		}
	})
}

func TestGate_TellsTheEndOfAnOutageThatDidNotOpenIt(t *testing.T) {
	g := newGate(bridge.Outlet{Project: "p"}, time.Now)
	for range 100 {
		g.leave(ending{lane: "well"})
	}
	g.fails(20)
	if s, told := g.leave(ending{lane: "well"}); s.Open || !told {
		t.Errorf("after 20 failures in a row the first that goes well leaves %+v, told %v", s, told)
	}
	for range 20 {
		g.leave(ending{lane: "poison", failure: errDown})
	}
	if _, told := g.leave(ending{lane: "well"}); told {
		t.Error("one poison entry passes for an outage")
	}
}

// A delivery in doubt waits behind a shut gate for as long as that is shut, and what waits for it must not overtake it the moment it opens.
func TestDoubt_LastsWhileItsDestinationCannotBeCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, g := newDoubts(time.Now), newGate(bridge.Outlet{}, time.Now)
		head := &bridge.Delivery{ID: "head", Lane: bridge.Lane{Source: "record"}}
		in := func() bool { return d.in(head.Lane, g.reachable()) }
		d.note(head, bridge.Wait, true, nil)
		time.Sleep(doubtAge - time.Second)
		if !in() {
			t.Error("a doubt ended early")
		}
		time.Sleep(time.Second)
		if in() {
			t.Error("a doubt outlives what waits of the ladder, with its destination there")
		}
		for name, shut := range map[string]func(){
			"a breaker": func() { g.fails(10) },
			"a pause":   func() { g.leave(ending{lane: "x", failure: errDown, pause: 40 * time.Minute}) },
		} {
			d.note(head, bridge.Wait, true, nil)
			shut()
			time.Sleep(39 * time.Minute)
			if !in() {
				t.Errorf("a doubt ended behind %s", name)
			}
			time.Sleep(2 * time.Minute)
			if probe, err := g.enter(); err != nil || !in() {
				t.Errorf("a doubt ended as the gate opened behind %s: %v", name, err)
			} else if g.leave(ending{probe: probe, lane: "y"}); !in() {
				t.Errorf("a doubt ended with the first call behind %s", name)
			}
			time.Sleep(doubtAge)
			if in() {
				t.Errorf("a doubt does not end behind %s", name)
			}
		}
	})
}
