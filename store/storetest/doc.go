// Package storetest is what every engine of the store must do: Run holds an engine to the contract of store.KV, and RunLayers holds the journal to its
// promises over that engine.
//
//	engine's test ── Suite{Open} ──┬─> Run:       the seam alone, a model with restarts among it
//	                               └─> RunLayers: lanes, coalescing, marks, effects, letters, restarts at any point
//
// An engine is opened on a folder, stopped and opened again on the same folder; that is all the suites know of it. Each case has a folder of its own.
// Cases run inside a testing/synctest bubble, so that hours pass at once; an engine that cannot live in one sets RealTime, and the cases that wait
// for hours are skipped. Nothing here is a mock: what an engine answers is compared with what it was told.
package storetest
