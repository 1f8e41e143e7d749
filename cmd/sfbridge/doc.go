// Command sfbridge carries changes of a Salesforce org to messaging platforms and what happens there back to Salesforce.
//
//	sfbridge run -c FILE      the daemon
//	sfbridge demo             the daemon between two simulators on this machine
//	sfbridge check -c FILE    all faults of a configuration, then a look at each side
//	sfbridge status | tail | dead-letters     ask the running daemon
//
// Wiring, configuration and the command line live here, and nothing else does. A configuration is read in one walk:
//
//	file ─> TOML ─> defaults, strict decode ─> secrets ─> validation ─> nouns of package bridge
//	          │            │                     │            │
//	          └────────────┴──── faults, each with file:line:column, key, cause and remedy, all at once
//
// Exit codes: 0 stopped as asked, 1 a bug, 2 the configuration or the command line, 3 the store or the environment.
package main
