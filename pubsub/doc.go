// Package pubsub reads change events from Salesforce over the Pub/Sub API: one [Subscriber] per topic, on one connection per org.
//
//	             ┌─────────────────────────── stream ────────────────────────────┐
//	Salesforce ─>│ receive ──> decode ──steps of at most 200, one ahead──> Accept │──> Sink: durable when it returns nil
//	           <─│ send    <──one request for each response, before it is read   │
//	             └───────────────────────────────────────────────────────────────┘
//	                 ends, for whatever reason: one table says what is done, and the next stream opens at the newest durable position
//
// What it promises:
//
//   - Nothing is skipped. A position is handed to the sink together with the changes before it, and never runs ahead of them. It trails: a replay
//     id counts as passed only when a different id or an empty response has followed, since several events may share one.
//   - What cannot be decoded is handed to the [Quarantine] before the stream goes on. A schema that cannot be had is asked for again for a quarter
//     of an hour first.
//   - Order: changes reach the sink in the order of the topic, one call at a time. After a break some come again; nothing is left out.
//   - Credit: as many events as configured, at most 100, are asked for at all times; each response is topped up as it arrives, before it is
//     processed. Only a sink that does not keep up withholds it.
//   - Silence is noticed: by PINGs on the connection and by a watchdog on the stream.
//   - A replay id that the service no longer knows opens a hole, which is recorded before reading goes on at the oldest event that is kept. It is
//     never answered by starting at the tip.
//   - Run returns only when its context ends, and after the last of its goroutines. Trouble of the service is a state to be shown, never an end.
//
// Errors are told apart by the service's error-code first, by the gRPC code second, and never by their text.
//
// What it never does: judge a change, fan it out, mark it as ours, or compute with a replay id.
package pubsub
