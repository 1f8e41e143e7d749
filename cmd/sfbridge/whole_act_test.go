package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
)

// wholeAttributes names the attribute of each field.
var wholeAttributes = map[string]string{
	"Tag__c": "custom.tag", "FirstName": "firstName", "LastName": "lastName", "Email": "email", "MobilePhone": "phone", "Birthdate": "custom.birthday",
	"Credit_Limit__c": "custom.score", "Near_Note__c": "custom.near_note", "Far_Note__c": "custom.far_note",
}

// wholeEditable are the fields that both sides edit.
var wholeEditable = []string{"FirstName", "LastName", "Email", "MobilePhone", "Birthdate", "Credit_Limit__c"}

// do lets one thing happen.
func (w *theatre) do(i int, a *deed) {
	side, tag := a.Side%(len(w.projects)+1), fmt.Sprint("tag", (a.Person+w.joined)%w.joined)
	switch a.Kind {
	case "join":
		w.join(side)
	case "both":
		w.twins(i, a)
	case "prospect":
		w.prospect(i, a)
	case "delete", "undelete", "merge":
		w.lose(a.Kind, tag, fmt.Sprint("tag", (a.Person+w.joined+1)%w.joined))
	case "fault":
		w.spoil(a)
	case "heal":
		w.heal()
	case "stop", "kill":
		w.finish(a.Kind == "kill")
	case "fail":
		w.fail(i, tag)
	case "start":
		w.begin()
	case "mass":
		w.mass(i)
	case "drop":
		w.drop(tag)
	case "note":
		w.note(i, tag)
	case "clash":
		w.clash(i, tag, a)
	default:
		w.edit(side, tag, wholeEditable[a.Field%len(wholeEditable)], w.value(i, side, tag, a))
	}
}

// join brings a person in at one side.
func (w *theatre) join(side int) {
	tag := fmt.Sprint("tag", w.joined)
	w.joined++
	w.trace.add("USER %s comes to side %d", tag, side)
	w.bring(side, map[string]string{"Tag__c": tag, "FirstName": "First", "LastName": "Last", "Email": tag + "@example.com", "Credit_Limit__c": "1"})
}

// twins bring the same new person in at both ends, as two people write him: first in Salesforce, which takes a second one of the same address.
func (w *theatre) twins(i int, a *deed) {
	tag := fmt.Sprint("twin", i)
	w.trace.add("USER %s comes to both ends", tag)
	near := map[string]string{"Tag__c": tag, "FirstName": []string{"", "Twyn"}[a.Value%2], "LastName": "Twin", "Email": tag + "@example.com"}
	w.bring(0, near)
	time.Sleep(time.Duration(a.Field%5) * 100 * time.Millisecond)
	w.bring(1+a.Side%len(w.projects), map[string]string{"Tag__c": tag, "FirstName": "Twain", "LastName": "Twin", "Email": tag + "@example.com"})
}

// bring creates a record or a contact. Nobody makes a contact of an address that the workspace shows him already.
func (w *theatre) bring(side int, set map[string]string) {
	if side == 0 {
		row := map[string]any{}
		for f, v := range set {
			row[f] = cell(f, v)
		}
		if _, err := w.sim.org.Create("Contact", row); err != nil {
			w.t.Errorf("create %v: %v", set, err)
		}
		return
	}
	f := w.fars[w.projects[side-1]]
	as := map[string]string{}
	for name, v := range set {
		as[wholeAttributes[name]] = v
	}
	if len(contacts(f, "email", as["email"])) == 0 {
		w.trace.mu.Lock()
		defer w.trace.mu.Unlock()
		w.looks(w.projects[side-1], f.Create(as).ID, false)
	}
}

// cell is a text as a user's value of a field of Salesforce.
func cell(field, text string) any {
	if text == "" {
		return nil
	}
	if field == "Credit_Limit__c" {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			panic(err)
		}
		return n
	}
	return text
}

// fail has the disk fail first and the process end a moment later, while somebody edits.
func (w *theatre) fail(i int, tag string) {
	if w.life != nil {
		w.trace.add("the disk fails")
		w.life.wire.fail()
		w.edit(1, tag, "FirstName", fmt.Sprintf("v%03d", i))
		time.Sleep(time.Duration(w.dice.roll("fail").Int64N(int64(300 * time.Millisecond))))
	}
	w.finish(true)
}

// lose deletes a record, brings it back, or merges it into another one. Only somebody who is known at all ends: who is deleted before a create that was cut
// is settled is created once more.
func (w *theatre) lose(kind, tag, other string) {
	if kind == "undelete" {
		if id := w.gone[tag]; id != "" {
			w.trace.add("USER undeletes %s", tag)
			w.must(w.sim.org.Undelete("Contact", id))
			delete(w.gone, tag)
		}
		return
	}
	id := w.known(tag)
	if id == "" || w.dropped[tag] { // whose contacts are gone may be created at any moment
		return
	}
	if kind == "delete" {
		w.trace.add("USER deletes %s", tag)
		w.leaves(tag)
		w.must(w.sim.org.Delete("Contact", id))
		w.gone[tag] = id
		return
	}
	if winner := w.known(other); winner != "" && winner != id {
		w.trace.add("USER merges %s into %s", tag, other)
		w.leaves(tag)
		w.leaves(other)
		w.must(w.sim.org.Do(func(tx *fakeorg.Tx) error { return tx.Merge("Contact", winner, id) }))
		w.gone[tag], w.won[other] = "", true
	}
}

func (w *theatre) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Errorf("%s: %v", stamp(time.Now()), err)
	}
}

// mass changes everybody in Salesforce in one transaction.
func (w *theatre) mass(i int) {
	w.trace.add("USER sets LastName of everybody in Salesforce to %q", fmt.Sprintf("m%03d", i))
	rows := w.sim.org.Rows("Contact")
	for _, r := range rows {
		w.meets(shown(r["Tag__c"]))
	}
	w.must(w.sim.org.Do(func(tx *fakeorg.Tx) error {
		for _, r := range rows {
			if err := tx.Update("Contact", fmt.Sprint(r["Id"]), map[string]any{"LastName": fmt.Sprintf("m%03d", i)}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// drop deletes somebody's contacts. The platform tells nobody, so his record is edited when everything is over.
func (w *theatre) drop(tag string) {
	if w.known(tag) == "" {
		return
	}
	w.trace.add("USER drops the contacts of %s", tag)
	w.dropped[tag] = true
	w.leaves(tag)
	for _, f := range w.fars {
		for _, c := range contacts(f, "custom.tag", tag) {
			w.must(f.Delete(c.ID))
		}
	}
}

// known is the one living record of a person who is linked in every project, or "".
func (w *theatre) known(tag string) string {
	rows := w.rows(tag)
	if len(rows) != 1 || w.app == nil {
		return ""
	}
	id, _ := rows[0]["Id"].(string)
	for _, p := range w.projects {
		if _, err := w.app.store.LinkOf(w.t.Context(), bridge.OrgID(w.sim.org.OrgID()), p, bridge.RecordID(id)); err != nil {
			return ""
		}
	}
	return id
}

// rows are the living records of a person.
func (w *theatre) rows(tag string) (rows []map[string]any) {
	for _, r := range w.sim.org.Rows("Contact") {
		if r["Tag__c"] == tag {
			rows = append(rows, r)
		}
	}
	return rows
}

// contacts are those that hold a text, whatever its case.
func contacts(f *respondiotest.Fake, attribute, text string) (cs []respondiotest.Contact) {
	for _, c := range f.Contacts() {
		if strings.EqualFold(c.Get(attribute), text) {
			cs = append(cs, c)
		}
	}
	return cs
}

// note writes a mark at each end into a note of a person that is written there alone.
func (w *theatre) note(i int, tag string) {
	near, far := fmt.Sprintf("n%03dn", i), fmt.Sprintf("f%03df", i)
	w.marks[near], w.marks[far] = tag, tag
	w.edit(0, tag, "Near_Note__c", near)
	w.edit(1, tag, "Far_Note__c", far)
}

// edit lets a user change one field at one end, if the person is known there.
func (w *theatre) edit(side int, tag, field, value string) {
	w.meets(tag)
	if side == 0 {
		if rows := w.rows(tag); len(rows) == 1 {
			w.trace.add("USER sets %s of %s in Salesforce to %q", field, tag, value)
			w.must(w.sim.org.Update("Contact", fmt.Sprint(rows[0]["Id"]), map[string]any{field: cell(field, value)}))
		}
		return
	}
	p := w.projects[side-1]
	if cs := contacts(w.fars[p], "custom.tag", tag); len(cs) == 1 {
		w.trace.add("USER sets %s of %s in %s to %q", field, tag, p, value)
		w.trace.mu.Lock()
		defer w.trace.mu.Unlock()
		_, err := w.fars[p].Edit(cs[0].ID, map[string]string{wholeAttributes[field]: value})
		w.must(err)
		w.looks(p, cs[0].ID, false)
	}
}

// clash has both ends edit one field of a person within the time that a change takes to get across.
func (w *theatre) clash(i int, tag string, a *deed) {
	field, far, b := wholeEditable[a.Field%len(wholeEditable)], 1+a.Side%len(w.projects), *a
	b.Value = (a.Value + a.Field) % 4
	w.edit(a.Person%2*far, tag, field, w.value(i, a.Person%2*far, tag, a))
	time.Sleep(time.Duration(a.Field) * 5 * time.Millisecond)
	w.edit((1-a.Person%2)*far, tag, field, w.value(i+500, (1-a.Person%2)*far, tag, &b))
}

// value is what a user writes: something new, nothing, something that was there before, or something that is stored in another form.
func (w *theatre) value(i, side int, tag string, a *deed) string {
	if a.Value == 2 {
		i /= 2
	}
	odd := a.Value == 3
	switch field := wholeEditable[a.Field%len(wholeEditable)]; {
	case a.Value == 1 && field != "LastName":
		return ""
	case field == "Email":
		return fmt.Sprintf("Mail%03d.%s@Example.com", i, tag)
	case field == "MobilePhone" && odd && side == 0: // respond.io takes numbers with their country alone
		return fmt.Sprintf("012-345 %04d", i)
	case field == "MobilePhone":
		return fmt.Sprintf("+6012345%04d", i)
	case field == "Birthdate":
		return fmt.Sprintf("1990-05-%02d", 1+i%28)
	case field == "Credit_Limit__c" && odd:
		return fmt.Sprintf("%d.12345", i)
	case field == "Credit_Limit__c":
		return strconv.Itoa(i)
	case field == "FirstName" && odd:
		return fmt.Sprintf("auto%03d", i)
	case odd:
		return fmt.Sprintf("  v%03d ", i)
	}
	return fmt.Sprintf("v%03d", i)
}

// spoil makes one thing go wrong until it is healed.
func (w *theatre) spoil(a *deed) {
	org, share := w.sim.org, []float64{0.3, 0.6}[a.Value%2]
	spoils := []struct {
		name string
		do   func()
	}{
		{"webhooks come twice and out of order", func() { w.afar(respondiotest.Faults{Duplicate: 0.5, Reorder: 0.5}) }},
		{"the platform loses answers", func() { w.afar(respondiotest.Faults{Lose: share}) }},
		{"the platform is overloaded", func() { w.afar(respondiotest.Faults{Limited: true}) }},
		{"the platform is down", func() { w.afar(respondiotest.Faults{Down: true}) }},
		{"the platform cannot be reached", func() { w.afar(respondiotest.Faults{Refuse: true}) }},
		{"the platform is slow", func() { w.afar(respondiotest.Faults{Latency: 700 * time.Millisecond, Reorder: 0.3}) }},
		{"Salesforce loses answers", func() {
			org.AddFault(fakeorg.Fault{Path: "/composite/sobjects", Share: share, Seed: w.play.seed, Cut: fakeorg.CutAfter})
		}},
		{"Salesforce cuts calls", func() {
			org.AddFault(fakeorg.Fault{Path: "/services/data", Share: share, Seed: w.play.seed, Cut: fakeorg.CutBefore})
		}},
		{"rows are locked", func() {
			org.AddFault(fakeorg.Fault{Object: "Contact", Share: share, Seed: w.play.seed, Code: "UNABLE_TO_LOCK_ROW", Message: "unable to obtain exclusive access to this record"})
		}},
		{"Salesforce fails", func() {
			org.AddFault(fakeorg.Fault{Path: "/services/data", Share: share, Seed: w.play.seed, Status: http.StatusInternalServerError})
		}},
		{"Salesforce is slow", func() {
			org.AddFault(fakeorg.Fault{Path: "/services/data", Delay: fakeorg.Duration(2 * time.Second)})
		}},
		{"sessions end", func() { org.Revoke("") }},
		{"Salesforce is in maintenance", func() { org.Maintain(true) }},
		{"the stream is silent", org.Stall},
		{"the stream breaks", func() { org.CloseStreams(codes.Unavailable, "") }},
		{"the stream ends", func() { org.StreamFault("service.unavailable", 2) }},
		{"schemas cannot be had", func() { org.FailSchemas(2) }},
	}
	s := spoils[a.Field%len(spoils)]
	w.trace.add("FAULT %s, share %v", s.name, share)
	s.do()
}

func (w *theatre) afar(f respondiotest.Faults) {
	for _, far := range w.fars {
		far.SetFaults(f)
	}
}

// heal ends all faults.
func (w *theatre) heal() {
	w.trace.add("HEAL")
	w.afar(respondiotest.Faults{})
	w.sim.org.ClearFaults()
	w.sim.org.Maintain(false)
	w.sim.org.HealStreams()
	w.sim.org.Unstall()
}
