// Package cdc turns the payload of a change event into a [bridge.Change], by the Avro schema the event names itself.
//
//	schema JSON ──Compile──> Schema ──Decode(payload)──> bridge.Change
//
//	payload   header                       body: one union a field, null or a value
//	        ┌────────────────────────────┬───────┬───────┬───────┬─────
//	        │ entity, ids, type, bitmaps │ field │ field │ field │ ...
//	        └────────────────────────────┴───────┴───────┴───────┴─────
//	bit i     0                            1       2       3           a bitmap's bits name fields by position, the header being 0
//
// What it promises:
//
//   - A payload is taken whole or not at all: truncated bytes, trailing bytes and lengths beyond the payload are errors, never a part of a change.
//   - Memory is bounded by the payload: nothing is allocated on the word of a length that the remaining bytes cannot hold.
//   - Decode never panics, keeps no reference to the payload, and may be called from several goroutines.
//   - Names are those of REST: the event's MailingAddress.City is MailingCity. Values are canonical as [bridge.Value] wants them.
//   - A field is cleared only where the event says so twice, in changedFields and in nulledFields; where it says so once, the field is to be read again.
//
// It knows nothing of streams, positions and orgs: the caller fills in Org, Topic and Event. It never guesses a schema, for a wrong one may
// decode cleanly into wrong values.
//
// The payload is read by a walker of our own and not by goavro, whose array decoder allocates by the count it reads unless package variables
// of goavro are set, which nobody can do safely in a process that encodes with it at the same time. goavro is the oracle of the fuzz test.
package cdc
