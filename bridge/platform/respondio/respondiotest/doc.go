// Package respondiotest is respond.io in memory: the part of its Developer API v2 that bridges use, and its webhooks. It shares no code with the
// connector, so that a mistake is not mirrored in it.
//
//	API call ──> fault? ─> token? ─> rate? ─> strict checks ─> contacts ──┐
//	Edit, Create, Message, ... (what people do in respond.io) ─> contacts ┴─> events ─> queue ─> Run ─> signed webhooks
//
// It is strict: it refuses what the real one is documented to refuse, with its status and an answer of its form, and a member of a body that it does not
// know. Where the documents are silent it refuses nothing: two contacts may share an e-mail, and both forms of an emptied field are taken.
//
// It promises:
//
//   - A change, by whomever, that changes nothing raises no event; one that does raises contact.created, contact.updated or contact.tag.updated, signed
//     over the raw bytes. Events of one contact leave in order unless the fault Reorder is set.
//   - Webhooks leave inside Run alone and Run returns after the last of its goroutines. A webhook is sent again after anything but a 2xx, with the
//     same event id, up to Options.Retries times; then it is counted as dropped. The queue is bounded; what does not fit is counted as dropped too.
//   - All chance comes from Options.Seed. Time is that of package time, so that it lives in a testing/synctest bubble; no lock is held across a wait.
//
// Methods may be called by many at once. Contacts and Requests answer copies.
package respondiotest
