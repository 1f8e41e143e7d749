package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// tried is what a trial says, as JSON.
func (f *field) tried(id string) TryRun {
	f.t.Helper()
	var r TryResult
	s := f.say(f.t.Context(), nil, "try", id, "--json")
	if err := json.Unmarshal([]byte(s.text), &r); err != nil || len(r.Runs) == 0 {
		f.t.Fatalf("a trial of %s says %v: %s", id, err, s.text)
	}
	return r.Runs[0]
}

// steps are the questions of a run that found somebody or nobody, in order.
func (r *TryRun) steps() (all []string) {
	for _, s := range r.Searches {
		all = append(all, fmt.Sprintf("%s in %s: %d", s.Rule, s.In, len(s.Found)))
	}
	return all
}

// TestTry_MatchesByEveryRuleAsTheDaemonDoes: in shadow the daemon keeps a mirror and links nobody, so each rule can be shown beside it. What the trial
// foretold is what the daemon does once it may.
func TestTry_MatchesByEveryRuleAsTheDaemonDoes(t *testing.T) {
	f := newField(t)
	f.rewrite(`org = "acme"`, "org = \"acme\"\nregion = \"MY\"\nshadow = true")
	f.start()
	f.until("the daemon listens to Salesforce", func() bool { return len(f.sim.org.Subscriptions()) > 0 })
	create := func(fields map[string]any) string {
		fields["LastName"] = "Tan"
		id, err := f.sim.org.Create("Contact", fields)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	person := func(fields map[string]string) string { return fmt.Sprint(f.sim.crm.Create(fields).ID) }
	mail, phone := create(map[string]any{"Email": "Mail@example.com"}), create(map[string]any{"MobilePhone": "(012) 345-6789"})
	borne := create(map[string]any{"Email": "own@example.com"})
	create(map[string]any{"Email": "two@example.com"})
	create(map[string]any{"Email": "two@example.com"})
	byMail, byPhone := person(map[string]string{"lastName": "A", "email": "mail@EXAMPLE.com"}), person(map[string]string{"lastName": "B", "phone": "+60123456789"})
	double, nobody := person(map[string]string{"lastName": "C", "email": "two@example.com"}), person(map[string]string{"lastName": "D", "email": "new@example.com"})
	byID := person(map[string]string{"lastName": "E", "custom.salesforce_id": borne})
	keyed := person(map[string]string{"lastName": "F"})
	f.until("the mirror knows them", func() bool { // the two were created last
		r := f.tried(double)
		return slices.Contains(r.steps(), "e-mail in mirror: 2")
	})
	key := create(map[string]any{"Messaging_Id__c": keyed})

	cases := []struct {
		name, contact, record string
		outcome               string
		step                  string // the last one
	}{
		{"e-mail", byMail, mail, "send", "e-mail in mirror: 1"},
		{"phone in another spelling", byPhone, phone, "send", "phone in mirror: 1"},
		{"external id", keyed, key, "send", "external id in Salesforce: 1"},
		{"record id", byID, borne, "send", ""},
		{"two of one e-mail", double, "", "buried", "e-mail in mirror: 2"},
		{"nobody", nobody, "", "send", "e-mail in Salesforce: 0"},
	}
	look := func(when string) {
		for _, c := range cases {
			run := f.tried(c.contact)
			if run.Outcome != c.outcome || string(run.Record) != c.record {
				t.Errorf("%s, %s: %s of record %q, want %s of %q; %s", when, c.name, run.Outcome, run.Record, c.outcome, c.record, run.Reason)
			}
			if steps := run.steps(); c.step != "" && (len(steps) == 0 || !slices.Contains(steps, c.step)) {
				t.Errorf("%s, %s: asked %q, want %q among them", when, c.name, steps, c.step)
			}
		}
	}
	look("beside the daemon")
	f.kill()
	look("beside its store")
	held, writes := f.far()
	f.say(t.Context(), nil, "try", byMail)
	if after, more := f.far(); after != held || len(more) != len(writes) {
		t.Error("a trial changed something")
	}
	f.rewrite("shadow = true", "")
	f.start()
	f.until("the daemon links whom the trial foretold", func() bool {
		for _, c := range cases {
			if c.outcome != "send" || c.record == "" {
				continue
			}
			if s := f.say(t.Context(), nil, "try", c.contact).text; !strings.Contains(s, "is linked to contact "+c.contact) {
				return false
			}
		}
		return true
	})
	for _, c := range cases {
		if run := f.tried(c.contact); c.record != "" && string(run.Record) != c.record {
			t.Errorf("%s: the daemon linked %s, and %s was foretold", c.name, run.Record, c.record)
		}
	}
}

// TestTry_SaysThatNobodyIsCreatedForSomebodyWhoseRecordWasDeleted: the claim that bars it stands in the store alone.
func TestTry_SaysThatNobodyIsCreatedForSomebodyWhoseRecordWasDeleted(t *testing.T) {
	f := newField(t)
	f.start()
	f.until("the daemon listens to Salesforce", func() bool { return len(f.sim.org.Subscriptions()) > 0 })
	id, err := f.sim.org.Create("Contact", map[string]any{"FirstName": "Mei", "LastName": "Tan", "Email": "tan@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	f.until("the contact is there", func() bool { return len(f.sim.crm.Contacts()) == 1 })
	contact := fmt.Sprint(f.sim.crm.Contacts()[0].ID)
	f.until("both are linked", func() bool { return f.tried(contact).Linked })
	if err := f.sim.org.Delete("Contact", id); err != nil {
		t.Fatal(err)
	}
	f.until("the link has ended", func() bool { return !f.tried(contact).Linked })
	for _, beside := range []string{"the daemon", "its store"} {
		if run := f.tried(contact); run.Outcome != "skipped" || !strings.Contains(run.Reason, "not created anew") {
			t.Errorf("beside %s: %s: %s", beside, run.Outcome, run.Reason)
		}
		f.kill()
	}
	f.rewrite(`no_match_outbound = "create"`, "no_match_outbound = \"create\"\non_gone = \"create\"")
	if run := f.tried(contact); run.Timing != "" || !run.Due.IsZero() {
		t.Errorf("what goes at once goes %s at %v", run.Timing, run.Due)
	}
	f.rewrite(`on_gone = "create"`, "on_gone = \"create\"\ntiming_outbound = \"daily 22:00 Asia/Tokyo\"")
	if run := f.tried(contact); run.Timing != "daily 22:00 Asia/Tokyo" || run.Due.UTC().Hour() != 13 || !run.Due.After(time.Now()) {
		t.Errorf("timing %q, due %v", run.Timing, run.Due)
	}
	if run := f.tried(contact); run.Outcome != "skipped" || !strings.Contains(run.Reason, "nobody has edited the contact since") {
		t.Errorf("before an edit: %s: %s", run.Outcome, run.Reason)
	}
	if _, err := f.sim.crm.Edit(f.sim.crm.Contacts()[0].ID, map[string]string{"lastName": "Lim"}); err != nil {
		t.Fatal(err)
	}
	if run := f.tried(contact); run.Outcome != "send" || !strings.Contains(run.Reason, "in the place of "+id) {
		t.Errorf("after an edit: %s: %s", run.Outcome, run.Reason)
	}
}
