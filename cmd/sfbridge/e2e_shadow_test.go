package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/status"
	"sfbridge/store"
)

// sent lists the writes that both far ends have seen.
func (b *bench) sent() (all []string) {
	for _, r := range b.sim.crm.Requests() {
		if !slices.Contains([]string{"find", "get", "list", "lifecycle", "users", "fields", "read"}, r.Op) && r.Method != http.MethodGet {
			all = append(all, r.Op+" "+r.Method+" "+r.Path)
		}
	}
	for _, c := range b.sim.org.Calls() {
		if c.Method != http.MethodGet && !strings.Contains(c.Path, "/oauth2/") {
			all = append(all, c.Method+" "+c.Path)
		}
	}
	return all
}

// shadowed answers what a project's outlet tells of its shadow.
func (b *bench) shadowed(way bridge.Direction) status.Outlet {
	b.t.Helper()
	for _, o := range b.app.snapshot(b.t.Context()).Outlets {
		if o.Project == "support" && o.Direction == way {
			return o
		}
	}
	b.t.Fatalf("no outlet %s", way)
	return status.Outlet{}
}

// dusk is a world in which one pair is linked and a shadow has begun.
type dusk struct {
	*bench
	person, other string   // records that are linked
	before        []string // what was written before the shadow
}

// nightfall links a pair and starts the daemon anew in shadow.
func nightfall(t *testing.T, b *bench) *dusk {
	t.Helper()
	b.start()
	d := &dusk{bench: b}
	for _, email := range []string{"mei@example.com", "ann@example.com"} {
		r, err := b.sim.org.Create("Contact", map[string]any{"FirstName": "First", "LastName": "Last", "Email": email})
		if err != nil {
			t.Fatal(err)
		}
		b.until(email+" is linked", time.Minute, func() bool { return b.byEmail(email) != nil })
		if d.person == "" {
			d.person = r
		} else {
			d.other = r
		}
	}
	time.Sleep(time.Minute)
	b.stop()
	b.cfg.Projects["support"].Shadow = true
	b.start()
	d.before = b.sent()
	return d
}

// night lets people on both sides do all kinds of things: edits of both sides, of one field on both sides, creations, a deletion, an activity.
func (d *dusk) night(t *testing.T) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	edit := func(email string, values map[string]string) {
		t.Helper()
		_, err := d.sim.crm.Edit(d.byEmail(email).ID, values)
		must(err)
		time.Sleep(10 * time.Second)
	}
	must(d.sim.org.Update("Contact", d.person, map[string]any{"FirstName": "Mei", "MobilePhone": "+60123456789"}))
	time.Sleep(10 * time.Second)
	edit("mei@example.com", map[string]string{"lastName": "Tan"})
	must(d.sim.org.Update("Contact", d.person, map[string]any{"MobilePhone": "+60123456780"})) // the first name is not touched any more
	must(d.sim.org.Update("Contact", d.other, map[string]any{"LastName": "Salesforce"}))
	time.Sleep(10 * time.Second)
	edit("ann@example.com", map[string]string{"lastName": "Platform"})
	_, err := d.sim.org.Create("Contact", map[string]any{"LastName": "New", "Email": "new@example.com"})
	must(err)
	made := d.sim.crm.Create(map[string]string{"firstName": "Zoe", "email": "zoe@example.com"})
	time.Sleep(10 * time.Second)
	must(d.sim.crm.CloseConversation(made.ID, "Sales", "Asked."))
	gone, err := d.sim.org.Create("Contact", map[string]any{"LastName": "Gone", "Email": "gone@example.com"})
	must(err)
	time.Sleep(10 * time.Second)
	must(d.sim.org.Delete("Contact", gone))
	time.Sleep(2 * time.Minute)
}

func TestShadow_SendsNothingEitherWayAndLosesNothingWhenItEnds(t *testing.T) {
	t.Parallel()
	synctestBench(t, simOptions{seed: 50}, nil, func(t *testing.T, b *bench) {
		d := nightfall(t, b)
		d.night(t)
		if n := len(b.sent()); n != len(d.before) {
			t.Fatalf("%d writes in shadow: %v", n-len(d.before), b.sent()[len(d.before):])
		}
		d.shows(t)
		b.stop()
		b.start() // a restart in shadow changes nothing
		time.Sleep(time.Minute)
		if n := len(b.sent()); n != len(d.before) {
			t.Fatalf("%d writes after a restart in shadow", n-len(d.before))
		}
		d.shows(t)
		b.stop()
		b.cfg.Projects["support"].Shadow = false
		b.start()
		d.dawn(t)
	})
}

// shows demands that status and stories tell what would have been sent.
func (d *dusk) shows(t *testing.T) {
	t.Helper()
	in, out := d.shadowed(bridge.Inbound), d.shadowed(bridge.Outbound)
	// Inbound the two records and the new one; the deleted one owes too, as nobody knows yet that it came to nothing.
	if !in.Silent || !out.Silent || *in.Shadowed != 4 || *out.Shadowed != 4 || !slices.Contains(out.Shadow, "contacts") {
		t.Errorf("inbound %v %v %d, outbound %v %v %d", in.Silent, in.Shadow, *in.Shadowed, out.Silent, out.Shadow, *out.Shadowed)
	}
	lines, err := d.app.store.Stories(t.Context(), store.StoryFilter{}, 200)
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, l := range lines {
		if l.Outcome == bridge.Shadowed {
			told[fmt.Sprintf("%s %s %s %v", l.Direction, l.Object, l.Op, l.Fields)] = true
		}
	}
	for _, want := range []string{
		"inbound Contact update [firstName phone]", "inbound Contact create [custom.salesforce_id email lastName]",
		"outbound Contact update [LastName]",
	} {
		if !told[want] {
			t.Errorf("%q is not told: %v", want, told)
		}
	}
	y := d.why(d.person)
	if !slices.Contains(whatOf(&y), "shadowed") {
		t.Errorf("why tells %v", whatOf(&y))
	}
}

// dawn demands that all that people did has arrived.
func (d *dusk) dawn(t *testing.T) {
	t.Helper()
	d.until("what was edited in Salesforce is on the platform", 2*time.Minute, func() bool {
		c := d.byEmail("mei@example.com")
		return c.Get("firstName") == "Mei" && c.Get("phone") == "+60123456780" && d.byEmail("new@example.com") != nil
	})
	d.until("what was edited on the platform is in Salesforce", 2*time.Minute, func() bool {
		r, _ := d.sim.org.Row("Contact", d.person)
		z := d.record("zoe@example.com")
		return r["LastName"] == "Tan" && z != nil && z["FirstName"] == "Zoe" && len(d.sim.org.Rows("Task")) == 1
	})
	time.Sleep(2 * time.Minute)
	r, _ := d.sim.org.Row("Contact", d.other)
	if c := d.byEmail("ann@example.com"); c.Get("lastName") != "Platform" || r["LastName"] != "Platform" {
		t.Errorf("the field that both sides edited is %v and %q", r["LastName"], c.Get("lastName"))
	}
	if d.byEmail("gone@example.com") != nil {
		t.Error("somebody was created whose record is deleted")
	}
	if in, out := d.shadowed(bridge.Inbound), d.shadowed(bridge.Outbound); *in.Shadowed+*out.Shadowed != 0 || in.Silent || len(out.Shadow) > 0 {
		t.Errorf("after the shadow: %+v %+v", in, out)
	}
	lines, err := d.app.store.Stories(t.Context(), store.StoryFilter{Record: bridge.RecordID(d.other)}, 50)
	clash := bridge.Judgement{Field: "LastName", Target: "lastName", Is: bridge.Clashes}
	if err != nil || !slices.ContainsFunc(lines, func(l bridge.Story) bool { return slices.Contains(l.Judged, clash) }) {
		t.Errorf("the conflict is not told, %v: %+v", err, lines)
	}
	n := len(d.sent())
	time.Sleep(10 * time.Minute)
	if more := len(d.sent()) - n; more > 0 {
		t.Errorf("%d writes while nobody edits", more)
	}
}

func TestShadow_OfOneProjectLeavesTheOthersAlone(t *testing.T) {
	cfg, err := parseConfig("x.toml", []byte(shadowText), testSurroundings(), ruleSyntax)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range cfg.nouns() {
		for _, tr := range p.Transfers {
			if tr.Shadow != (p.ID == "a" || tr.ID == "own") {
				t.Errorf("transfer %s of %s: shadow %v", tr.ID, p.ID, tr.Shadow)
			}
		}
	}
}

// shadowText is a configuration of two projects: all of a is in shadow, and one transfer of b.
const shadowText = `
[org.main]
login_url = "https://acme.my.salesforce.com"
client_id = "x"
client_secret = "env:SF_CLIENT_SECRET"
[project.a]
org = "main"
platform = "respondio"
shadow = true
token = "env:RESPONDIO_TOKEN"
signing_keys = ["env:RESPONDIO_KEY_CREATED"]
[[project.a.transfer]]
name = "contacts"
object = "Contact"
identity = [{ salesforce = "Email", platform = "email", format = "email" }]
fields = [{ salesforce = "LastName", platform = "lastName" }]
[project.b]
org = "main"
platform = "respondio"
token = "env:RESPONDIO_TOKEN"
signing_keys = ["env:RESPONDIO_KEY_CREATED"]
[[project.b.transfer]]
name = "contacts"
object = "Contact"
identity = [{ salesforce = "Email", platform = "email", format = "email" }]
fields = [{ salesforce = "LastName", platform = "lastName" }]
[[project.b.transfer]]
name = "own"
object = "Lead"
shadow = true
identity = [{ salesforce = "Email", platform = "email", format = "email" }]
fields = [{ salesforce = "LastName", platform = "lastName" }]
`
