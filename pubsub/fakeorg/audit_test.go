package fakeorg

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// audit is what the simulator of the Pub/Sub API must do, line by line: the behaviour, the file that has it, and the test that holds it.
// The first group follows what is known of the service, the second what real orgs do that breaks bridges.
var audit = []struct{ behaviour, file, test string }{
	{"three metadata keys on every call, or UNAUTHENTICATED", "grpc_auth.go", "TestPubSub_RefusesWrongMetadata"},
	{"a key given twice is missing", "grpc_auth.go", "TestCareless_MetadataGivenTwiceIsRefused"},
	{"tenant id of 15 or 18 characters, or core/<subdomain>/<id>", "grpc_auth.go", "TestPubSub_TakesEachFormOfTheTenant"},
	{"error-code, rpc-id and type in the trailers, rpcId in the message", "grpc_error.go", "TestErrorCodes_AreEachRaisedThroughControl"},
	{"every documented error code, on demand, on running and on opening streams", "bus_fault.go", "TestStreamFault_RaisesEachDocumentedError"},
	{"rpc_id for rpc-id, other statuses, 70 s for 60 where documents are silent", "grpc_error.go", "TestDialect_SpeaksWhereTheDocumentsAreSilent"},
	{"no error code that there is not", "control.go", "TestControl_RaisesNoErrorThatThereIsNot"},
	{"GetTopic: schema id of topics, none of channels, can_subscribe", "grpc_server.go", "TestGetTopic_KnowsSchemasOfTopicsAndNoneOfChannels"},
	{"GetTopic: NOT_FOUND in the service's words, names are case-sensitive", "grpc_server.go", "TestGetTopic_RefusesWhatIsNotThere"},
	{"GetSchema by fingerprint, blank and unknown ids refused", "grpc_server.go", "TestGetSchema_AnswersByIDAlone"},
	{"GetSchema slow and failing", "grpc_server.go", "TestGetSchema_IsSlowAndFailsOnDemand"},
	{"credit adds up, 100 at most", "stream_subscription.go", "TestSubscribe_AddsCreditUpToTheCap"},
	{"never more than asked for, pending_num_requested right", "stream_subscription.go", "TestSubscribe_NeverSendsMoreThanAskedFor"},
	{"answers split by size, 3 MB", "stream_subscription.go", "TestAnswers_StayUnderThreeMegabytes"},
	{"answers split by count", "stream_fault.go", "TestLimitAnswers_SplitsWhatOneRequestAskedFor"},
	{"a careless first request is refused", "stream.go", "TestSubscribe_RefusesACarelessFirstRequest"},
	{"a careless later request is refused: topic, credit, auth_refresh", "stream.go", "TestSubscribe_RefusesACarelessLaterRequest"},
	{"later replay options ignored, or refused by a switch", "stream_subscription.go", "TestSubscribe_IgnoresLaterReplayOptionsUnlessTold"},
	{"EARLIEST, LATEST and CUSTOM, strictly after the id, also of eight bytes", "bus_replay.go", "TestReplay_StartsStrictlyAfterTheID"},
	{"replay ids have gaps and repeat in every run", "bus_replay.go", "TestReplay_LeavesGapsThatEachRunRepeats"},
	{"expired and foreign ids are corrupted", "bus_replay.go", "TestReplay_IDsEndByFaults"},
	{"retention of 72 h", "bus.go", "TestReplay_KeepsEventsForTheRetention"},
	{"keepalive with the newest id, moving on a quiet bus", "bus.go", "TestReplay_KeepaliveIDsMoveOnWithoutEvents"},
	{"keepalive at 60, 120, 270 s", "stream_fault.go", "TestBeat_IsHeardAsOftenAsItIsTold"},
	{"keepalives that repeat their id", "stream_fault.go", "TestSteadyBeats_RepeatTheirID"},
	{"a keepalive is never ahead of an event to come", "stream_subscription.go", "TestKeepalive_IsNeverAheadOfAnEventStillToCome"},
	{"no credit for 60 s: OK", "stream.go", "TestSubscribe_BeatsOnlyWhileCreditIsLeft"},
	{"no credit for 70 s by a switch", "stream_fault.go", "TestDialect_ClosesAStreamWithoutCreditWhenItSays"},
	{"LATEST misses its first seconds", "bus_fault.go", "TestSettleLatest_LosesTheFirstEvents"},
	{"streams end as the network ends them, without trailers", "bus_fault.go", "TestCloseStreams_LooksLikeTheNetwork"},
	{"a revoked token ends a running stream", "stream.go", "TestSubscribe_EndsWithItsSession"},
	{"stall: requests are taken, nothing is sent", "bus_fault.go", "TestStall_TakesRequestsAndSendsNothing"},
	{"a stream that hangs before its first answer", "stream_fault.go", "TestHangStreams_TakesRequestsAndNeverAnswers"},
	{"slow answers", "stream_fault.go", "TestSlowAnswers_TakeTheirTime"},
	{"black hole: bytes vanish without a reset", "wire.go", "TestWire_SwallowsBothWaysWithoutAWord"},
	{"too many streams", "bus_fault.go", "TestLimitStreams_RefusesOneMore"},
	{"allocation of deliveries over a rolling day", "bus_meter.go", "TestAllocation_EndsStreamsUntilADayHasPassed"},
	{"deliveries counted by topic and stream", "bus_meter.go", "TestDelivered_CountsEachStreamOfATopic"},
	{"schema change in mid-stream, positions shift", "reshape.go", "TestAddField_ShiftsWhatStandsBehindItInMidStream"},
	{"mixed schema ids in one answer", "reshape.go", "TestStream_MixesSchemasInOneAnswer"},
	{"the part Xyz comes and goes", "reshape.go", "TestAgeAddresses_BringsTheOldPartAndTakesIt"},
	{"schemas of 25 to 300 fields, generated", "specimen.go", "TestSpecimen_HasTheWidthAskedForAndDecodes"},
	{"merged events", "bus_draft.go", "TestCommit_BecomesEvents"},
	{"split transactions", "bus_draft.go", "TestSplitUpdates_TellsFirstWhatRecordsShare"},
	{"several writes of one record are one event", "bus_draft.go", "TestTx_FoldsTheEditsOfOneRecord"},
	{"holes in the sequence", "bus_draft.go", "TestCommit_BecomesEvents"},
	{"bitmaps with nothing but parts", "bus_gap.go", "TestGeocode_FlagsNothingButPartsOfACompound"},
	{"bitmaps of more than 64 fields", "avro_bitmap.go", "TestBitmaps_AreWrittenAsTheServiceDoes"},
	{"gap events of every kind", "bus_gap.go", "TestGap_SaysThatSomethingHappenedAndNotWhat"},
	{"an event of more than 1 MB is a gap", "bus_emit.go", "TestEvent_BecomesAGapWhereItCannotBeTold"},
	{"overflow, counted in changed fields", "bus_draft.go", "TestOverflow_CountsEachFieldOfAnUpdate"},
	{"wildcard ids", "bus_gap.go", "TestWildcard_NamesEveryRecordOfAnObject"},
	{"differences of long text", "bus_diff.go", "TestDiffLongText_StandsInTheEventAndItsHeader"},
	{"enriched channels: equal replay ids", "bus_emit.go", "TestEnrichedChannel_UngroupsUnderOneReplayID"},
	{"resuming behind an enriched change repeats none or all of it", "bus_replay.go", "TestRepeatPieces_BringsAllOfAnEnrichedChangeOnceMore"},
	{"latest_replay_id is never ahead of an event to come", "stream_subscription.go", "TestAnswer_NamesNoIDAheadOfWhatIsToCome"},
	{"GetSchema to whoever may see the events", "grpc_server.go", "TestGetSchema_IsForThoseWhoSeeItsEvents"},
	{"faults of calls by rule: n-th, every k-th, a share, one schema", "fault.go", "TestFault_StrikesCallsByRule"},
	{"formulas as unflagged values", "avro_body.go", "TestEvent_CarriesOnlyWhatAnUpdateChanged"},
	{"commit numbers beyond 2^53", "bus_gap.go", "TestHyperforce_NumbersCommitsByTheClockAndNeverBackwards"},
	{"whole seconds", "bus_emit.go", "TestCommit_IsStampedInWholeSeconds"},
	{"empty and slashed changeOrigin", "route.go", "TestOrigin_EndsInASlashWhenTold"},
	{"SNAPSHOT and unknown change types", "reshape.go", "TestAddChangeType_IsRaisedByEmit"},
	{"rights on channels: silent omission", "bus_topic.go", "TestTopics_LeaveOutSilentlyWhatIsHidden"},
	{"events that are never kept", "stream_fault.go", "TestLoseEvents_TellsOfThemToNobody"},
	{"hard deletion raises no event", "deleted.go", "TestControl_ActsAsThePlatform"},
	{"ManagedSubscribe and publishing: UNIMPLEMENTED", "grpc_server.go", "TestPubSub_HasNeitherPublishNorManagedSubscribe"},

	{"hidden field flagged in changedFields", "avro_body.go", "TestEvent_CarriesOnlyWhatAnUpdateChanged"},
	{"canonical values of each type", "value.go", "TestSave_StoresCanonicalValues"},
	{"an update that changes nothing moves LastModifiedDate", "save.go", "TestSave_UpdateWithoutChangeMovesLastModifiedDateOnly"},
	{"automation before and after a save, in its transaction", "automation.go", "TestAutomation_CommitsWithTheRow"},
	{"call options on rows only, with a switch", "route.go", "TestOrigin_NamesTheClientOnRowsOnly"},
	{"person accounts: two rows, two events, one transaction", "twin.go", "TestPersonAccount_TellsEveryWriteOfBothRows"},
	{"person accounts: what an org refuses", "twin.go", "TestPersonAccount_RefusesWhatAnOrgRefuses"},
	{"twins shuffled", "bus_twin.go", "TestTwins_ComeInTheOrderAskedFor"},
	{"twins delayed", "bus_twin.go", "TestTwins_ComeLateBehindWhatOthersCommit"},
	{"twins where only accounts are selected", "bus_twin.go", "TestTwins_LeaveThePersonToItsContactWhereOnlyAccountsAreSelected"},
	{"lead conversion, in every order", "conversion.go", "TestConvert_IsSteeredInEveryWay"},
	{"lead conversion into what is there", "conversion.go", "TestConvert_FillsWhatIsThere"},
	{"merge with MasterRecordId, children on a switch", "lifecycle.go", "TestMerge_IsSteeredWithItsChildrenHeardOrNot"},
	{"merge of person accounts", "lifecycle.go", "TestMerge_TakesPersonsWithTheirContacts"},
	{"other consumers of the allocation", "bus_meter.go", "TestConsumeHourly_TakesSteadilyOverARollingDay"},
	{"org migration", "standing.go", "TestMigrate_ForgetsSessionsAndReplayIDsAndKeepsRows"},
	{"sandbox refresh", "standing.go", "TestRefresh_MakesAnotherOrg"},
	{"rename", "standing.go", "TestRename_RefusesCallsThatNameTheOldInstance"},
	{"read-only maintenance with HTML 503", "standing.go", "TestMaintain_ReadsGoOn"},
	{"every switch over HTTP, taken back by a reset", "control_switch.go", "TestControl_TurnsEverySwitch"},
}

// texts returns the package's source and its tests, by file.
func texts(t *testing.T) (source, tests map[string]string) {
	t.Helper()
	source, tests = map[string]string{}, map[string]string{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			tests[file] = string(text)
		} else {
			source[file] = string(text)
		}
	}
	return source, tests
}

func TestAudit_EveryBehaviourHasItsTest(t *testing.T) {
	source, tests := texts(t)
	for _, line := range audit {
		if source[line.file] == "" {
			t.Errorf("%s: there is no file %s", line.behaviour, line.file)
		}
		held := false
		for _, text := range tests {
			held = held || strings.Contains(text, "\nfunc "+line.test+"(t *testing.T)")
		}
		if !held {
			t.Errorf("%s: there is no test %s", line.behaviour, line.test)
		}
	}
}

// TestAudit_EveryRefusalHasACarelessClient wants each code that the org refuses with to stand in a test: somebody provoked it. The tables
// of all error codes, which faults raise, do not count. That each place that refuses was reached is for .ci/refusals to see.
func TestAudit_EveryRefusalHasACarelessClient(t *testing.T) {
	source, tests := texts(t)
	delete(source, "grpc_error.go")
	delete(tests, "grpc_error_test.go")
	delete(tests, "audit_test.go")
	refusal := regexp.MustCompile(`(?:\brefuse|refuseWith|oauthError)\("([A-Za-z_.]+)"|"((?:service|topic|schema|subscription)\.[a-z.]+)"`)
	var codes []string
	for _, text := range source {
		for _, found := range refusal.FindAllStringSubmatch(text, -1) {
			codes = append(codes, found[1]+found[2])
		}
	}
	slices.Sort(codes)
	for _, code := range slices.Compact(codes) {
		provoked := code == "UNKNOWN_EXCEPTION" // a fault of the simulator itself
		for _, text := range tests {
			provoked = provoked || strings.Contains(text, `"`+code+`"`)
		}
		if !provoked {
			t.Errorf("no test is refused with %s", code)
		}
	}
	if len(codes) < 60 {
		t.Errorf("only %d refusals were found: the pattern has lost them", len(codes))
	}
}
