// Package store is the journal and all that is kept beside it: positions, mirror, links, baselines, claims, de-duplication, dead letters, the sync log and
// the folder's cursor. It is written once over KV, a small transactional map that an engine implements.
//
//	intake ── Append ──> entries ── Unfolded/Fold ──> mirror
//	                        │
//	                        └── behind the folder's cursor: lanes ── Next ──> courier ── Settle | Defer | Bury
//
// Entries and what is known of their deliveries are on disk; lanes are in memory, about 60 bytes a delivery while it only waits
// (asleep.go) and 300 while it is not folded, is in hand or deferred. They are rebuilt by one scan in Open. The values of the last entries are kept, up to
// 1 MiB (recent.go), so that what is folded and carried as it comes in is not read. One goroutine folds; any number append, carry and read. Where the
// folder is far behind, Append holds the changes of streams back.
//
// # Keys
//
// Keys are decided for good: another order is a migration. Entries have sequential keys, which the journal's speed rests on; the sequence is that of the
// whole journal, and an entry names its org inside. Everything else that belongs to an org starts with it. A Salesforce id of 18 characters stands in
// lower case, since its last three spell the case of the others; other texts stand as they are if short and of [a-z0-9-], or else behind _ in hex, or behind
// _h as a hash.
//
//	e/<seq>                                    an entry and its deliveries (record.go); JSON where layout 1 left it
//	a/<seq>-<delivery>                         failures and wait of a delivery that was given back; or that it is settled while others are not
//	b/<seq>-<delivery>                         a dead letter
//	c/fold  c/layout                           the folder's cursor; the version of all this, and the salt of i/ and j/
//	c/beat/<org>                               the longest pause between two messages of a healthy stream
//	c/chunk/<org>                              how many rows one call to the org may hold, by object, where its triggers bear less than a call does
//	c/reread/<org>/<object>                    how far the object's records are read again, and when they are next
//	c/traced                                   the first block of lines that j/ does not know
//	d/<org>/<project>/<direction>/<source>/<transfer>/<delivery, or s>   what was carried in shadow and is owed
//	f/<project>/<direction>                    a breaker
//	h/<org>/<topic>/<from>[-<object>]          a hole
//	i/<org>/<object>/<hash of field, value>/<record>   the identity index, salted: no address or number stands in a key
//	j/<shard>/<block>                          which lines of a block of the sync log are about whom, salted; for a year
//	k/<org>/<project>/<identity>               a claim
//	l/<org>/<project>/r/<record>               a link, baseline inside
//	l/<org>/<project>/c/<contact>/<object>     the record of a contact's link
//	m/<org>/<object>/<record>                  a row of the mirror, or its tombstone for 7 days
//	o/<alias>                                  the org that a configured name stands for
//	p/<org>/<topic>                            a position
//	s/<seq>                                    a line of the sync log, for a year
//	t/<org>/<project>/<direction>/<source>/<transfer>/<delivery, or s>   what waits for the time of its transfer
//	u/<org>/<record>/<project>/<hash of field, delivery>   an unconfirmed write
//	w/<dedup>                                  a callback that was taken in, for its time
//
// <seq> is 16 hex digits. Every value is sealed with a version and a CRC32C over key and payload (envelope.go); what does not hold when read is noted in
// Health, left where it is, and treated as not there.
//
// # Promises
//
// Append returns after the commit. Entries, the marks of their callbacks and the position are one step; a batch that is too large for one is cut between
// entries, the position in the last part, so a position is never ahead of what it stands for. A second copy of a callback waits for the first one's commit.
// Entries are handed to the folder in the order of their numbers without a gap, whatever order commits ended in.
//
// The cursor on disk is up to foldLag numbers behind that in memory, with nothing between the two but entries that say nothing of a record: they fold to
// nothing, so they cost no step. Open passes them anew. Since some of them may be settled and gone, it leaves their numbers out.
//
// A lane hands out one Work at a time, its head first; a head that was deferred blocks its lane and no other. Lanes of an outlet take turns. Deliveries are due
// only behind the cursor. State deliveries of the head's transfer that wait up to the next append join it. Settle, Bury and Stage are one step with their
// effects, except that rows beyond the size of a step are stored before it. Every step carries the fence of the journal's lease: a process that was
// replaced changes nothing any more, appends included, because it is memory that numbers the entries.
//
// A full lane merges a new state delivery with the newest one waiting of its transfer, the dirty fields joined; where it cannot, and when the whole journal is
// full, Append answers bridge.ErrFull. What is caused by work in hand, and what an operator redrives, is never refused.
//
// Rows are stored as they are given if they are not older than what is there; see (*Store).Fold for what becomes of older ones.
//
// Without space Append answers ErrNoSpace, so that intake refuses, and sooner than other steps: an engine that is a Roomer keeps room for the work on what
// waits. Without any, what belongs to work in hand waits until there is some and goes on by itself.
//
// Nothing blocks under a lock. Wall time is injected and only written down; waits are those of package time. It starts no goroutine. It never deletes what
// it cannot read.
package store
