package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/bridge/status"
	"sfbridge/store"
)

// ballast fills the store of a running daemon as a growing mirror does, until nothing new is taken in.
func (b *bench) ballast() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	for n := 0; b.app.store.Health(ctx).Full == ""; n++ {
		row := bridge.Row{Org: rigOrg, Object: "Ballast", Record: bridge.RecordID(fmt.Sprintf("a00%015d", n)),
			Values: bridge.Fields{"Text": bridge.TextValue(strings.Repeat("x", 2000))}}
		if err := b.app.store.Stage(ctx, bridge.Effects{Rows: []bridge.Row{row}}); err != nil || n > 10_000 {
			b.t.Fatalf("row %d: %v", n, err)
		}
	}
}

// unballast takes it away again.
func (b *bench) unballast() {
	b.t.Helper()
	items, err := b.app.engine.Scan(b.t.Context(), "m/", "", 100_000)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, it := range items {
		if !strings.Contains(it.Key, "/ballast/") {
			continue
		}
		if err := b.app.engine.Apply(b.t.Context(), store.Tx{Ops: []store.Op{{Key: it.Key, Delete: true}}}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// full demands that everybody who asks is told whether there is room.
func (b *bench) full(when string, wanted bool) {
	b.t.Helper()
	code, body := b.ask(http.MethodGet, "/readyz?verbose")
	if (code != http.StatusOK) != wanted {
		b.t.Errorf("%s: /readyz is %d %s", when, code, body)
	}
	_, body = b.ask(http.MethodGet, "/metrics")
	gauge := map[bool]string{false: "\nsfbridge_store_full 0\n", true: "\nsfbridge_store_full 1\n"}[wanted]
	if !strings.Contains(string(body), gauge) || !strings.Contains(string(body), "\nsfbridge_store_size_bytes ") {
		b.t.Errorf("%s: the metrics do not say %q", when, gauge)
	}
	_, body = b.ask(http.MethodGet, "/status")
	var s status.Status
	if err := json.Unmarshal(body, &s); err != nil {
		b.t.Fatal(err)
	}
	said := false
	for _, a := range s.Alarms {
		said = said || a.Name == "store-full"
	}
	if said != wanted {
		b.t.Errorf("%s: alarms are %+v", when, s.Alarms)
	}
	transport := &http.Transport{DialContext: b.w.dial, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Post("http://"+memAddresses.Public+"/hooks/support", "application/json", strings.NewReader(`{}`))
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if refused := answer.StatusCode == http.StatusServiceUnavailable; refused != wanted || refused && answer.Header.Get("Retry-After") == "" {
		b.t.Errorf("%s: a webhook is answered %d", when, answer.StatusCode)
	}
}

// TestP14_AStoreThatReachedItsBoundRefusesAndWorksOn has the store grow to max_size while a hundred edits wait for a dead platform: nothing new is taken in,
// what waits is carried as soon as the platform is back, and with room again everything that was refused arrives.
func TestP14_AStoreThatReachedItsBoundRefusesAndWorksOn(t *testing.T) {
	t.Parallel()
	small := func(cfg *Config) { cfg.Store.MaxSize = 4 << 20 }
	synctestBench(t, simOptions{seed: 14}, small, func(t *testing.T, b *bench) {
		c := newCrowd(b.sim, b.w.now, 14)
		b.crowd = c
		b.start()
		for range 60 {
			if err := c.join(bridge.Inbound); err != nil {
				t.Fatal(err)
			}
		}
		b.until("everybody is known at both ends", time.Minute, c.settled)
		c.meet()
		b.shift(c, 2*time.Minute, time.Second, bridge.Inbound, bridge.Outbound)
		b.until("edits have arrived", time.Minute, c.settled)
		b.full("with room", false)
		before := c.tally(bridge.Inbound).arrived + c.tally(bridge.Outbound).arrived

		b.sim.crm.SetFaults(respondiotest.Faults{Refuse: true})
		b.shift(c, time.Minute, time.Second, bridge.Inbound)
		waits := func() int {
			return b.app.store.Counts().Outlets[bridge.Outlet{Project: "support", Direction: bridge.Inbound}].Waiting
		}
		b.until("edits wait", time.Minute, func() bool { return waits() >= 30 })
		b.ballast()
		b.full("at the bound", true)
		held := waits()
		b.shift(c, time.Minute, 5*time.Second, bridge.Inbound)
		time.Sleep(time.Minute)
		if now := waits(); now > held {
			t.Errorf("%d deliveries wait, %d when the bound was reached", now, held)
		}
		b.sim.crm.SetFaults(respondiotest.Faults{})
		b.until("what waited is carried at the bound", 30*time.Minute, func() bool { return waits() == 0 })
		b.full("after what waited was carried", true)

		b.unballast()
		b.until("everything that was refused has arrived", 10*time.Minute, c.settled)
		b.full("with room again", false)
		b.shift(c, 2*time.Minute, time.Second, bridge.Inbound, bridge.Outbound)
		b.until("later edits have arrived", time.Minute, c.settled)
		b.equal(c, "after a store that was full")
		after := c.tally(bridge.Inbound).arrived + c.tally(bridge.Outbound).arrived
		t.Logf("%d edits arrived before, %d since; %d waited at the bound", before, after-before, held)
		if before < 50 || after-before < 50 {
			t.Error("too few edits to prove anything")
		}
	})
}
