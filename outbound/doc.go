// Package outbound is the public face of the bridge: the webhooks by which messaging platforms say what happened.
//
//	POST /hooks/<source>
//	  │ limits of the connection, method, content type     405 413 415 431
//	  │ source known, bridge ready                         404 503
//	  ▼
//	raw body, capped ──> Hook.Verify ──> UTF-8, JSON, depth, doubled keys ──> Hook.Identify
//	                       401                     400                            400
//	                                                                               │
//	2xx with the notice's reply <── nil or duplicate ── Inbox.Take <── Callback <──┘
//	503 with Retry-After        <── any other error ──┘      │
//	                                                     the journal
//
// What it promises:
//
//   - A 2xx is written only after [Inbox.Take] returned, so what it caused is durable; a duplicate's 2xx waits for the first copy's commit.
//   - Signatures are verified on the bytes as they came, before anything reads them.
//   - A caller who goes away does not undo a commit that has begun.
//   - Every refusal of one status is the same bytes, whatever the path; an unknown source costs what any unknown path costs.
//   - Memory is bounded: by the connections, by the body of each and by all bodies together, counted as they arrive.
//   - A source is one project of one platform; nothing a caller sends chooses the project.
//
// It parses no callback beyond [Hook.Identify], starts no goroutine outside [Server.Run], keeps nothing between requests and never logs a body, a
// header or an address. It speaks HTTP/1.1 alone. A refused request ends its connection, and so does a body without a length: Go's server lets a
// Content-Length beside Transfer-Encoding pass, and a connection that ends leaves nothing behind for a smuggled second request.
package outbound
