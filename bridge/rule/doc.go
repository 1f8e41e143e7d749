// Package rule holds the pure rules of the bridge: what intake takes, what is read, how values are mapped and matched, and the three-way compare.
//
// Nothing here blocks or knows a protocol, and what it answers depends on values alone; phones that were read last are kept, within a bound. A rule that
// needs a value nobody has read yet says so with [NeedError]; the courier reads and asks again.
//
//	Change ──Wanted──> which transfers?      (at intake, judges nothing)
//	Change ──Fold────> Row                   (what Salesforce said)
//	Row    ──Inbound─> Attributes, Agreed    (at carry: mapping, then compare with the baseline)
//	Contact─Outbound─> Fields, Agreed        (at carry, the other way)
//
// A mapping is a list of pairs. Each carries a value as it is, or makes it with an expression of the language that [Functions] tell of:
//
//	text ──compile──> program, and from the syntax tree what it reads ──> read set: what is kept, asked for and watched
//	program(sf or contact) ──> a value, null (clear) or leave
//
// Expressions are compiled once, cost a bounded amount, and see no clock: what they make depends on values alone, or the compare would never rest. A
// phone is one number in every spelling. What is read of a parent is kept by the parent's own row, so that one rename costs no reading of its children.
//
// The compare judges each pair of fields on its own against what both sides last agreed on:
//
//	source == baseline               nothing to do: an echo, or never changed
//	source != baseline, target same  nothing to do but to agree
//	source != baseline               carry, and agree once it is done
//
// Two humans-in-two-records are one here: a lead goes on as what it was converted into (lead.go), and a person account is its account, whichever of its
// two halves an event tells of (person.go).
package rule
