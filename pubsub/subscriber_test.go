package pubsub_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"sfbridge/bridge"
	"sfbridge/pubsub"
	"sfbridge/pubsub/fakeorg"
)

func TestSubscriber_AnchorsAtTheTipAndRecordsTheHoleBefore(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		began := time.Now()
		s.state(pubsub.Anchoring)
		if s.asks().From != "LATEST" {
			s.Error("the first run does not start at the tip")
		}
		s.wait(61 * time.Second)
		s.state(pubsub.Live)
		if len(s.journal.replay()) == 0 {
			s.Fatal("no anchor was stored")
		}
		if h := s.journal.now().holes; len(h) != 1 || !h[0].From.Equal(began) || h[0].To.Sub(began) != time.Minute {
			s.Errorf("holes %+v", h)
		}
		s.works(120, time.Second)
		if len(s.journal.now().holes) != 1 {
			s.Errorf("%d holes", len(s.journal.now().holes))
		}
	})
}

func TestSubscriber_AnchorsOnAnEventThatComesFirst(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(1, time.Second)
		if len(s.journal.replay()) == 0 || len(s.journal.now().holes) != 1 {
			s.Errorf("position %x, holes %+v", s.journal.replay(), s.journal.now().holes)
		}
		s.end()
		s.change(60)
		s.begin()
		s.arrives(time.Second)
	})
}

func TestSubscriber_KeepsHundredAskedForAtAllTimes(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		for range 5 {
			s.works(73, time.Second)
			s.asks()
		}
		s.wait(5 * time.Hour)
		s.works(500, time.Second)
		if sub := s.asks(); sub.Asked != sub.Delivered+pubsub.MaxCredit {
			s.Errorf("asked %d, delivered %d", sub.Asked, sub.Delivered)
		}
		if b := s.sub.Status().Breaks; b != 0 {
			s.Errorf("%d streams ended in hours of quiet", b)
		}
	})
}

func TestSubscriber_StoresTheIdOfAKeepaliveWhenQuiet(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(50, time.Second)
		before := s.journal.replay()
		last := s.org.Events()[49].Replay
		if bytes.Equal(before, last) {
			s.Error("the newest id was stored before anything followed it")
		}
		s.wait(96 * time.Hour) // far beyond the retention
		if bytes.Equal(before, s.journal.replay()) || s.journal.now().position.At.Before(time.Now().Add(-2*time.Minute)) {
			s.Errorf("the position stands still: %+v", s.journal.now().position)
		}
		s.end()
		s.change(50)
		s.begin()
		s.arrives(time.Second)
		if len(s.journal.now().holes) != 1 {
			s.Errorf("holes %+v", s.journal.now().holes)
		}
	})
}

func TestSubscriber_ResumesWhereItStopped(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, time.Second)
		for round := range 5 {
			s.change(60)
			if round%2 == 0 {
				s.journal.set(func(j *journal) { j.slow = time.Hour }) // stops while a batch is being stored
			}
			s.wait(time.Millisecond)
			s.end()
			s.journal.set(func(j *journal) { j.slow = 0 })
			s.change(40)
			s.wait(time.Hour)
			s.begin()
			s.arrives(time.Second)
			if got := s.asks().From; got != "CUSTOM" {
				s.Errorf("resumed from %s", got)
			}
		}
	})
}

func TestSubscriber_ComesBackAfterEveryKindOfEnd(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, time.Second)
		for _, end := range []func(){
			func() { s.org.CloseStreams(codes.OK, "") },
			func() { s.org.CloseStreams(codes.Unavailable, "RST_STREAM closed stream. HTTP/2 error code: NO_ERROR") },
			func() { s.org.CloseStreams(codes.Internal, "Received RST_STREAM with code 0") },
			func() { s.org.CloseStreams(codes.InvalidArgument, "a proxy's opinion") },
			func() { s.org.StreamFault("service.unavailable", 1) },
			func() { s.org.StreamFault("subscription.internal.error", 1) },
			func() { s.org.StreamFault("topic.api.unavailable", 3) },
			func() { s.wire.cut(false) },
		} {
			end()
			s.change(30)
			s.arrives(30 * time.Second)
			s.state(pubsub.Live)
			s.wait(2 * time.Minute)
			s.works(50, time.Second)
			s.asks()
		}
		if len(s.journal.now().holes) != 1 {
			s.Errorf("holes %+v", s.journal.now().holes)
		}
	})
}

func TestSubscriber_AnswersACleanEndAtOnceButNotInALoop(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.wait(2 * time.Minute)
		s.org.CloseStreams(codes.OK, "")
		s.works(50, time.Millisecond)
		before := s.sub.Status().Breaks
		for range 600 {
			s.org.CloseStreams(codes.OK, "")
			s.wait(100 * time.Millisecond)
		}
		if n := s.sub.Status().Breaks - before; n > 60 {
			s.Errorf("%d streams in a minute of ends", n)
		}
		s.works(50, 5*time.Minute)
	})
}

func TestSubscriber_NoticesSilence(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, time.Second)
		s.wait(3 * time.Hour)
		s.org.Stall()
		s.change(60)
		s.wait(140 * time.Second)
		s.state(pubsub.Live)
		s.wait(20 * time.Second)
		s.state(pubsub.Stalled)
		if b := s.sub.Status().Breaks; b != 1 {
			s.Errorf("%d streams ended after 160 s of silence", b)
		}
		s.wait(280 * time.Second)
		if b := s.sub.Status().Breaks; b != 1 {
			s.Errorf("the second stream was not given 300 s: %d ended", b)
		}
		s.wait(30 * time.Second)
		if b := s.sub.Status().Breaks; b != 2 {
			s.Errorf("%d streams ended after silence twice", b)
		}
		s.org.Unstall()
		s.arrives(time.Minute)
		s.state(pubsub.Live)
		s.works(50, time.Second)
	})
}

func TestSubscriber_NoticesADeadConnection(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, time.Second)
		s.wire.deafen(true)
		s.wait(2 * time.Minute)
		s.wire.deafen(false)
		s.works(60, 2*time.Minute)
		s.state(pubsub.Live)
	})
}

func TestSubscriber_OutlivesADayWithoutNetwork(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, time.Second)
		s.wire.cut(true)
		s.change(60)
		s.wait(24 * time.Hour)
		s.state(pubsub.Connecting)
		if b := s.sub.Status().Breaks; b < 24*60/2 || b > 24*60*4 {
			s.Errorf("%d attempts in a day", b)
		}
		s.wire.cut(false)
		s.arrives(3 * time.Minute)
		s.works(60, time.Second)
	})
}

func TestSubscriber_TakesANewSessionOnce(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, time.Second)
		s.org.Revoke("")
		s.works(60, 2*time.Minute)
		if n := s.login.count(); n != 2 {
			s.Errorf("%d logins, want 2", n)
		}
		s.state(pubsub.Live)
	})
}

func TestSubscriber_WaitsWhileNoSessionIsToBeHad(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, time.Second)
		s.login.breakDown(true)
		s.org.Revoke("")
		s.change(60)
		s.wait(2 * time.Minute)
		s.state(pubsub.AuthFailed)
		s.wait(10 * time.Hour)
		s.state(pubsub.AuthFailed)
		s.login.breakDown(false)
		s.arrives(3 * time.Minute)
		s.works(60, time.Second)
		s.state(pubsub.Live)
	})
}

func TestSubscriber_KeepsARefusedButValidLookingSessionFromLooping(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, time.Second)
		s.org.StreamFault("service.auth.error", 40)
		s.change(60)
		s.wait(10 * time.Second)
		s.state(pubsub.AuthFailed)
		s.wait(2 * time.Hour)
		if n := s.login.count(); n < 40 || n > 42 {
			s.Errorf("%d logins for 40 refusals", n)
		}
		s.arrives(time.Second)
		s.works(60, time.Second)
	})
}

func TestSubscriber_ReplayIdWithinRetentionIsTaken(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, 61*time.Second)
		s.end()
		s.change(60)
		s.wait(71*time.Hour + 55*time.Minute)
		s.begin()
		s.wait(time.Second)
		if len(s.journal.events()) != 120 || len(s.journal.now().holes) != 1 || s.asks().From != "CUSTOM" {
			s.Errorf("%d events, holes %+v", len(s.journal.events()), s.journal.now().holes)
		}
	})
}

func TestSubscriber_LostReplayIdOpensAHoleAndReadsFromTheOldest(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, 61*time.Second)
		stored := s.journal.now().position
		s.end()
		s.change(30) // these fall out of the bus
		s.wait(72*time.Hour + time.Minute)
		s.change(60)
		s.begin()
		s.wait(time.Second)
		if h := s.journal.now().holes; len(h) != 2 || !h[1].From.Equal(stored.At.Add(-10*time.Minute)) || time.Since(h[1].To) > 2*time.Second {
			s.Fatalf("holes %+v", h)
		}
		if got := s.asks().From; got != "EARLIEST" {
			s.Errorf("reads from %s", got)
		}
		if n := len(s.journal.events()); n != 60+60 {
			s.Errorf("%d events, want 120", n)
		}
		s.state(pubsub.Live)
		s.wait(time.Hour)
		s.end()
		s.begin()
		s.wait(time.Minute)
		if got := s.asks().From; got != "CUSTOM" {
			s.Errorf("the next run reads from %s", got)
		}
		s.change(50)
		s.wait(time.Second)
		if n := len(s.journal.events()); n != 60+60+50 || len(s.journal.now().holes) != 2 {
			s.Errorf("%d events, %d holes", n, len(s.journal.now().holes))
		}
	})
}

func TestSubscriber_LostReplayIdNeverLoops(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, 2*time.Minute)
		s.org.StreamFault("subscription.fetch.replayid.corrupted", 20)
		s.change(60)
		s.wait(5 * time.Minute)
		s.state(pubsub.ReplayLost)
		if b := s.sub.Status().Breaks; b > 3 {
			s.Errorf("%d attempts in five minutes", b)
		}
		if len(s.journal.now().holes) != 2 {
			s.Errorf("holes %+v", s.journal.now().holes)
		}
		s.wait(time.Hour)
		if b := s.sub.Status().Breaks; b < 5 || b > 9 {
			s.Errorf("%d attempts in an hour", b)
		}
		s.wait(4 * time.Hour)
		s.arrives(time.Second)
		s.works(60, time.Second)
		s.state(pubsub.Live)
	})
}

func TestSubscriber_LostReplayIdWaitsForADurableHole(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, 2*time.Minute)
		s.journal.set(func(j *journal) { j.refuse = errors.New("disk is full") })
		s.org.StreamFault("subscription.fetch.replayid.corrupted", 1)
		s.change(60)
		s.wait(time.Hour)
		if len(s.org.Subscriptions()) != 0 {
			s.Fatal("reading went on before the hole was durable")
		}
		s.journal.set(func(j *journal) { j.refuse = nil })
		s.arrives(time.Minute)
		if len(s.journal.now().holes) != 2 {
			s.Errorf("holes %+v", s.journal.now().holes)
		}
		s.works(60, time.Second)
	})
}

func TestSubscriber_SurvivesAMoveOfTheOrg(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, 2*time.Minute)
		s.works(2, time.Second)
		stale := s.journal.replay()
		s.org.ResetReplayIDs()
		s.works(1, time.Minute-10*time.Second)
		if got := s.asks().From; got != "EARLIEST" || !bytes.Equal(s.journal.replay(), stale) {
			s.Errorf("reads from %s, position %x", got, s.journal.replay())
		}
		s.org.CloseStreams(codes.OK, "")
		s.wait(5 * time.Second)
		if got := s.asks().From; got != "EARLIEST" {
			s.Errorf("before a new position is durable it reads from %s", got)
		}
		s.works(60, time.Second)
		s.org.CloseStreams(codes.OK, "")
		s.wait(30 * time.Second)
		if got := s.asks().From; got != "CUSTOM" {
			s.Errorf("then it reads from %s", got)
		}
		s.works(60, time.Second)
		if len(s.journal.now().holes) != 2 {
			s.Errorf("holes %+v", s.journal.now().holes)
		}
	})
}

func TestSubscriber_PausesWhenTheAllowanceIsUsedUp(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, time.Second)
		s.org.Allocation(100)
		s.change(100)
		s.wait(time.Minute)
		s.state(pubsub.PausedLimit)
		if n := len(s.journal.events()); n < 90 {
			s.Errorf("%d events before the limit", n)
		}
		began := s.sub.Status().Breaks
		s.wait(10 * time.Hour)
		s.state(pubsub.PausedLimit)
		if n := s.sub.Status().Breaks - began; n < 9 || n > 41 {
			s.Errorf("%d attempts in ten hours", n)
		}
		s.org.Allocation(10_000)
		s.arrives(61 * time.Minute)
		s.state(pubsub.Live)
		s.works(60, time.Second)
	})
}

func TestSubscriber_WaitsForAnAdministrator(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, time.Second)
		s.org.DenyTopic(topic, true)
		s.org.CloseStreams(codes.OK, "")
		s.change(60)
		s.wait(time.Hour)
		s.state(pubsub.StoppedNeedsAdmin)
		if s.sub.Status().Remedy == "" {
			s.Error("the administrator is not told what to do")
		}
		if b := s.sub.Status().Breaks; b > 10 {
			s.Errorf("%d attempts in an hour", b)
		}
		s.org.DenyTopic(topic, false)
		s.arrives(11 * time.Minute)
		s.works(60, time.Second)
		s.state(pubsub.Live)
	})
}

func TestSubscriber_IsSlowWhenTheServiceProtectsItself(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, time.Second)
		s.org.LimitStreams(0)
		s.org.StreamFault("service.protection.triggered", 5)
		s.change(60)
		s.wait(29 * time.Second)
		if b := s.sub.Status().Breaks; b != 1 {
			s.Errorf("%d attempts in half a minute", b)
		}
		s.arrives(time.Hour)
		s.works(60, time.Second)
	})
}

func TestSubscriber_WaitsForASinkThatRefuses(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, time.Second)
		s.journal.set(func(j *journal) { j.refuse = bridge.ErrFull })
		s.change(1000)
		s.wait(time.Hour)
		if n := len(s.journal.events()); n != 60 {
			s.Errorf("%d events in a journal that refuses", n)
		}
		if sub := s.org.Subscriptions(); len(sub) > 0 && sub[0].Delivered > 300 {
			s.Errorf("%d events were taken that cannot be stored", sub[0].Delivered)
		}
		if p := s.sub.Status().Problem; p == "" {
			s.Error("the trouble is not shown")
		}
		s.journal.set(func(j *journal) { j.refuse = nil })
		s.arrives(2 * time.Minute)
		s.works(60, time.Second)
		s.asks()
		if p := s.sub.Status().Problem; p != "" {
			s.Errorf("the trouble is over and shown: %s", p)
		}
	})
}

func TestSubscriber_AsksForLessAfterAnOverflowAndForAllLater(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, 2*time.Minute)
		for i, want := range []int{50, 25, 12} {
			s.org.StreamFault("subscription.fetch.overflow", 1)
			s.wait(time.Second << (i + 1))
			if running := s.org.Subscriptions(); len(running) != 1 || running[0].Credit != want {
				s.Fatalf("streams %+v, want %d asked for", running, want)
			}
		}
		s.works(60, 5*time.Minute)
		s.org.CloseStreams(codes.OK, "")
		s.works(60, time.Second)
		s.asks()
	})
}

func TestSubscriber_HidesTheCommitBehindTwoBatches(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.wait(61 * time.Second)
		s.journal.set(func(j *journal) { j.slow = 10 * time.Second })
		s.change(1000)
		s.wait(5 * time.Second)
		if d := s.asks0(); d < 300 || d > 2*200+100 { // two steps, and what was asked for when they were full
			s.Errorf("%d events taken while the first step is being stored", d)
		}
		s.arrives(5 * time.Minute)
	})
}

// asks0 is how many events the running stream delivered.
func (s *stand) asks0() int {
	s.Helper()
	running := s.org.Subscriptions()
	if len(running) != 1 {
		s.Fatalf("streams %+v", running)
	}
	return running[0].Delivered
}
