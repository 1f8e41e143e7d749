// Package clienttest lets programs that others wrote judge the simulator: what they cannot use, a real org would not have sent.
//
//	npm salesforce-pubsub-api-client ──gRPC, Avro──┐
//	npm jsforce ───────────────────────REST────────┼──▶ one fakeorg, on loopback with TLS
//	go  k-capehart/go-salesforce ──────REST────────┘
//
// Each client logs in, describes, queries and writes as its users do; the Pub/Sub client decodes what the org emits with its own Avro
// library, and every field of every event is compared with what REST says of the row.
//
// The tests install nothing. The folder of the npm packages comes in SFBRIDGE_NODE_MODULES, else it is the one that .ci/run keeps; where
// it is missing the tests skip and say how to get it, and with CI=true they fail. There is no code here for other packages.
package clienttest
