// Package storetest is what every engine of the store must do: Run holds an engine to the contract of store.KV, and RunLayers holds the journal to its
// promises over that engine.
//
//	engine's test ── Suite{Open} ──┬─> Run:       the seam alone, a model with restarts and crashes among it
//	                               └─> RunLayers: lanes, coalescing, marks, effects, letters, restarts at any point
//
// An engine is opened on a folder, stopped and opened again on the same folder; that is all the suites know of it. Each case has a folder of its own.
// Cases run inside a testing/synctest bubble, so that hours pass at once; an engine that cannot live in one sets RealTime, and the cases that wait
// for hours are skipped. Nothing here is a mock: what an engine answers is compared with what it was told.
//
// Which demand is held by which case:
//
//	create if absent                          CreatesOnlyWhatIsAbsent, LetsOneOfManyCreate
//	swap at a revision, and at a stale one    SwapsOnlyAtTheRevisionRead
//	delete, recreate                          RecreatesWhatWasDeleted
//	all or nothing, any check failing         DoesAllOrNothing, LeavesNothingOfWhatItRefuses
//	fence on a key that is not written        FencesByAKeyThatTheStepDoesNotWrite
//	fence and swap in one step                FencesAndSwapsInOneStep
//	a key twice, limits and one beyond        RefusesWhatIsMalformedOrTooLarge, LeavesNothingOfWhatItRefuses
//	checks only                               ChecksWithoutWriting
//	odd keys                                  TakesEveryKeyThatIsAllowed, RefusesWhatIsMalformedOrTooLarge
//	revisions are a key's own and opaque      GivesEachKeyRevisionsOfItsOwn
//	read after a write through another handle ShowsAnotherHandleWhatWasApplied
//	scan: order, pages, bound, changes amid   ScansInOrderByPages, ScansAcrossKindsOfKey, ScansWhatIsThereWhilePagesChange
//	100,000 keys in two seconds               ScansManyKeysFast
//	watch: no gap, order, under load          WatchTellsCommitsInOrderWithoutAGap, WatchTellsEveryWatcherTheSameUnderLoad
//	watch: resumes, over a restart too        WatchResumesWhereItStopped, WatchGoesOnOverARestartOrSaysThatItCannot
//	watch: an old cursor is a typed error     WatchRefusesACursorThatIsTooOld
//	watch: ends                               WatchEndsWithItsContextAndWithTheEngine
//	expiry: late, never early, clock set back ExpiresLateNeverEarly
//	expiry: renewed, dropped                  ForgetsTheExpiryOfWhatIsWrittenAgain
//	lease: exclusive, the loser is told first TellsTheHolderBeforeItGivesTheLeaseAway, LetsOneHolderCommitAtATime
//	lease: lost in time                       EndsLeasesWithTheEngine
//	lease: a holder that slept                LetsNoHolderThatSleptCommit, FencesTheHolderBefore
//	no space, then recovery                   DeletesWithoutRoomAndRecovers, KeepsWhatItHasWithoutRoom, and of the layers
//	                                          WaitsForRoomWithWorkInHand, WorksOnWhatWaitsThoughNothingNewIsTakenIn
//	unknown outcomes                          of the layers: LosesNothingWhereNobodyKnowsWhatHappened
//	close under load                          KeepsWhatItAnsweredWhenClosedUnderLoad
//	many sides at once                        PutsEveryStepOfManySidesInOneOrder (linear.go), CountsRightUnderContention
//	model with restarts and crashes           BehavesLikeAMapOverRestarts, KeepsEverythingOverARestart, KeepsEverythingOverACrash
//	layers over an engine with faults         RunLayers with Faulty(open, seed), LosesNothingWhereverItStops
//
// Where a process is killed or the power is cut is a matter of the engine: see the tests of store/bolt. That a store of several nodes says so when it has no
// quorum is asked of nobody yet.
package storetest
