// Package rest is the one JSON/HTTP client of the bridge: a stated chain of links, each of which does one job and wraps the next.
//
//	Client.Do(Call)
//	   │
//	   ├─ limit      waits for its turn, by operation
//	   ├─ decode     2xx body -> Call.Into; a page of HTML is nobody's answer
//	   ├─ judge      status and body -> an error marked for bridge.VerdictOf (the adapter's own function)
//	   ├─ authorize  base address and credentials; on 401 renews once, one caller for all, and repeats; blots credentials out of error bodies
//	   ├─ hold       of a client that only shows what it would do: keeps back whatever would change something
//	   ├─ meter      counts and times every request that leaves
//	   ├─ transport  one request, one answer: connections, deadline, transport errors marked
//	   └─ capped     reads the body up to the bound, after decompression
//
// It promises:
//
//   - An error that leaves Do is marked. Nothing was sent (refused, DNS, TLS, no turn): Unavailable. Sent without an answer: Unavailable where the
//     call may be repeated, Uncertain where it may not. Answered: what the adapter's Judge says. A call that can never be sent: Permanent.
//   - With an error of Judge or decode the Answer is returned as well, so that callers can read it.
//   - Redirects are never followed, proxies of the environment never used, TLS is 1.2 or newer, plain http goes to loopback or through an injected
//     dialer only, and only when the configuration says so.
//   - Errors hold the operation's name and at most 500 characters of what the other side said, never a path, a payload or a credential.
//   - Calls block until the answer is read or the context ends; they run side by side without limit and start no goroutine of ours.
//
// A client with Deps.Hold sends nothing but requests that read. What is kept back goes as an error that wraps ErrHeld where an answer is wanted, and as an
// empty success where none is, so that what would follow is shown as well.
//
// It never retries anything but a 401; retrying is the courier's.
package rest
