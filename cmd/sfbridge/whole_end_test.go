package main

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/bridge/rule"
	"sfbridge/store"
)

// calls counts what the bridge asked of both ends.
func (w *theatre) calls() int {
	n := int(w.sim.org.APICalls())
	for _, f := range w.fars {
		n += len(f.Requests())
	}
	return n
}

// unequal lists what differs between Salesforce and every workspace, and who is there twice or not at all.
func (w *theatre) unequal() (wrong []string) {
	tags := map[string]bool{}
	for _, r := range w.sim.org.Rows("Contact") {
		tags[shown(r["Tag__c"])] = true
	}
	for _, f := range w.fars {
		for _, c := range f.Contacts() {
			tags[c.Get("custom.tag")] = true
		}
	}
	for i := range w.joined {
		tags[fmt.Sprint("tag", i)] = true
	}
	for tag := range tags {
		rows := w.rows(tag)
		_, gone := w.gone[tag]
		switch {
		case gone && len(rows) > 0:
			wrong = append(wrong, fmt.Sprintf("%s was deleted and has %d records", tag, len(rows)))
		case !gone && len(rows) != 1:
			wrong = append(wrong, fmt.Sprintf("%s has %d records", tag, len(rows)))
		case !gone:
			wrong = append(wrong, w.apart(tag, rows[0])...)
		}
	}
	slices.Sort(wrong)
	return wrong
}

// apart lists where a record and its contacts differ. A record that won a merge may have two contacts in a workspace, one of them linked.
func (w *theatre) apart(tag string, row map[string]any) (wrong []string) {
	for _, p := range w.projects {
		cs := contacts(w.fars[p], "custom.tag", tag)
		if len(cs) == 0 && shown(row["Email"]) == "" && shown(row["MobilePhone"]) == "" {
			continue // nobody is created without an identity
		}
		if len(cs) == 0 || len(cs) > 1 && !w.won[tag] {
			wrong = append(wrong, fmt.Sprintf("%s has %d contacts in %s", tag, len(cs), p))
			continue
		}
		var least []string
		for i := range cs {
			if one := differs(row, &cs[i]); i == 0 || len(one) < len(least) {
				least = one
			}
		}
		for _, d := range least {
			wrong = append(wrong, fmt.Sprintf("%s: %s in %s", tag, d, p))
		}
	}
	return wrong
}

// differs lists the fields in which a record and a contact differ.
func differs(row map[string]any, c *respondiotest.Contact) (wrong []string) {
	for field, attribute := range wholeAttributes {
		near, far := shown(row[field]), c.Get(attribute)
		same := near == strings.TrimSpace(far) // Salesforce keeps no blanks around a text
		switch field {
		case "Email":
			same = strings.EqualFold(near, far)
		case "MobilePhone":
			same = rule.Phone(near, "MY") == rule.Phone(far, "MY")
		case "Credit_Limit__c":
			same = same || near != "" && far != "" && cell(field, near) == cell(field, far)
		case "LastName":
			same = same || near == "-" && far == ""
		}
		if !same {
			wrong = append(wrong, fmt.Sprintf("%s is %q in Salesforce and %q", field, near, far))
		}
	}
	slices.Sort(wrong)
	return wrong
}

// left lists what waits, is buried or is not confirmed though nobody edits.
func (w *theatre) left() (wrong []string) {
	ctx, s := w.t.Context(), w.app.store
	counts := s.Counts()
	if counts.Unfolded > 0 {
		wrong = append(wrong, fmt.Sprintf("%d entries are not folded", counts.Unfolded))
	}
	for o, n := range counts.Outlets {
		if n.Waiting > 0 {
			wrong = append(wrong, fmt.Sprintf("%d deliveries wait %s of %s", n.Waiting, o.Direction, o.Project))
		}
	}
	letters, err := s.DeadLetters(ctx, store.LetterFilter{}, 10)
	for i := range letters {
		wrong = append(wrong, fmt.Sprintf("buried: %s %s: %s", letters[i].Delivery.Lane.Direction, letters[i].Delivery.Lane.Source, letters[i].Reason))
	}
	if err != nil {
		wrong = append(wrong, err.Error())
	}
	raw, err := s.Quarantined(ctx)
	if len(raw) > 0 || err != nil {
		wrong = append(wrong, fmt.Sprintf("%d events in quarantine, %v", len(raw), err))
	}
	err = s.EachUnconfirmed(ctx, func(u *bridge.Unconfirmed) error {
		if row, _ := w.sim.org.Row("Contact", string(u.Record)); row["IsDeleted"] == true {
			return nil // looked at when the record comes back
		}
		wrong = append(wrong, fmt.Sprintf("unconfirmed: %s of %s since %s", u.Field, u.Record, stamp(u.At)))
		return nil
	})
	if err != nil {
		wrong = append(wrong, err.Error())
	}
	return wrong
}

// noteMark is how an edit of a note is known again.
var noteMark = regexp.MustCompile(`\b[nf][0-9]{3}[nf]\b`)

// backwards lists notes that came to a far end after a newer one of the same person. Marks are numbered, so they sort. Of people whose records were
// merged nothing can be said.
func (w *theatre) backwards() (wrong []string) {
	newest := map[string]string{}
	came := func(end, mark string) {
		tag := w.marks[mark]
		if _, merged := w.gone[tag]; merged && w.gone[tag] == "" || w.won[tag] {
			return
		}
		at := end + mark[:1] + tag
		if mark < newest[at] {
			wrong = append(wrong, fmt.Sprintf("note %s of %s came to %s after %s", mark, tag, end, newest[at]))
		}
		newest[at] = max(newest[at], mark)
	}
	for p, f := range w.fars {
		for _, r := range f.Requests() {
			if r.Status/100 == 2 && r.Method != http.MethodGet {
				for _, mark := range noteMark.FindAllString(string(r.Body), -1) {
					came(string(p), mark)
				}
			}
		}
	}
	w.trace.mu.Lock()
	defer w.trace.mu.Unlock()
	for _, marks := range w.notes {
		for _, mark := range marks {
			if mark != "" {
				came("Salesforce", mark)
			}
		}
	}
	return wrong
}

// idle lists processes that had nothing to do: they would prove nothing.
func (w *theatre) idle() (wrong []string) {
	now := w.done()
	for i, n := range append(slices.Clone(w.lives), work{now.near - w.life.from.near, now.far - w.life.from.far}) {
		if (i == 0 || i == len(w.lives)) && (n.near == 0 || n.far == 0) {
			wrong = append(wrong, fmt.Sprintf("process %d wrote %d records and %d contacts", i, n.near, n.far))
		}
	}
	return wrong
}

// story is the trace with what the processes and Salesforce tell, in order of time.
func (w *theatre) story() []string {
	stories, err := w.app.store.Stories(w.t.Context(), store.StoryFilter{}, 1000)
	if err != nil {
		w.trace.add("stories: %v", err)
	}
	calls := w.sim.org.Calls()
	w.trace.mu.Lock()
	lines := slices.Clone(w.trace.lines)
	w.trace.mu.Unlock()
	for _, s := range stories {
		lines = append(lines, fmt.Sprintf("%s story %s %s %s/%s %s %s %v %s", stamp(s.At), s.Project, s.Direction, s.Record, s.Contact, s.Outcome, s.Op, s.Fields, s.Reason))
	}
	for _, c := range calls {
		lines = append(lines, fmt.Sprintf("%s Salesforce %d: %s %s", stamp(c.Time), c.Status, c.Method, c.Path))
	}
	slices.SortStableFunc(lines, func(a, b string) int { return strings.Compare(a[:9], b[:9]) })
	return lines
}
