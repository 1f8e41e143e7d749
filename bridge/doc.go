// Package bridge holds the nouns of sfbridge and the seams between its parts. It speaks no protocol and imports nothing of ours.
//
// Inbound is Salesforce to platform, outbound is platform to Salesforce:
//
//	Change  ─┐                                             ┌─ Message ─> Sender (a platform)
//	         ├─> Entry ─> Journal ─> Work ─> Courier ──────┤
//	Callback ┘     │                           │           └─ Write ───> Writer (Salesforce)
//	               └─> Mirror (folded in order)└─> Link, Baseline, Story
//
// What the nouns promise:
//
//   - A [Value] is unknown, null or known; the three are never mixed up. Its text is canonical, so equality is equality of text.
//   - A [Delivery] of kind [State] says "record R is dirty in fields F for transfer T" and carries no values: the courier takes those of the
//     mirror when it carries, so that waiting deliveries coalesce and redriving is harmless. One of kind [Append] carries its own callback.
//   - An error that leaves an adapter is judged by [VerdictOf] alone: marked with [Permanent], [After], [Unavailable] or [Uncertain], or not marked
//     and then retried until its age bound buries it.
//   - Ids are named types. Whatever can collide between orgs or projects carries them.
//
// The seams are declared here for what the courier calls; each has at most five methods. Implementations block until the effect is durable or the
// context ends, and never keep what they are given after they return.
//
// Departures from the plan of the house: [Sender] answers with the contact's id, since a create is what makes it known.
package bridge
