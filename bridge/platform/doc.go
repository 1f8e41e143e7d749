// Package platform holds what the connectors of messaging platforms share: how callbacks are signed, how a callback is looked into without being
// decoded, what a platform can do, and the filter that makes a search exact.
//
//	raw body ─> Verify ─> Peek ─> a connector's notice          (at intake: cheap, bounded, no decoding)
//	raw body ─> Members ─> a connector's table of attributes    (at carry)
//	search   ─> Exact  ─> only those who really hold the value
//
// Everything here is a pure function or a read-only table: no I/O, no state, no clock but the one passed in. Secrets are compared in constant time over
// decoded bytes and appear in no error. A function that refuses a callback wraps bridge.ErrUnauthentic or bridge.ErrMalformed and quotes nothing of it.
//
// It knows no platform by name; each stands in a package below this one, which imports none of its siblings.
package platform
