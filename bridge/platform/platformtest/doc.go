// Package platformtest is what every connector must do, run against its strict fake inside testing/synctest bubbles over a network in memory.
//
//	Run(t, Harness) ──┬─ contacts: create → find → fetch → update → clear → tag → delete
//	                  ├─ errors:   gone, refused, limited, down, silent, cut: each with its mark
//	                  ├─ hook:     signatures true and false, notices of all fixtures, odd bodies
//	                  └─ parse:    all fixtures, and what is absent stays unknown
//
// A connector's test makes a Harness and calls Run. The suite asks only for what the connector says it can do: a nil ability is not tested. Each case has a
// fresh Rig, whose network and fake end with the case.
package platformtest
