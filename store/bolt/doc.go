// Package bolt is store.KV on one bbolt file.
//
// One goroutine, that of Run, writes. It takes what is queued and commits it as one bbolt transaction, at once:
//
//	Apply ─┐                   ┌ checks hold: its ops join the transaction
//	Apply ─┼─> queue ─> batch ─┤                                           ─> commit + fsync ─> every Apply returns
//	Apply ─┘                   └ a check fails: this one is out, alone
//
// The file has four buckets: "kv" and "seq" hold the keys (the second one those of store.Sequential, packed tightly), "ttl" is ordered by expiry, and
// "meta" holds the store's id, the counter from which revisions and cursors come, and the tally of all records (tally.go). A value of "kv" and "seq":
//
//	+-----------------+--------------------------+----------------------------+------
//	| revision, 8     | expiry in ms, 8, 0: none | CRC32C of key and these, 4 | value
//	+-----------------+--------------------------+----------------------------+------
//
// Beside PATH lie PATH.identity (the store's id, so that a lost or emptied file is noticed), PATH.highwater (how far it was, so that an older one is), and
// PATH.lock (the pid of the process that has it open). Backup, Restore, Compact and Salvage write PATH.new files and move them in place when they are
// durable and were looked at.
//
// Promises. Apply returns nil after fsync. Batches are bounded by count and by bytes, the queue by count: Apply blocks when it is full. A commit that
// fails for any reason but space poisons the handle: what is on disk is then unknown, so every later call fails and Failed tells; the process is expected
// to exit. Without space, transactions that only delete still go: a quarter of MaxSize is kept for them, and before it room for the work on what waits
// (room.go). On a disk that is full in spite of MinFree they go with the free pages of the file. A file with damaged pages is refused at Open and never written to; one that opens with damaged records, with other records than
// the last commit left, or as an older one than it was, says so in Notes. Expired keys are absent at once to readers and are deleted some time later. Apply blocks while Run does not run. No lock and no read transaction is held while waiting.
//
// It never repairs in place, never shrinks a file that is open, never turns fsync off.
package bolt
