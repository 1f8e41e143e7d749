package main

import (
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
)

// redrive has all dead letters carried again, as an operator does.
func (b *bench) redrive(want int) {
	b.t.Helper()
	all := b.letters("support")
	for i := range all {
		if _, err := b.app.store.Redrive(b.t.Context(), all[i].ID); err != nil {
			b.t.Fatal(err)
		}
	}
	if len(all) != want {
		b.explain()
		b.t.Fatalf("%d dead letters, want %d: %+v", len(all), want, all)
	}
}

func TestBridge_RedrivesAtOnceWhatGoesAtATime(t *testing.T) {
	t.Parallel()
	timed(t, "daily 02:00 UTC", "daily 02:00 UTC", func(b *bench) {
		b.at(0, 20)
		b.person("mei@example.com")
		zoe := b.sim.crm.Create(map[string]string{"firstName": "Zoe", "lastName": "Lim", "email": "zoe@example.com"})
		time.Sleep(time.Second)
		if err := b.sim.crm.CloseConversation(zoe.ID, "asked", "done"); err != nil {
			t.Fatal(err)
		}
		b.at(1, 0)
		b.waits(bridge.Inbound, 1)
		b.sim.crm.SetFaults(respondiotest.Faults{Status: 400})
		b.sim.org.AddFault(fakeorg.Fault{Verb: "create", Code: "FIELD_CUSTOM_VALIDATION_EXCEPTION", Message: "no"})
		b.at(2, 1)
		if b.byEmail("mei@example.com") != nil || b.record("zoe@example.com") != nil {
			t.Fatal("carried in spite of the refusal")
		}
		b.sim.crm.SetFaults(respondiotest.Faults{})
		b.sim.org.ClearFaults()
		b.at(3, 0)
		b.redrive(2)
		b.until("what was redriven goes at once", 10*time.Second, func() bool { return b.byEmail("mei@example.com") != nil && b.record("zoe@example.com") != nil })
	})
}

func TestBridge_TriesWhatFailedAtItsTimeAgainByTheLadder(t *testing.T) {
	t.Parallel()
	timed(t, "daily 02:00 UTC", "daily 02:00 UTC", func(b *bench) {
		b.at(0, 20)
		b.person("mei@example.com")
		b.sim.crm.Create(map[string]string{"firstName": "Zoe", "lastName": "Lim", "email": "zoe@example.com"})
		b.at(1, 59)
		b.sim.crm.SetFaults(respondiotest.Faults{Status: 409})
		b.sim.org.AddFault(fakeorg.Fault{Verb: "create", Code: "UNABLE_TO_LOCK_ROW", Message: "busy"})
		b.at(2, 2)
		if lanes, err := b.app.store.Stuck(b.t.Context(), 10); err != nil || len(lanes) != 2 || lanes[0].Failed == 0 {
			t.Fatalf("stuck: %+v, %v", lanes, err)
		}
		b.stop()
		b.start() // the ladder goes on where it was
		b.at(2, 3)
		if lanes, err := b.app.store.Stuck(b.t.Context(), 10); err != nil || len(lanes) != 2 {
			t.Fatalf("stuck: %+v, %v", lanes, err)
		}
		b.sim.crm.SetFaults(respondiotest.Faults{})
		b.sim.org.ClearFaults()
		b.until("what failed goes by the ladder", 15*time.Minute, func() bool { return b.byEmail("mei@example.com") != nil && b.record("zoe@example.com") != nil })
	})
}

func TestBridge_ReleasesAndSkipsWhatFailedAtItsTime(t *testing.T) {
	t.Parallel()
	timed(t, "daily 02:00 UTC", "real-time", func(b *bench) {
		b.at(0, 20)
		b.person("mei@example.com")
		b.person("ann@example.com")
		b.at(1, 59)
		b.sim.crm.SetFaults(respondiotest.Faults{Status: 409})
		b.at(2, 30)
		lanes, err := b.app.store.Stuck(b.t.Context(), 10)
		if err != nil || len(lanes) != 2 {
			t.Fatalf("stuck: %+v, %v", lanes, err)
		}
		b.sim.crm.SetFaults(respondiotest.Faults{})
		if err := b.app.store.Release(b.t.Context(), lanes[0].ID); err != nil {
			t.Fatal(err)
		}
		if _, err := b.app.store.Skip(b.t.Context(), lanes[1].ID, skipped); err != nil {
			t.Fatal(err)
		}
		b.until("what is released goes at once", time.Second, func() bool { return len(b.sim.crm.Contacts()) == 1 })
		b.redrive(1)
		b.until("what was skipped and is redriven goes at once", time.Second, func() bool { return len(b.sim.crm.Contacts()) == 2 })
	})
}

func TestBridge_CreatesInThePlaceOfADeletedRecordAtItsTime(t *testing.T) {
	t.Parallel()
	timed(t, "real-time", "daily 02:00 UTC", func(b *bench) {
		b.stop()
		b.cfg.Projects["support"].Transfers[0].OnGone = string(bridge.CreateGone)
		b.start()
		b.at(0, 20)
		record := b.person("mei@example.com")
		b.until("she is linked", time.Minute, func() bool { return b.byEmail("mei@example.com") != nil })
		contact := b.byEmail("mei@example.com").ID
		time.Sleep(time.Minute)
		if err := b.sim.org.Delete("Contact", record); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		for _, name := range []string{"Lim", "Ong"} {
			if _, err := b.sim.crm.Edit(contact, map[string]string{"lastName": name}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		b.at(1, 59)
		if r := b.record("mei@example.com"); r != nil {
			t.Errorf("created ahead of the hour: %v", r)
		}
		b.at(2, 1)
		if r := b.record("mei@example.com"); r == nil || r["LastName"] != "Ong" || len(b.sim.org.Rows("Contact")) != 1 {
			b.explain()
			t.Errorf("after the hour there is %v", b.sim.org.Rows("Contact"))
		}
	})
}

// loadedAhead runs a test of the first load of n records, which waits for two o'clock: it is a minute to that.
func loadedAhead(t *testing.T, n int, test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{}, func(c *Config) {
			c.Orgs["acme"].FirstLoad = string(bridge.LoadSend)
			c.Projects["support"].Transfers[0].TimingInbound = "daily 02:00 UTC"
		})
		defer b.close()
		b.at(0, 0)
		b.populate(n)
		b.start()
		b.loaded()
		b.at(1, 59)
		b.waits(bridge.Inbound, n)
		test(b)
	})
}

func TestBridge_SendsTheFirstLoadAtItsTime(t *testing.T) {
	t.Parallel()
	const n = 60
	loadedAhead(t, n, func(b *bench) {
		if b.messages() != 0 {
			t.Errorf("%d messages ahead of the hour", b.messages())
		}
		b.at(2, 5)
		if got := len(b.sim.crm.Contacts()); got != n {
			b.explain()
			t.Errorf("%d contacts after the hour, want %d", got, n)
		}
		b.waits(bridge.Inbound, 0)
	})
}

func TestShadow_ShowsAtItsTimeWhatItWouldSendAndSendsItAtTheNextOnceItEnds(t *testing.T) {
	t.Parallel()
	timed(t, "daily 02:00 UTC", "daily 02:00 UTC", func(b *bench) {
		b.stop()
		b.cfg.Projects["support"].Shadow = true
		b.start()
		b.at(0, 20)
		b.person("mei@example.com")
		b.sim.crm.Create(map[string]string{"firstName": "Zoe", "lastName": "Lim", "email": "zoe@example.com"})
		b.at(1, 59)
		for _, way := range []bridge.Direction{bridge.Inbound, bridge.Outbound} {
			if o := b.shadowed(way); *o.Timed != 1 || *o.Shadowed != 0 {
				t.Errorf("%s ahead of the hour: %d wait, %d are out of sync", way, *o.Timed, *o.Shadowed)
			}
		}
		b.at(2, 1)
		for _, way := range []bridge.Direction{bridge.Inbound, bridge.Outbound} {
			if o := b.shadowed(way); *o.Timed != 0 || *o.Shadowed != 1 {
				t.Errorf("%s after the hour: %d wait, %d are out of sync", way, *o.Timed, *o.Shadowed)
			}
		}
		b.stop()
		b.cfg.Projects["support"].Shadow = false
		b.start()
		b.at(1, 59)
		if len(b.sim.crm.Contacts()) != 1 || len(b.sim.org.Rows("Contact")) != 1 {
			t.Error("sent ahead of the hour")
		}
		b.waits(bridge.Inbound, 1)
		b.at(2, 1)
		if b.byEmail("mei@example.com") == nil || b.record("zoe@example.com") == nil {
			b.explain()
			t.Error("nothing was sent at the hour")
		}
	})
}

func TestBridge_StopsInTheMiddleOfATickAndGoesOn(t *testing.T) {
	t.Parallel()
	const n = 1300
	loadedAhead(t, n, func(b *bench) {
		b.sim.crm.SetFaults(respondiotest.Faults{Down: true})
		b.at(2, 5)
		way := bridge.Outlet{Project: "support", Direction: bridge.Inbound}
		if c := b.app.store.Counts().Outlets[way]; c.Timed == 0 || c.Waiting == 0 || c.Timed+c.Waiting != n {
			t.Errorf("%d wait for their time while nobody takes them, and %d for the platform", c.Timed, c.Waiting)
		}
		began := time.Now()
		b.stop()
		if took := time.Since(began); took > time.Second {
			t.Errorf("the stop took %v", took)
		}
		b.sim.crm.SetFaults(respondiotest.Faults{})
		b.start()
		b.until("nothing is left", time.Hour, func() bool {
			c := b.app.store.Counts().Outlets[way]
			return c.Timed == 0 && c.Waiting == 0
		})
		if got := len(b.sim.crm.Contacts()); got != n {
			t.Errorf("%d contacts, want %d", got, n)
		}
	})
}
