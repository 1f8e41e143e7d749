package main

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

// timed runs a test of a bridge whose contacts go at their time.
func timed(t *testing.T, inbound, outbound string, test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{}, func(c *Config) {
			tr := &c.Projects["support"].Transfers[0]
			tr.TimingInbound, tr.TimingOutbound = inbound, outbound
		})
		defer b.close()
		b.start()
		test(b)
	})
}

// at sleeps until the hour and minute of the next day that has them, UTC.
func (b *bench) at(hour, minute int) {
	now := time.Now().UTC()
	at := time.Date(now.Year(), now.Month(), now.Day(), hour, minute, 0, 0, time.UTC)
	if !at.After(now) {
		at = at.AddDate(0, 0, 1)
	}
	time.Sleep(time.Until(at))
}

// person makes a record of Salesforce.
func (b *bench) person(email string) string {
	b.t.Helper()
	id, err := b.sim.org.Create("Contact", map[string]any{"FirstName": "Mei", "LastName": "Tan", "Email": email})
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

func (b *bench) change(record string, fields map[string]any) {
	b.t.Helper()
	if err := b.sim.org.Update("Contact", record, fields); err != nil {
		b.t.Fatal(err)
	}
}

// messages counts what was written to the platform.
func (b *bench) messages() (n int) {
	for _, r := range b.sim.crm.Requests() {
		if r.Method != http.MethodGet && !strings.Contains(r.Path, "/contact/list") {
			n++
		}
	}
	return n
}

// waits checks how many deliveries of an outlet wait for their time, and that nobody takes them for stuck.
func (b *bench) waits(way bridge.Direction, want int) {
	b.t.Helper()
	c := b.app.store.Counts().Outlets[bridge.Outlet{Project: "support", Direction: way}]
	if c.Timed != want || c.Waiting != 0 || !c.Oldest.IsZero() {
		b.t.Errorf("%s: %+v, want %d that wait for their time and nothing else", way, c, want)
	}
	if stuck, err := b.app.store.Stuck(b.t.Context(), 10); err != nil || len(stuck) != 0 {
		b.t.Errorf("stuck: %+v, %v", stuck, err)
	}
	now := b.app.snapshot(b.t.Context())
	for _, a := range now.Alarms {
		if a.Name != "disk" {
			b.t.Errorf("alarm %s: %s", a.Name, a.Text)
		}
	}
	if now.Store.LagS != nil || now.Topics[0].LagS == nil || *now.Topics[0].LagS != 0 {
		b.t.Errorf("what waits for its time is told as lag: %v, %+v", now.Store.LagS, now.Topics[0])
	}
	b.metered(way, want)
}

// metered checks what the metrics and the status tell of what waits for its time.
func (b *bench) metered(way bridge.Direction, want int) {
	b.t.Helper()
	told := b.shadowed(way)
	families, err := b.app.metrics.Gather()
	if err != nil || told.Timed == nil || *told.Timed != int64(want) {
		b.t.Errorf("%+v, %v; want %d that wait for their time", told, err, want)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if l := m.GetLabel(); strings.HasPrefix(f.GetName(), "sfbridge_timed_") && l[0].GetValue() == string(way) && l[1].GetValue() == "support" {
				got[f.GetName()] = m.GetGauge().GetValue()
			}
		}
	}
	wanted := map[string]float64{}
	if told.TimedNext != nil {
		wanted = map[string]float64{"sfbridge_timed_deliveries": float64(want), "sfbridge_timed_next_timestamp_seconds": float64(told.TimedNext.Unix())}
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		b.t.Errorf("other metrics of %s than wanted (-want +got):\n%s", way, diff)
	}
}

func TestBridge_SendsOneMessageAPersonAtTheNextQuarter(t *testing.T) {
	t.Parallel()
	timed(t, "every 15m", "real-time", func(b *bench) {
		b.at(6, 1)
		mei, ann := b.person("mei@example.com"), b.person("ann@example.com")
		b.at(6, 14)
		if b.messages() != 0 {
			t.Errorf("%d messages before the quarter", b.messages())
		}
		b.waits(bridge.Inbound, 2)
		b.at(6, 16)
		if b.byEmail("mei@example.com") == nil || b.byEmail("ann@example.com") == nil {
			b.explain()
			t.Fatal("a quarter came, and nobody was created")
		}
		b.at(6, 40)
		b.waits(bridge.Inbound, 0) // nor do echoes wait
		n := b.messages()
		for _, name := range []string{"Lim", "Ong", "Koh"} {
			b.change(mei, map[string]any{"LastName": name})
			b.change(ann, map[string]any{"FirstName": name})
			time.Sleep(time.Minute)
		}
		if _, err := b.sim.crm.Edit(b.byEmail("mei@example.com").ID, map[string]string{"firstName": "May"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if row, _ := b.sim.org.Row("Contact", mei); row["FirstName"] != "May" {
			b.explain()
			t.Errorf("what goes at once waits behind what does not: %v", row["FirstName"])
		}
		if b.messages() != n {
			t.Errorf("%d messages before the quarter", b.messages()-n)
		}
		b.at(6, 46)
		if c := b.byEmail("mei@example.com"); c.Get("lastName") != "Koh" || c.Get("firstName") != "May" || b.byEmail("ann@example.com").Get("firstName") != "Koh" {
			b.explain()
			t.Errorf("after the quarter: %+v", c)
		}
		if b.messages() != n+2 {
			t.Errorf("%d messages for two people who were edited three times each", b.messages()-n)
		}
		b.at(8, 0)
		b.waits(bridge.Inbound, 0)
		if b.messages() != n+2 {
			t.Errorf("%d messages more while nobody edits", b.messages()-n-2)
		}
	})
}

func TestBridge_CarriesOnceADayOverRestartsAndWhenItWasDownAtTheHour(t *testing.T) {
	t.Parallel()
	timed(t, "daily 22:00 Asia/Tokyo", "real-time", func(b *bench) {
		b.at(12, 0)
		b.person("mei@example.com")
		b.at(12, 59)
		b.waits(bridge.Inbound, 1)
		b.stop()
		b.at(13, 30) // it was down at 22:00 in Tokyo
		if b.messages() != 0 {
			t.Error("sent by nobody")
		}
		b.start()
		b.until("what was due while the daemon was down goes at its start", 10*time.Second, func() bool { return b.byEmail("mei@example.com") != nil })
		time.Sleep(time.Minute)
		record := b.record("mei@example.com")["Id"].(string)
		b.change(record, map[string]any{"LastName": "Lim"})
		b.at(12, 0)
		n := b.messages()
		b.stop()
		b.start() // a restart ahead of the hour brings nothing forward
		b.at(12, 59)
		if b.messages() != n {
			t.Error("sent ahead of the hour")
		}
		b.waits(bridge.Inbound, 1)
		b.at(13, 0)
		time.Sleep(time.Second)
		b.stop()
		b.start()
		b.at(13, 5)
		if c := b.byEmail("mei@example.com"); c.Get("lastName") != "Lim" || b.messages() != n+1 {
			b.explain()
			t.Errorf("after the hour %v, %d messages", c, b.messages()-n)
		}
	})
}

func TestBridge_WritesContactsAndWhatHappenedWithThemAtTheirHour(t *testing.T) {
	t.Parallel()
	timed(t, "real-time", "daily 22:00 UTC", func(b *bench) {
		b.at(12, 0)
		c := b.sim.crm.Create(map[string]string{"firstName": "Mei", "lastName": "Tan", "email": "mei@example.com"})
		for _, category := range []string{"first", "second"} {
			if err := b.sim.crm.CloseConversation(c.ID, category, "done"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		if _, err := b.sim.crm.Edit(c.ID, map[string]string{"lastName": "Lim"}); err != nil {
			t.Fatal(err)
		}
		b.at(21, 59)
		if n := len(b.sim.org.Rows("Contact")) + len(b.sim.org.Rows("Task")); n != 0 {
			t.Errorf("%d rows ahead of the hour", n)
		}
		b.waits(bridge.Outbound, 3)
		b.at(22, 1)
		r := b.record("mei@example.com")
		if r == nil || r["LastName"] != "Lim" {
			b.explain()
			t.Fatalf("the record is %v", r)
		}
		tasks := b.sim.org.Rows("Task")
		if len(tasks) != 2 || tasks[0]["Subject"] != "first" || tasks[1]["Subject"] != "second" || tasks[1]["WhoId"] != r["Id"] {
			b.explain()
			t.Errorf("the tasks are %v", tasks)
		}
		if err := b.sim.crm.CloseConversation(c.ID, "third", "done"); err != nil {
			t.Fatal(err)
		}
		b.until("what happens with somebody who is linked goes at once", time.Minute, func() bool { return len(b.sim.org.Rows("Task")) == 3 })
		if err := b.sim.org.Update("Contact", r["Id"].(string), map[string]any{"FirstName": "May"}); err != nil {
			t.Fatal(err)
		}
		b.until("the other way goes at once", time.Minute, func() bool { return b.byEmail("mei@example.com").Get("firstName") == "May" })
	})
}

func TestBridge_SendsNothingOldOnceWhatNeverWentGoes(t *testing.T) {
	t.Parallel()
	timed(t, "never", "never", func(b *bench) {
		old := b.person("old@example.com")
		b.sim.crm.Create(map[string]string{"firstName": "Zoe", "email": "zoe@example.com"})
		time.Sleep(24 * time.Hour)
		if b.messages() != 0 || len(b.sim.org.Rows("Contact")) != 1 {
			t.Error("something went that never goes")
		}
		b.waits(bridge.Inbound, 0)
		b.waits(bridge.Outbound, 0)
		b.stop()
		tr := &b.cfg.Projects["support"].Transfers[0]
		tr.TimingInbound, tr.TimingOutbound = "real-time", "every 1h"
		b.start()
		time.Sleep(2 * time.Hour)
		if b.messages() != 0 || len(b.sim.org.Rows("Contact")) != 1 {
			t.Error("something old went")
		}
		b.change(old, map[string]any{"LastName": "Lim"})
		b.until("who is edited now goes whole", time.Minute, func() bool {
			c := b.byEmail("old@example.com")
			return c != nil && c.Get("firstName") == "Mei" && c.Get("lastName") == "Lim"
		})
		b.stop()
		tr.TimingOutbound = "every 24h"
		b.start()
		if _, err := b.sim.crm.Edit(b.byEmail("zoe@example.com").ID, map[string]string{"lastName": "Ong"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		b.stop()
		tr.TimingOutbound = "real-time" // what waits need wait no longer
		b.start()
		b.until("what waited goes once it goes at once", time.Minute, func() bool { return b.record("zoe@example.com") != nil })
	})
}
