// Package cdc turns the payload of a change event into a [bridge.Change], by the Avro schema the event names itself.
//
//	schema JSON ──Compile──> Schema ──Reading(fields)──> Schema ──Decode(payload)──> bridge.Change
//
//	payload   header                       body: one union a field, null or a value
//	        ┌────────────────────────────┬───────┬───────┬───────┬─────
//	        │ entity, ids, type, bitmaps │ field │ field │ field │ ...
//	        └────────────────────────────┴───────┴───────┴───────┴─────
//	bit i     0                            1       2       3           a bitmap's bits name fields by position, the header being 0
//
// Decode goes over a payload once, from the header to the last byte, by a program made of the schema: a null is one zero byte, eight of them are one
// word, and of what is no null only the place is noted. Then it converts what somebody reads, at the places where it was found:
//
//	00 00 00 00 00 00 00 00   02 0E 35 35 35 ...   00 00 00   02 ...
//	└── eight nulls at once ┘    └ Phone is here             └ nobody reads it: passed over
//
// What it promises:
//
//   - A payload is taken whole or not at all: truncated bytes, trailing bytes and lengths beyond the payload are errors, never a part of a change.
//   - Memory is bounded by the payload: nothing is allocated on the word of a length that the remaining bytes cannot hold.
//   - What nobody reads is held to the schema and allocates nothing.
//   - Decode never panics, keeps no reference to the payload, and may be called from several goroutines.
//   - Names are those of REST: the event's MailingAddress.City is MailingCity. Values are canonical as [bridge.Value] wants them.
//   - A field is cleared only where the event says so twice, in changedFields and in nulledFields; where it says so once, the field is to be read again.
//
// It knows nothing of streams, positions and orgs: the caller fills in Org, Topic and Event. It never guesses a schema, for a wrong one may
// decode cleanly into wrong values.
//
// goavro has to take every schema. It reads the payloads of those that no program can be made of: fields that are not optional, maps, records in
// records, logical types. They are held to the schema here first, since goavro allocates by any count it reads. In the tests goavro reads all others
// too and must say the same.
package cdc
