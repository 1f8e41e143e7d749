package main

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge/platform/respondio/respondiotest"
)

// secondPlatform is where the second project of a trial has its workspace.
const secondPlatform = "127.0.0.1:6"

// sales adds a second project of the same org, with a workspace of its own.
func sales(cfg *Config) {
	first := cfg.Projects["support"]
	section := *first.Section.(*respondioSection)
	section.BaseURL = "http://" + secondPlatform + "/v2"
	p := &ProjectConfig{Org: first.Org, Platform: first.Platform, Section: &section, Transfers: slices.Clone(first.Transfers[:1])}
	p.Transfers[0].Key = ""
	cfg.Projects["sales"] = p
}

// workspace runs the second project's platform until stop.
func (b *bench) workspace() (f *respondiotest.Fake, stop func()) {
	b.t.Helper()
	return b.workspaceBehind(&front{})
}

// workspaceBehind runs it behind a front.
func (b *bench) workspaceBehind(before *front) (f *respondiotest.Fake, stop func()) {
	b.t.Helper()
	ctx, end := context.WithCancel(b.t.Context())
	ln, err := b.w.listen(ctx, secondPlatform)
	if err != nil {
		b.t.Fatal(err)
	}
	hooks := &http.Client{Transport: &http.Transport{DialContext: b.w.dial}}
	f = respondiotest.New(respondiotest.Options{
		Now: b.w.now, Target: "http://" + b.sim.at.Public + "/hooks/sales",
		Send: func(_ context.Context, r *http.Request) (*http.Response, error) { return hooks.Do(r) },
	})
	before.Handler = f.Handler()
	server := &http.Server{Handler: before, ReadHeaderTimeout: time.Second}
	b.run.Go(func() { _ = server.Serve(ln) })
	b.run.Go(func() { _ = f.Run(ctx) })
	return f, func() {
		end()
		_ = server.Close()
	}
}

func named(f *respondiotest.Fake, email string) respondiotest.Contact {
	for _, c := range f.Contacts() {
		if c.Get("email") == email {
			return c
		}
	}
	return respondiotest.Contact{}
}

func TestBridge_CarriesFromOneProjectThroughSalesforceToAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{seed: 50}, sales)
		defer b.close()
		other, stop := b.workspace()
		defer stop()
		b.start()
		x := &ordeal{bench: b, c: newCrowd(b.sim, b.w.now, 50)}

		other.Create(map[string]string{"firstName": "Mei", "lastName": "Tan", "email": "mei@example.com"})
		b.until("a contact of one workspace is in the other", time.Minute, func() bool { return b.byEmail("mei@example.com") != nil })
		time.Sleep(10 * time.Second)
		here, there := b.byEmail("mei@example.com").ID, named(other, "mei@example.com").ID
		record, _ := b.record("mei@example.com")["Id"].(string)

		for i := range 20 {
			if _, err := other.Edit(there, map[string]string{"firstName": firstNames[i%len(firstNames)]}); err != nil {
				t.Fatal(err)
			}
			if i%2 == 0 {
				x.write(here, map[string]string{"lastName": lastNames[i%len(lastNames)], "firstName": "Both"})
			}
			if i%3 == 0 {
				x.edit(record, map[string]any{"LastName": lastNames[(i+5)%len(lastNames)]})
			}
			time.Sleep(time.Duration(i) * 20 * time.Millisecond)
		}
		x.pair("the first project", record, here)
		b.until("the second project", time.Minute, func() bool {
			c := named(other, "mei@example.com")
			return c.Get("firstName") == x.text(record, "FirstName") && c.Get("lastName") == x.text(record, "LastName")
		})
		x.agrees("after edits in three places")
		calls := len(other.Requests())
		time.Sleep(5 * time.Minute)
		if n := len(other.Requests()) - calls; n > 0 {
			t.Errorf("%d calls to the second platform while nobody edits", n)
		}
		if len(b.sim.org.Rows("Contact")) != 1 || len(b.sim.crm.Contacts()) != 1 || len(other.Contacts()) != 1 {
			t.Error("she is doubled")
		}
	})
}
