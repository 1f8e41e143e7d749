// Package reread reads again what no event tells: formulas, names that Salesforce puts together, and what is read of parents that are not followed. It
// compares them with the mirror and hands on what differs, so that it is carried like a change.
//
//	due ──> mirror, page by page ──> linked, or a condition asks ──2,000 ids──> Org.Read ──what differs──> Sink ──> how far it is, kept
//
// What it promises:
//
//   - A pass reads each record that matters once: a call for 2,000 of them, or for 200 where fields of parents are among those that are read.
//   - Where nothing differs nothing is handed on, and where no field changes unheard not even a record is read.
//   - Passes of an object keep their interval. When the next one is due, and how far the one under way has come, outlives a stop; what was due meanwhile
//     begins at a random moment soon after the start, and not all at once.
//   - Where the day's calls are forecast to run out, a pass waits: a call of somebody who edits matters more.
//   - One node alone reads, while it holds the lease of the org.
//
// It starts no goroutine, holds no lock across a call, and never writes to Salesforce. It takes nothing that it cannot see for deleted.
package reread
