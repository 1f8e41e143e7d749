// Package fakeorg is a Salesforce org in memory: OAuth, REST, and the Pub/Sub API over one set of rows, with faults on demand.
//
//	REST write ──┐                                   ┌── GetTopic, GetSchema
//	             ├─▶ save ─▶ rows ─▶ Commit ─▶ bus ──┤
//	user's edit ─┘     (one lock: event order =      └── Subscribe, with credit
//	                    commit order)
//
// # Promises
//
// Strict: what Salesforce refuses is refused here, with Salesforce's status, code and sentence; a careless client fails against the
// fake before it fails against an org. Honest: a committed write is stored canonicalised (e-mail in lower case, text trimmed,
// datetimes in whole seconds, decimals at their scale) and hands one Commit to the bus, whose events come in commit order.
//
// The package starts no goroutine of its own; handlers run on the caller's server. No lock is held across I/O or a wait, so it lives
// inside testing/synctest. Nothing is durable: a new Org is a new org, and Reset takes it back to its seed.
//
// It shares no code with the packages it judges but the stubs in pubsubpb, so that a mistake cannot be mirrored in it. It opens no
// outgoing connection and knows nothing of messaging platforms.
package fakeorg
