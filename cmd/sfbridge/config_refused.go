package main

import (
	"cmp"
	"slices"

	"sfbridge/bridge"
)

// refusals are what may become of a value that Salesforce refuses.
func refusals() []string {
	return []string{buryIt, string(bridge.TruncateRefused), string(bridge.DefaultRefused), string(bridge.DropRefused)}
}

// refusal sees to it that a value gives way only where nobody is known by it, and to something.
func (c *transferCheck) refusal(path string, p *PairConfig) {
	if p.OnRefused == "" || p.OnRefused == buryIt {
		return
	}
	c.oneOf(path, p.OnRefused, refusals())
	way := bridge.OnRefused(p.OnRefused)
	switch {
	case !bridge.Direction(cmp.Or(p.Direction, c.t.Direction)).Covers(bridge.Outbound):
		c.add(path, "remove it", "the pair goes inbound, and Salesforce refuses nothing there")
	case p.Salesforce == c.t.Key || slices.ContainsFunc(c.t.Identity, func(i PairConfig) bool {
		return i.Salesforce == p.Salesforce || i.Platform == p.Platform && p.Platform != ""
	}):
		c.add(path, `remove it; what is refused is buried with Salesforce's own sentence`, "people are matched by %s, so nothing else may stand in its place", cmp.Or(p.Salesforce, p.Platform))
	case way == bridge.DefaultRefused && (p.Default == nil || p.Default == ""):
		c.add(path, `add default = "..." to the pair`, "the pair has no default that could stand in the place of a refused value")
	case way == bridge.TruncateRefused && p.Format != "":
		c.add(path, `write on_refused = "drop", or remove it`, "a part of %s is another one", map[string]string{"phone": "a phone number", "email": "an e-mail address"}[p.Format])
	}
}
