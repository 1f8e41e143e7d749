package pubsub_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub"
	"sfbridge/pubsub/fakeorg"
)

// remedied is what must follow the end of a stream by an error code.
type remedied struct {
	state    pubsub.State  // a second later; "" where it may be back by then
	soonest  time.Duration // until it is tried again
	latest   time.Duration
	logins   int    // new sessions
	holes    int    // opened
	credit   int    // asked for by the next stream; 0 is all
	from     string // where the next stream begins; "" is behind the stored position
	unasked  bool   // nothing is to be done by an administrator
	repeated int    // events that come again
}

var (
	atOnce   = remedied{latest: time.Second, unasked: true}
	soon     = remedied{soonest: 5 * time.Second, latest: 10 * time.Second, state: pubsub.Connecting, unasked: true}
	slowly   = remedied{soonest: 30 * time.Second, latest: time.Minute, state: pubsub.Connecting, unasked: true}
	rechecks = remedied{soonest: 10 * time.Minute, latest: 10 * time.Minute, state: pubsub.StoppedNeedsAdmin}
	anew     = remedied{latest: time.Second, logins: 1, unasked: true}
	lessOf   = remedied{latest: time.Second, credit: 50, unasked: true}
	paused   = remedied{soonest: 15 * time.Minute, latest: 30 * time.Minute, state: pubsub.PausedLimit}
	jumps    = remedied{latest: time.Second, holes: 1, from: "EARLIEST", repeated: 60, unasked: true}
)

// remedies is what is done about every documented error code.
// https://developer.salesforce.com/docs/platform/pub-sub-api/guide/handling-errors.html
var remedies = map[string]remedied{
	"service.auth.error": anew, "service.auth.headers.invalid": rechecks, "service.auth.refresh.invalid": rechecks, "service.tenant.license": rechecks,
	"service.unavailable": soon, "service.protection.triggered": slowly, "service.protection.stream.limit.triggered": slowly,
	"concurrent.client.limit.exceeded": slowly,
	"topic.not.found":                  rechecks, "topic.meta.permission": rechecks, "topic.validation.empty": rechecks, "topic.api.unavailable": atOnce,
	"schema.meta.permission": rechecks, "schema.validation.failed": rechecks, "schema.api.unavailable": atOnce,
	"subscription.fetch.replayid.corrupted": jumps, "subscription.fetch.replayid.validation.failed": rechecks,
	"subscription.fetch.replay.repeated": atOnce, "subscription.fetch.topic.mismatch": atOnce,
	"subscription.fetch.requested.events.invalid": rechecks, "subscription.fetch.request.invalid": rechecks, "subscription.fetch.overflow": lessOf,
	"subscription.limit.exceeded": paused, "subscription.topic.cannot.subscribe": rechecks, "subscription.internal.error": atOnce,
	"publish.stream.sweeper.timeout": atOnce, "publish.auth.refresh.invalid": rechecks, "publish.event.count.invalid": rechecks,
	"publish.topic.mismatch": rechecks, "publish.topic.validation.empty": rechecks,
	"managed.subscription.already.active": slowly, "managed.subscription.config.stopped": rechecks, "managed.subscription.config.deleted": rechecks,
	"managed.subscription.developer.name.not.found": rechecks, "managed.subscription.subscription.id.not.found": rechecks,
	"managed.subscription.subscription.id.invalid": rechecks, "managed.subscription.id.or.developer.name.empty": rechecks,
	"managed.subscription.fetch.request.events.invalid": rechecks, "managed.subscription.fetch.request.invalid": rechecks,
	"managed.subscription.fetch.request.commit.request.restricted": rechecks,
	"managed.subscription.fetch.request.auth.request.restricted":   rechecks,
}

func TestSubscriber_AnswersEveryErrorCodeByItsRemedy(t *testing.T) {
	for code := range fakeorg.ErrorCodes() {
		if _, known := remedies[code]; !known {
			t.Errorf("%s is raised and nobody says what is done about it", code)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(remedies)) {
		t.Run(code, func(t *testing.T) { remedy(t, code, remedies[code]) })
	}
}

func remedy(t *testing.T, code string, want remedied) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, 2*time.Minute)
		logins, breaks := s.login.count(), s.sub.Status().Breaks
		s.org.StreamFault(code, 1)
		s.change(10)
		began := time.Now()
		s.wait(time.Second)
		st := s.sub.Status()
		if st.Breaks != breaks+1 {
			t.Fatalf("%d streams ended", st.Breaks-breaks)
		}
		if want.state != "" && (st.State != want.state || st.Problem == "" || (st.Remedy == "") != want.unasked && code != "concurrent.client.limit.exceeded") {
			t.Errorf("a second later: %+v", st)
		}
		for len(s.org.Subscriptions()) == 0 && time.Since(began) < 2*time.Hour {
			s.wait(100 * time.Millisecond)
		}
		if took := time.Since(began); took < want.soonest || took > want.latest+time.Second+200*time.Millisecond {
			t.Errorf("tried again after %v, want %v to %v", took, want.soonest, want.latest)
		}
		s.wait(time.Second)
		running := s.org.Subscriptions()
		if len(running) != 1 {
			t.Fatalf("streams %+v", running)
		}
		from, credit := want.from, want.credit
		if from == "" {
			from = "CUSTOM"
		}
		if credit == 0 {
			credit = pubsub.MaxCredit
		}
		if running[0].From != from || running[0].Credit != credit {
			t.Errorf("the next stream %+v, want from %s with %d asked for", running[0], from, credit)
		}
		if n := s.login.count() - logins; n != want.logins {
			t.Errorf("%d new sessions, want %d", n, want.logins)
		}
		if holes := s.journal.now().holes; len(holes) != 1+want.holes {
			t.Errorf("holes %+v", holes)
		}
		s.state(pubsub.Live)
		s.arrives(time.Second)
		if n := len(s.journal.events()); n != 70+want.repeated {
			t.Errorf("%d events, want %d", n, 70+want.repeated)
		}
		if q := s.journal.now().quarantine; len(q) != 0 {
			t.Errorf("quarantined %+v", q)
		}
		s.works(60, time.Second)
	})
}

// TestSchemas_AnswerEveryErrorCodeOfGetSchema raises every code on the call that asks for a schema: what passes by itself loses nothing, and of what does
// not the event is kept as it is.
func TestSchemas_AnswerEveryErrorCodeOfGetSchema(t *testing.T) {
	for code := range fakeorg.ErrorCodes() {
		t.Run(code, func(t *testing.T) {
			inBubble(t, fakeorg.Options{}, func(s *stand) {
				s.wait(61 * time.Second)
				s.org.FailCalls("GetSchema", code, 3)
				s.change(20)
				s.wait(15 * time.Minute)
				lost := 0
				if code == "schema.validation.failed" {
					lost = 3 // it says that there is no such schema: each event asks for itself
				}
				q := s.journal.now().quarantine
				if len(q) != lost || len(s.journal.events()) != 20-lost {
					t.Errorf("%d events, quarantined %+v", len(s.journal.events()), q)
				}
				for _, e := range q {
					if e.Object != bridge.Object("Contact") || len(e.Payload) == 0 {
						t.Errorf("quarantined %+v", e)
					}
				}
			})
		})
	}
}
