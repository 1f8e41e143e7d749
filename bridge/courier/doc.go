// Package courier is the one engine both directions run on: intake, the folder of the mirror, and the carriers of deliveries.
//
//	pubsub ──Accept─┐                        ┌─> inbound  ──Send──> platform
//	                ├─> Journal ──Next(lane)─┤
//	Echo ────Take───┘      │                 └─> outbound ─┬──────> writes of many lanes ──Write──> Salesforce
//	                    Folder ──> Mirror                  └─ read back the contact
//
// What it promises:
//
//   - Order: the deliveries of a lane (org, project, source record) are carried one after the other; lanes run side by side.
//   - Exclusion: whoever carries for a linked pair, or for an identity that nobody holds yet, holds the lock on it, whichever way he goes.
//   - Judgement at carry: intake decides only that a delivery exists. Conditions, mapping and the compare with the baseline run when it is carried.
//   - Salesforce's stream confirms our writes. While a write is unconfirmed, a foreign value on the stream is older: the inbound delivery waits for the
//     confirmation and then finds both sides equal. No confirmation within 30 s: the record is read and decides.
//   - What may have been carried is looked at before it is repeated: a write by the record, a message by the contact, which waits for it.
//   - A lead that is converted and a person account are one human: the link moves to what the lead became, and both halves of a person are carried as its
//     account. Nobody is created a second time for either.
//   - An edit of one side that a write of ours came over is told in the story, whether it was known when we wrote or came to be known later.
//   - A failure of the item costs the item (one ladder, full jitter from 1 s to 15 min, 7 days); a shut destination costs nothing but time. Each project
//     has a breaker for its platform and one for its org, which open when 70 % of ten calls or more fail in five minutes, in more than one lane. Work that
//     comes to a shut gate goes back to its lane without worker and lock, one probe at a time looks whether the destination is back, and then all is
//     woken.
//   - Whoever is new to Salesforce is looked for by all he may be known by at once, in company with others. That wait and the one for the call of his row
//     are one linger together.
//   - Fairness: a project has its own workers, and of the crew that all share the free place goes to whoever has least.
//   - A panic is the item's own fault: it is buried, the daemon lives.
//   - Nothing leaves the journal except settled or buried with a reason.
//
// It never looks at the wall clock to order anything, and starts goroutines only in methods called Run.
package courier
