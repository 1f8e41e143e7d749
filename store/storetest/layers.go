package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/store"
)

// RunLayers holds the journal to its promises over the engine.
func (s Suite) RunLayers(t *testing.T) {
	s.roomLayers(t)
	s.layers(t, timedLayers)
	s.layers(t, []layer{
		{"KeepsLaneOrderWhenHeadFails", keepsLaneOrder},
		{"LanesOfAnOutletTakeTurns", takesTurns},
		{"HandsOutNothingBeforeItIsFolded", notBeforeFolded},
		{"HoldsTheStreamBackAndNoCallback", holdsBack},
		{"CoalescesStateUpToTheNextAppend", coalesces},
		{"RefusesWorkThatIsNotOut", refusesTwice},
		{"DefersInVirtualTime", defersInTime},
		{"KeepsAttemptsOverARestart", keepsAttempts},
		{"TakesOneOfManyCopiesOfACallback", dedups},
		{"FoldsInOrderWithoutAGap", foldsInOrder},
		{"FoldsWhatSaysNothingForNothing", passesForNothing},
		{"FoldsWhatSaysNothingAnewAfterAStop", passesAgain},
		{"FoldsWhatSaysNothingInOrder", passesInOrder},
		{"PositionIsNeverAheadOfWhatItStandsFor", positionTrails},
		{"EndsAnEntryWithItsLastDelivery", endsEntries},
		{"SettlesWithItsEffectsInOneStep", settlesWhole},
		{"AppendsEntriesWithTheirPositionInOneStep", appendsInOneStep},
		{"EndsWorkWithItsEffectsInOneStep", endsInOneStep},
		{"LetsAFencedProcessChangeNothing", fencedLayers},
		{"ListsStuckLanes", listsStuck},
		{"ReleasesAStuckLane", releasesStuck},
		{"SkipsTheHeadOfAStuckLane", skipsStuck},
		{"OwesWhatWasCarriedInShadow", owes},
		{"MergesStateInAFullLane", mergesFullLane},
		{"RefusesWhenFull", refusesFull},
		{"CarriesWhatWorkCauses", carriesNext},
		{"RedrivesInOrderAndOnce", redrives},
		{"DropsLetters", drops},
		{"MovesLinksWhole", movesLinks},
		{"TakesClaimsAllOrNone", takesClaims},
		{"ListsUnconfirmedOldestFirst", unconfirmed},
		{"WakesWhoWaitsForAWrite", nudges},
		{"ConfirmsNoWriteThatWasMadeAnew", confirmsOnly},
		{"KeepsAWriteThatSomebodyElsesEventMayHaveTold", keepsTold},
		{"FindsRowsByWhatTheyHoldNow", looksUp},
		{"PagesThroughTheMirrorAndKeepsHowFar", pagesThrough},
		{"LetsNoOlderRowReplaceANewerOne", versions},
		{"TakesNoRowThatWasMadeFromAnother", moved},
		{"FillsNothingThatWasForgotten", forgets},
		{"KeepsWhatTheStreamToldOfRowsAheadOfIt", ahead},
		{"AgreesOnWhatIsConfirmedBeforeItIsSettled", agrees},
		{"TellsStoriesInOrder", stories},
		{"FindsStoriesWithoutReadingOthers", findsStories},
		{"FindsStoriesThatNoIndexKnows", findsOldStories},
		{"TellsWhatCameInAndWhatWentWrong", tellsTroubles},
		{"RemembersSmallThings", small},
		{"KeepsAnOperatorsWordOnAHole", holes},
		{"LosesNothingWhereverItStops", stopsAnywhere},
		{"LosesNothingWhereNobodyKnowsWhatHappened", doubtsEnd},
		{"GoesOnWithoutDamagedRecords", damagedRecords},
		{"WaitsForRoomWithWorkInHand", waitsForRoom},
		{"AsksForRoomForWhatWaitsAndWhatComes", asksForRoom},
	})
}

// layer is one promise of the journal.
type layer struct {
	name string
	fn   func(t *testing.T, h *house)
}

func (s Suite) layers(t *testing.T, all []layer) {
	for _, c := range all {
		s.each(t, c.name, func(t *testing.T, b *bench) {
			h := &house{bench: b}
			h.openStore()
			defer func() { h.Close() }()
			c.fn(t, h)
		})
	}
}

// The world of the layers' cases.
const (
	org     = bridge.OrgID("00D000000000001EAA")
	project = bridge.ProjectID("crm")
	topic   = bridge.Topic("/data/ContactChangeEvent")
)

var (
	inbound  = bridge.Outlet{Project: project, Direction: bridge.Inbound}
	outbound = bridge.Outlet{Project: project, Direction: bridge.Outbound}
)

// exactly compares values as they are; their Equal calls unknown ones different.
var exactly = cmp.Comparer(func(a, b bridge.Value) bool { return a == b })

// house is a store over an engine.
type house struct {
	*bench
	*store.Store
	options store.Options
}

func (h *house) openStore() {
	h.t.Helper()
	o := h.options
	o.Now = h.now
	h.Store = store.New(h.kv, o)
	if err := h.Open(h.ctx()); err != nil {
		h.t.Fatalf("open: %v", err)
	}
}

// reopen ends the store and the engine and opens both again.
func (h *house) reopen() {
	h.t.Helper()
	h.Close()
	h.restart()
	h.openStore()
}

func record(n int) bridge.RecordID { return bridge.RecordID(fmt.Sprintf("003%012dAAA", n)) }

// state is a change of a record that two-letter transfers want.
func state(id string, n int, dirty ...bridge.Field) bridge.Entry {
	e := change(id, n)
	e.Deliveries = []bridge.Delivery{{
		ID: bridge.DeliveryID(id), Kind: bridge.State, Transfer: "contacts", Object: "Contact", Dirty: dirty,
		Lane: bridge.Lane{Org: org, Project: project, Direction: bridge.Inbound, Source: string(record(n))},
	}}
	return e
}

// change is one that no transfer wants.
func change(id string, n int) bridge.Entry {
	return bridge.Entry{Kind: bridge.ChangeEntry, At: time.Now().UTC(), Change: &bridge.Change{
		Org: org, Topic: topic, Event: id, Object: "Contact", Records: []bridge.RecordID{record(n)}, Type: bridge.Update,
		Values: bridge.Fields{"LastName": bridge.TextValue(id)},
	}}
}

// activity is a callback whose delivery carries its own payload.
func activity(id, contact string) bridge.Entry {
	return bridge.Entry{
		Kind: bridge.CallbackEntry, At: time.Now().UTC(), Dedup: id, DedupFor: 7 * 24 * time.Hour,
		Callback: &bridge.Callback{Org: org, Project: project, Event: id, Kind: bridge.Happened, Contact: bridge.ContactID(contact), Body: []byte(`{"id":"` + id + `"}`)},
		Deliveries: []bridge.Delivery{{
			ID: bridge.DeliveryID(id), Kind: bridge.Append,
			Lane: bridge.Lane{Org: org, Project: project, Direction: bridge.Outbound, Source: contact},
		}},
	}
}

func (h *house) append(es ...bridge.Entry) {
	h.t.Helper()
	if err := h.Append(h.ctx(), es, nil); err != nil {
		h.t.Fatalf("append: %v", err)
	}
}

// fold folds everything that waits.
func (h *house) fold() {
	h.t.Helper()
	for h.Counts().Unfolded > 0 {
		es, err := h.Unfolded(h.ctx(), 50)
		if err != nil {
			h.t.Fatalf("unfolded: %v", err)
		}
		if err := h.Fold(h.ctx(), es, nil, nil); err != nil {
			h.t.Fatalf("fold: %v", err)
		}
	}
}

func (h *house) put(es ...bridge.Entry) {
	h.t.Helper()
	h.append(es...)
	h.fold()
}

func (h *house) next(o bridge.Outlet) bridge.Work {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.ctx(), time.Minute)
	defer cancel()
	w, err := h.Next(ctx, o)
	if err != nil {
		h.t.Fatalf("next: %v", err)
	}
	return w
}

// takes demands that the next work is of these deliveries.
func (h *house) takes(o bridge.Outlet, ids ...bridge.DeliveryID) bridge.Work {
	h.t.Helper()
	w := h.next(o)
	var got []bridge.DeliveryID
	for _, d := range w.Deliveries {
		got = append(got, d.ID)
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		h.t.Fatalf("other deliveries than wanted (-want +got):\n%s", diff)
	}
	return w
}

// idle demands that nothing is due.
func (h *house) idle(o bridge.Outlet) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.ctx(), 10*time.Millisecond)
	defer cancel()
	if w, err := h.Next(ctx, o); !errors.Is(err, context.DeadlineExceeded) {
		h.t.Fatalf("next hands out %v, %v; nothing is due", w.Deliveries, err)
	}
}

func (h *house) settle(w bridge.Work, e bridge.Effects) {
	h.t.Helper()
	if err := h.Settle(h.ctx(), w, e); err != nil {
		h.t.Fatalf("settle: %v", err)
	}
}

func (h *house) deferFor(w bridge.Work, d time.Duration) {
	h.t.Helper()
	if err := h.Defer(h.ctx(), w, bridge.Deferral{Until: h.now().Add(d), Failed: true, Reason: "no"}); err != nil {
		h.t.Fatalf("defer: %v", err)
	}
}

// empty demands that nothing of the journal is left, in memory and on disk.
func (h *house) empty() {
	h.t.Helper()
	c := h.Counts()
	if c.Bytes != 0 || c.Unfolded != 0 {
		h.t.Errorf("%d bytes and %d unfolded entries wait in an empty journal", c.Bytes, c.Unfolded)
	}
	for o, n := range c.Outlets {
		if n.Waiting != 0 || n.Lanes != 0 {
			h.t.Errorf("%v: %+v in an empty journal", o, n)
		}
	}
	for _, prefix := range []string{"e/", "a/"} {
		items, err := h.kv.Scan(h.ctx(), prefix, "", 10)
		if err != nil || len(items) > 0 {
			h.t.Errorf("%d items of %s are left, %v", len(items), prefix, err)
		}
	}
}

// wait lets everything that can happen now happen.
func (h *house) wait() {
	if h.realTime {
		time.Sleep(50 * time.Millisecond)
		return
	}
	synctest.Wait()
}
