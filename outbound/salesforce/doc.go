// Package salesforce speaks to one org over REST: it logs in, writes and reads rows, and says what the org's errors mean.
//
//	Login ──Token──> Session{token, instance, org} ──> Client ──rest──> the org
//	  ▲                    │                              │
//	  └──── Invalidate ────┴─────── 401, once ────────────┤
//	                                                      ├─ Write: Collections, ≤ 200 rows a call, a verdict a row
//	  Pub/Sub takes its sessions from the same Login      ├─ Read, Match, Fate: rows by id, by value, and what became of them
//	                                                      └─ Describe, Limits, Usage, Probe
//
// What it promises:
//
//   - Every error is an [APIError] where Salesforce answered, classified by one table of codes, each with what an operator can do about it, and marked
//     for bridge.VerdictOf. A refused row carries Salesforce's own sentence; nothing is shortened, defaulted or left out to make a row pass, but
//     an owner whom the terms of a create chose and who cannot own.
//   - Write answers every row in order. A row whose outcome is unknown is marked bridge.Uncertain; nothing that may have been carried out is sent
//     again by this package. All writes go through Collections, also a single one: one path, one reading of errors. What Salesforce refused for
//     certain is sent once more where that may help: a row whose owner cannot own, one that a duplicate rule stopped where its match is wanted (by
//     itself, with the header that only single rows take), one whose flow failed.
//   - Match, Read and Origins of one value or row that come while such a call is under way go together in the next. Seek does so with all that somebody
//     may be known by, in one query an object, and waits half the linger for others: many creates are few look-ups.
//   - Read never says that a record is deleted: what cannot be seen has no version. Only Fate says so, on the word of queryAll.
//   - A session is renewed once for all callers, at most every 10 seconds and 5 times in 10 minutes; an instance_url is followed only to Salesforce.
//   - Once the daily calls are used up, or used up to the reserve, one call an hour looks whether that is over; all others are refused unsent.
//   - Calls block until they are answered or the context ends. Nothing is kept but the session, describes for an hour, the last usage
//     figures, and how many rows of an object a call may hold, which outlives the process where somebody keeps it.
//
// It starts no goroutine, holds no lock across a call, and logs only what nobody is told of otherwise: a session that could not be renewed
// beforehand.
package salesforce
