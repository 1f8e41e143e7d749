// Package refill fills holes: stretches of time of which events may be missing. It reads over REST what was written since, and what was deleted, and has
// the intake take in what the mirror does not hold.
//
//	hole ──settled──> per object:  rights ─> rows, by SystemModstamp ─> what the mirror lacks ─┐
//	                                         deletions ─ too many at once? held ───────────────┴─> Sink: entries, records dirty
//	                               both compared for each object ─> hole closed
//
// What it promises:
//
//   - A hole closes only after the rows and the deletions of each of its objects were compared, and what was found is durable. A crash repeats at most a
//     page.
//   - Reading begins once the stream runs again and what it may have missed while it settled is written: nothing falls between the two.
//   - What cannot be seen is not deleted: only the recycle bin and the list of deletions say so, and the right to see the object is asked for anew first.
//   - More than a hundred deletions, or more than one in a hundred of an object's records, that would delete contacts on a platform wait for an operator.
//   - What the mirror holds already costs no entry, so that a hole that missed nothing changes nothing.
//   - An object that fails does not keep the others; it is tried again at growing intervals for ever.
//
// It starts no goroutine and holds no lock across a call. It never moves a position and never writes to Salesforce.
package refill
