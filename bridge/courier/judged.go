package courier

import (
	"slices"
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// verdict is what a line of the story is made of, as the carry knows it.
type verdict struct {
	out    bridge.Outcome
	fields []string // that go, by the names of the side they go to
	reason string
}

// judged says for each field that came into question why it goes or does not go. It explains; the compare has decided.
func (t *trip) judged(tr *rule.Transfer, v verdict) []bridge.Judgement {
	if tr == nil {
		return nil
	}
	var dirty map[bridge.Field]bool
	in := t.w.Head().Lane.Direction == bridge.Inbound
	if in {
		dirty = t.w.Dirty()
	}
	var all []bridge.Judgement
	for i := range tr.Fields {
		p := &tr.Fields[i]
		j := bridge.Judgement{Field: string(p.Platform), Target: string(p.Salesforce)}
		if in {
			j.Field, j.Target = j.Target, j.Field
		}
		goes := slices.Contains(v.fields, j.Target)
		touched := dirty == nil || dirty[p.Salesforce] || in && p.Inbound != ""
		if !p.Direction.Covers(t.w.Head().Lane.Direction) || !touched && !goes {
			continue
		}
		if j.Is = t.ruling(v, goes, slices.Contains(t.clashed, string(p.Salesforce)) || slices.Contains(t.clashed, string(p.Platform))); j.Is != "" {
			all = append(all, j)
		}
	}
	return all
}

// ruling is why one field goes or does not go, "" where the line's own reason says it.
func (t *trip) ruling(v verdict, goes, clash bool) bridge.Ruling {
	switch v.out {
	case bridge.Sent, bridge.Conflict, bridge.Shadowed, bridge.Same:
		switch {
		case clash:
			return bridge.Clashes
		case goes:
			return bridge.Differs
		case t.echo():
			return bridge.Echo
		default:
			return bridge.Agrees
		}
	case bridge.Skipped:
		switch {
		case strings.Contains(v.reason, "condition"):
			return bridge.Excluded
		case strings.HasPrefix(v.reason, errUnseen.Error()):
			return bridge.Unseen
		case strings.Contains(v.reason, "matche"):
			return bridge.Unmatched
		}
	case bridge.Buried, bridge.Deferred, bridge.Operator:
	}
	return ""
}

// echo reports that every change which this work carries was the bridge's own.
func (t *trip) echo() bool {
	return !slices.ContainsFunc(t.w.Deliveries, func(d bridge.Delivery) bool { return !d.Ours })
}

// sought are the names under which the person of this work was looked for.
func (t *trip) sought() []string {
	var all []string
	for _, c := range t.candidates {
		if !strings.HasPrefix(c.Identity, "made-") {
			all = append(all, c.Identity)
		}
	}
	return all
}
