package status

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"sfbridge/bridge"
)

// view is what the page shows: the status in words.
type view struct {
	Status
	Mood         mood
	Uptime       string
	Ways         []way
	Stories      []storyLine
	Letters      []letterLine
	LetterTotal  string
	Reasons      []Reason
	Orgs         []orgCard
	Holes        []holeCard
	Begun        []holeCard // where reading began: what was there before is not loaded
	StoreBytes   string
	StoreFree    string
	StoreEntries string
	StoreLag     string
	StoreCommit  string
}

// mood is the state of the whole in one sentence.
type mood struct{ Class, Text, Title string }

type storyLine struct {
	bridge.Story
	Class, Way, From, To, Took, Fields string
}

type letterLine struct {
	Letter
	Way, From, To, Attempts, Fields, Redrive, Drop string
}

type orgCard struct {
	Org
	Class, UsedText, LimitText string
	Used, Limit, High          int64
	Topics                     []topicLine
}

type topicLine struct {
	Topic
	Class, Last, Age string
}

type holeCard struct {
	Hole
	Span string
}

// lateAfter is the age of the oldest waiting delivery from which the page shows it as late.
const lateAfter = 60

// finish puts the status into words.
func (v *view) finish(trouble error) {
	v.Uptime = span(v.UptimeS)
	v.Ways = []way{v.way(bridge.Inbound), v.way(bridge.Outbound)}
	for i := range v.Status.Orgs {
		v.Orgs = append(v.Orgs, v.orgCard(&v.Status.Orgs[i]))
	}
	for _, h := range v.Status.Holes {
		card := holeCard{h, v.holeSpan(h)}
		if h.First {
			v.Begun = append(v.Begun, card)
		} else {
			v.Holes = append(v.Holes, card)
		}
	}
	v.StoreBytes, v.StoreFree = bytesOf(v.Store.Bytes), bytesOf(v.Store.FreeBytes)
	v.StoreEntries, v.StoreLag = countOf(v.Store.Entries), spanOf(v.Store.LagS)
	v.StoreCommit = spanOf(v.Store.CommitS)
	v.Reasons = v.Buried.ByReason
	v.LetterTotal = countOf(v.Buried.Total)
	if v.Buried.Total == nil {
		v.LetterTotal = count(int64(len(v.Letters)))
	}
	v.Mood = v.mood(trouble)
}

func (v *view) mood(trouble error) mood {
	switch n := len(v.Alarms); {
	case trouble != nil:
		return mood{"bad", "The store cannot be read", "Trouble"}
	case v.State == "stopping":
		return mood{"warn", "Stopping: what is in flight finishes", "Stopping"}
	case v.State == "starting":
		return mood{"warn", "Starting", "Starting"}
	case n == 0 && v.silent():
		return mood{"warn", "In shadow: all is shown and nothing is sent", "Shadow"}
	case n == 1:
		return mood{"warn", "One thing needs attention", "(1) Attention"}
	case n > 1:
		return mood{"warn", fmt.Sprintf("%d things need attention", n), fmt.Sprintf("(%d) Attention", n)}
	case v.shaded():
		return mood{"good", "Everything flows; some is in shadow and not sent", "Flowing"}
	case v.Buried.Total != nil && *v.Buried.Total > 0:
		return mood{"good", "Both directions flow; some letters are buried", "Flowing"}
	default:
		return mood{"good", "Everything flows", "Flowing"}
	}
}

// silent reports that nothing is sent anywhere.
func (v *view) silent() bool {
	return len(v.Outlets) > 0 && !slices.ContainsFunc(v.Outlets, func(o Outlet) bool { return !o.Silent })
}

// shaded reports that some of it is not sent.
func (v *view) shaded() bool {
	return slices.ContainsFunc(v.Outlets, func(o Outlet) bool { return len(o.Shadow) > 0 })
}

func (v *view) stories(all []bridge.Story) {
	for i := range all {
		s := &all[i]
		l := storyLine{Story: *s, Class: outcomeClass(s.Outcome), Way: wayClass(s.Direction), Fields: strings.Join(s.Fields, ", ")}
		l.From, l.To = ends(s.Direction, named(string(s.Object), string(s.Record)), named(string(s.Project), string(s.Contact)))
		if s.TookMS > 0 {
			l.Took = span(s.TookMS / 1000)
		}
		v.Stories = append(v.Stories, l)
	}
}

func (v *view) letters(all []bridge.DeadLetter) {
	for i := range all {
		l := letterLine{Letter: LetterOf(&all[i]), Way: wayClass(all[i].Delivery.Lane.Direction)}
		record, contact := string(l.Object), string(l.Project)
		if l.Direction == bridge.Inbound {
			record = named(record, l.Source)
		} else {
			contact = named(contact, l.Source)
		}
		l.From, l.To = ends(l.Direction, record, contact)
		l.Attempts = fmt.Sprintf("%d attempts", l.Letter.Attempts)
		if l.Letter.Attempts <= 1 { // what is refused for good is not counted as a failed attempt
			l.Attempts = "1 attempt"
		}
		var fields []string
		for _, f := range l.Letter.Fields {
			fields = append(fields, string(f))
		}
		l.Fields = strings.Join(fields, ", ")
		base := "/dead-letters/" + url.PathEscape(l.ID)
		l.Redrive, l.Drop = base+"/redrive", base+"/drop"
		v.Letters = append(v.Letters, l)
	}
}

func (v *view) orgCard(o *Org) orgCard {
	c := orgCard{Org: *o, Class: authClass(o.Auth)}
	if o.APILimit != nil && o.APIUsed != nil {
		c.Used, c.Limit, c.High = *o.APIUsed, *o.APILimit, *o.APILimit*8/10
		c.UsedText, c.LimitText = count(c.Used), count(c.Limit)
	}
	for i := range v.Status.Topics {
		if t := &v.Status.Topics[i]; t.Org == o.Name {
			line := topicLine{Topic: *t, Class: topicClass(t.State), Last: "not seen yet"}
			if t.LastEvent != nil {
				line.Last = ago(v.At, *t.LastEvent)
			}
			if t.ReplayAgeS != nil {
				line.Age = span(*t.ReplayAgeS)
			}
			c.Topics = append(c.Topics, line)
		}
	}
	return c
}

func (v *view) holeSpan(h Hole) string {
	const form = "2 Jan 15:04"
	if h.First {
		return "Reading began " + h.From.Format(form)
	}
	if h.To == nil {
		return "since " + h.From.Format(form)
	}
	return fmt.Sprintf("%s to %s (%s)", h.From.Format(form), h.To.Format(form), span(h.To.Sub(h.From).Seconds()))
}

// ends puts both sides in the order of travel.
func ends(d bridge.Direction, record, contact string) (from, to string) {
	if d == bridge.Outbound {
		return contact, record
	}
	return record, contact
}

func wayClass(d bridge.Direction) string {
	if d == bridge.Outbound {
		return "out"
	}
	return "in"
}

func named(kind, id string) string { return strings.TrimSpace(kind + " " + id) }

func outcomeClass(o bridge.Outcome) string {
	switch o {
	case bridge.Sent:
		return "good"
	case bridge.Conflict, bridge.Deferred:
		return "warn"
	case bridge.Buried:
		return "bad"
	default:
		return "calm"
	}
}

func authClass(auth string) string {
	switch auth {
	case "ok":
		return "good"
	case "refused", "unreachable":
		return "bad"
	default:
		return "warn"
	}
}

func topicClass(state string) string {
	switch {
	case state == "live":
		return "good"
	case slices.Contains([]string{"auth-failed", "replay-lost", "stopped-needs-admin"}, state):
		return "bad"
	case slices.Contains([]string{"anchoring", "connecting", "stalled", "paused-limit"}, state):
		return "warn"
	default:
		return "calm"
	}
}
