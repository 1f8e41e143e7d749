// Package rule holds the pure rules of the bridge: what intake takes, what is read, how values are mapped and matched, and the three-way compare.
//
// Nothing here blocks, keeps state or knows a protocol. A rule that needs a value nobody has read yet says so with [NeedError]; the courier reads and
// asks again.
//
//	Change ──Wanted──> which transfers?      (at intake, judges nothing)
//	Change ──Fold────> Row                   (what Salesforce said)
//	Row    ──Inbound─> Attributes, Agreed    (at carry: mapping, then compare with the baseline)
//	Contact─Outbound─> Fields, Agreed        (at carry, the other way)
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
