// Package status shows what the daemon is doing: as JSON, as a live tail, as metrics, and as one web page that works without scripts.
//
//	Snapshot ──> /status                JSON, "schema": 1
//	         └─> /                      the page: flow, orgs, topics, stories, dead letters
//	Stories ───> /status/tail           server-sent events, or JSON lines
//	Ready ─────> /readyz, /livez
//	Gatherer ──> /metrics
//	Asker ─────> /why                   the story of one record or contact
//	Lanes <────> /lanes…                list those that are stuck; release and skip by POST
//	DeadLetters <─> /dead-letters…      list, show; redrive and drop by POST
//
// Forms: durations are seconds and end in _s, times are RFC 3339 in UTC, replay ids are hex, 64-bit numbers are texts, and what is not known is null and
// never 0.
//
// It promises that nobody who looks slows the pipeline down: a tail reads the stored stories at its own pace, and a reader that takes no byte for five
// seconds is cut. It keeps nothing, holds no lock while it waits, and starts no goroutine but in [Meter.Run].
//
// It never shows what a field holds: ids, names of fields, counts and reasons only. It never changes anything on GET.
//
// The admin listener is on loopback by default, where other local users and other web pages could reach it: a request must name an allowed host (or 421),
// must not come from another origin if it changes something (or 403), and must carry the token where one is set (or 401, then 429).
package status
