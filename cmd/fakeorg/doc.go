// Command fakeorg runs a Salesforce org in memory as a program, for trials of the bridge and of other clients without an org.
//
//	fakeorg -http 127.0.0.1:8080 -grpc 127.0.0.1:7443
//
//	            ┌── -http  OAuth, REST, and the control API under /__fake/v1
//	 one org ───┤
//	            └── -grpc  the Pub/Sub API
//
// It prints where it listens, one line a listener, and then nothing; SIGINT or SIGTERM ends it. With -tls both listeners speak TLS under
// a certificate authority of their own, made at the start, whose certificate is written to the file of -ca for clients to trust. Nothing
// is kept: the org is as its seed says at every start.
//
// Whoever reaches the control API rules the org, so both listeners are on loopback unless told otherwise. Exit codes: 0 stopped, 2 a flag
// or the seed is wrong, 3 an address or a file cannot be had.
package main
