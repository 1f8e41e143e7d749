package main

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

// leads has Leads read beside Contacts.
func leads(c *Config) {
	t := c.Projects["support"].Transfers[0]
	t.Name, t.Object, t.Key, t.Direction = "leads", "Lead", "", string(bridge.Inbound)
	t.Identity, t.Fields = slices.Clone(t.Identity[:1]), slices.Clone(t.Fields[:3])
	c.Projects["support"].Transfers = append(c.Projects["support"].Transfers, t)
}

func TestBridge_ReadsAChannelWhereItSeesItsMembers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		channel string
		members []string // of ownChannel; none is no such channel
		setup   bool     // the user sees them
		want    []string
	}{
		"no channel":                        {channelAuto, nil, true, []string{"/data/ContactChangeEvent", "/data/LeadChangeEvent"}},
		"both objects":                      {channelAuto, []string{"Contact", "Lead"}, true, []string{"/data/SfBridge__chn"}},
		"one is no member":                  {channelAuto, []string{"Contact"}, true, []string{"/data/LeadChangeEvent", "/data/SfBridge__chn"}},
		"none is a member":                  {channelAuto, []string{"Account"}, true, []string{"/data/ContactChangeEvent", "/data/LeadChangeEvent"}},
		"the members cannot be seen":        {channelAuto, []string{"Contact", "Lead"}, false, []string{"/data/ContactChangeEvent", "/data/LeadChangeEvent"}},
		"an operator says that it is whole": {ownChannel, []string{"Contact", "Lead"}, false, []string{"/data/SfBridge__chn"}},
		"an operator wants a topic each":    {channelNone, []string{"Contact", "Lead"}, true, []string{"/data/ContactChangeEvent", "/data/LeadChangeEvent"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, simOptions{seed: 90}, func(cfg *Config) { leads(cfg); cfg.Orgs["acme"].Channel = c.channel })
				defer b.close()
				b.sim.org.GrantSetup(c.setup)
				b.sim.org.SetChannel(ownChannel, c.members...)
				b.start()
				var got []string
				for _, s := range b.sim.org.Subscriptions() {
					got = append(got, s.Topic)
				}
				if slices.Sort(got); !slices.Equal(got, c.want) {
					t.Fatalf("reads %v, want %v", got, c.want)
				}
				for object, fields := range map[string]map[string]any{
					"Contact": {"LastName": "Tan", "Email": "mei@example.com"}, "Lead": {"LastName": "Ng", "Company": "Blue", "Email": "ng@example.com"},
				} {
					if _, err := b.sim.org.Create(object, fields); err != nil {
						t.Fatal(err)
					}
				}
				b.until("both are on the platform", time.Minute, func() bool { return b.byEmail("mei@example.com") != nil && b.byEmail("ng@example.com") != nil })
			})
		})
	}
}

func TestBridge_MissesNothingWhereAChannelTakesThePlaceOfTopicsAndBack(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 91}, nil, func(t *testing.T, x *ordeal) {
		x.sim.org.GrantSetup(true)
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		for _, c := range []struct {
			name, topic string
			members     []string
		}{
			{"Lim", "/data/SfBridge__chn", []string{"Contact"}},
			{"Lee", "/data/ContactChangeEvent", nil},
			{"Ng", "/data/SfBridge__chn", []string{"Contact"}},
		} {
			x.filled("before " + c.topic)
			time.Sleep(5 * time.Minute)
			x.stop()
			x.sim.org.SetChannel(ownChannel, c.members...)
			x.edit(record, map[string]any{"LastName": c.name})
			time.Sleep(time.Hour)
			x.start()
			if s := x.sim.org.Subscriptions(); len(s) != 1 || s[0].Topic != c.topic {
				t.Fatalf("streams %+v, want %s", s, c.topic)
			}
			x.until("what changed between the topics has arrived", 10*time.Minute, func() bool { return x.attribute(contact, "lastName") == c.name })
		}
		x.filled("at last")
		x.agrees("at last")
	})
}

func TestBridge_TriesUntilTheServiceSaysWhetherThereIsAChannel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{seed: 92}, nil)
		defer b.close()
		b.sim.org.FailCalls("GetTopic", "topic.api.unavailable", 3)
		b.sim.org.AddFault(fakeorg.Fault{Path: "/tooling", Status: 503, Body: "[]", Times: 2})
		b.sim.org.GrantSetup(true)
		b.sim.org.SetChannel(ownChannel, "Contact")
		made := time.AfterFunc(50*time.Second, func() { _, _ = b.sim.org.Create("Contact", map[string]any{"LastName": "Tan"}) })
		defer made.Stop()
		b.start()
		if s := b.sim.org.Subscriptions(); len(s) != 1 || s[0].Topic != "/data/SfBridge__chn" {
			t.Errorf("streams %+v", s)
		}
	})
}
