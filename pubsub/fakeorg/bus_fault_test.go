package fakeorg

import (
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestStall_TakesRequestsAndSendsNothing(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		st := s.stream(latest(1))
		s.org.Stall()
		s.contacts(3)
		ask(t, st, more(4))
		time.AfterFunc(time.Hour+time.Second, s.org.Unstall)
		start := time.Now()
		r := receive(t, st)
		if time.Since(start) != time.Hour+time.Second || len(r.Events) != 3 || r.PendingNumRequested != 2 {
			t.Errorf("after %v: %d events, pending %d", time.Since(start), len(r.Events), r.PendingNumRequested)
		}
	})
}

func TestCloseStreams_LooksLikeTheNetwork(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		for code, text := range map[codes.Code]string{codes.Unavailable: "RST_STREAM closed stream. HTTP/2 error code: NO_ERROR", codes.OK: ""} {
			st := s.stream(latest(1))
			if n := s.org.CloseStreams(code, text); n != 1 {
				t.Errorf("%d streams closed", n)
			}
			_, err := st.Recv()
			if code == codes.OK && !errors.Is(err, io.EOF) || code != codes.OK && status.Code(err) != code {
				t.Errorf("%v: got %v", code, err)
			}
			if trailer := st.Trailer(); len(trailer.Get("error-code")) > 0 {
				t.Errorf("%v: trailer %v", code, trailer)
			}
		}
	})
}

func TestStreamFault_RaisesEachDocumentedError(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		for _, code := range slices.Sorted(maps.Keys(rpcErrors)) {
			running := s.stream(latest(1))
			s.org.StreamFault(errorPrefix+code, 2)
			_, err := running.Recv()
			wantRefusal(t, err, running.Trailer(), rpcErrors[code].code, code, "Subscribe")
			next, err := s.client.Subscribe(s.ctx)
			if err != nil {
				t.Fatal(err)
			}
			_, err = next.Recv()
			wantRefusal(t, err, next.Trailer(), rpcErrors[code].code, code, "Subscribe")
		}
		if r := receive(t, s.stream(latest(1))); r.PendingNumRequested != 1 {
			t.Errorf("after the faults: %v", r)
		}
	})
}

func TestAllocation_EndsStreamsUntilADayHasPassed(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.org.Allocation(5)
		s.contacts(8)
		st := s.stream(earliest(10))
		if r := receive(t, st); len(r.Events) != 5 {
			t.Fatalf("%d events delivered", len(r.Events))
		}
		_, err := st.Recv()
		wantRefusal(t, err, st.Trailer(), codes.ResourceExhausted, "subscription.limit.exceeded", "Subscribe")
		time.Sleep(23 * time.Hour)
		s.ctx = s.renewed()
		refused := s.stream(earliest(1))
		_, err = refused.Recv()
		wantRefusal(t, err, refused.Trailer(), codes.ResourceExhausted, "subscription.limit.exceeded", "Subscribe")
		time.Sleep(time.Hour)
		if r := receive(t, s.stream(earliest(10))); len(r.Events) != 5 {
			t.Errorf("%d events a day later", len(r.Events))
		}
		if limit, used := s.org.Delivered(); limit != 5 || used != 5 {
			t.Errorf("limit %d, used %d", limit, used)
		}
	})
}

func TestSettleLatest_LosesTheFirstEvents(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.org.SettleLatest(5 * time.Second)
		st := s.stream(latest(10))
		s.contacts(1)
		time.Sleep(5 * time.Second)
		s.contacts(1)
		want := s.org.Events()[1].ID
		if r := receive(t, st); len(r.Events) != 1 || r.Events[0].Event.Id != want {
			t.Errorf("got %v, want the event after the settling", r.Events)
		}
	})
}

func TestLimitStreams_RefusesOneMore(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.org.LimitStreams(1)
		s.stream(latest(1))
		st := s.stream(latest(1))
		_, err := st.Recv()
		wantRefusal(t, err, st.Trailer(), codes.ResourceExhausted, "service.protection.stream.limit.triggered", "Subscribe")
	})
}

func TestResetReplayIDs_EndsRunningStreams(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		st := s.stream(latest(1))
		s.org.ResetReplayIDs()
		_, err := st.Recv()
		wantRefusal(t, err, st.Trailer(), codes.Internal, "service.unavailable", "Subscribe")
	})
}

func TestAnswers_StayUnderThreeMegabytes(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		text := strings.Repeat("x", 900_000)
		for range 5 {
			s.commit(s.create("Contact", "003000000000001AAA", map[string]any{"LastName": "Sato", "Description": text}))
		}
		st := s.stream(earliest(5))
		var sizes []int
		for n := 0; n < 5; {
			r := receive(t, st)
			n += len(r.Events)
			sizes = append(sizes, len(r.Events))
			if int(r.PendingNumRequested) != 5-n {
				t.Errorf("pending %d after %d events", r.PendingNumRequested, n)
			}
		}
		if !slices.Equal(sizes, []int{3, 2}) {
			t.Errorf("answers of %v events", sizes)
		}
	})
}

func TestStream_EndsWithTheClient(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		st := s.stream(latest(1))
		if err := st.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if _, err := st.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if n := len(s.org.Subscriptions()); n != 0 {
			t.Errorf("%d subscriptions left", n)
		}
	})
}

func TestKeepalive_IsNeverAheadOfAnEventStillToCome(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		for range 50 {
			st := s.stream(latest(1))
			time.AfterFunc(time.Minute, func() { s.contacts(1) })
			r := receive(t, st)
			if len(r.Events) == 0 {
				r = receive(t, s.stream(after(r.LatestReplayId, 1)))
			}
			if len(r.Events) != 1 {
				t.Fatal("the event of the keepalive's moment is lost")
			}
		}
	})
}

func TestReset_EmptiesTheBusAndKeepsChannels(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.org.SetChannel("Bridge__chn", "Contact")
		s.contacts(1)
		id := s.org.Events()[0].Replay
		s.org.Stall()
		st := s.stream(latest(1))
		s.org.bus.reset()
		_, err := st.Recv()
		wantRefusal(t, err, st.Trailer(), codes.Internal, "service.unavailable", "Subscribe")
		old := s.stream(after(id, 1))
		_, err = old.Recv()
		wantRefusal(t, err, old.Trailer(), codes.InvalidArgument, "subscription.fetch.replayid.corrupted", "Subscribe")
		s.contacts(1)
		if got := entities(t, s, "/data/Bridge__chn"); len(got) != 1 {
			t.Errorf("the channel has %v", got)
		}
	})
}

// TestAnswer_NamesNoIDAheadOfWhatIsToCome goes on behind each answer's latest id, as a client may once it has processed the answer.
func TestAnswer_NamesNoIDAheadOfWhatIsToCome(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.contacts(250)
		want := s.org.Events()
		next, got := earliest(100), 0
		for got < len(want) {
			r := receive(t, s.stream(next))
			if len(r.Events) == 0 || r.Events[0].Event.Id != want[got].ID {
				t.Fatalf("behind the latest id after %d events comes another than the next: %v", got, r)
			}
			got += len(r.Events)
			next = after(r.LatestReplayId, 100)
		}
		if got != 250 {
			t.Errorf("%d events", got)
		}
	})
}

func TestResetReplayIDs_TellsNothingOfTransactionsBefore(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.org.SetTwins(Twins{Delay: time.Minute})
		account := s.create("Account", id18("001000000000001"), map[string]any{"IsPersonAccount": true, "LastName": "Sato"})
		contact := s.create("Contact", id18("003000000000001"), map[string]any{"IsPersonAccount": true, "LastName": "Sato", "AccountId": account.Record})
		s.commit(account, contact)
		if n := len(s.org.Events()); n != 1 {
			t.Fatalf("%d events before the second is due", n)
		}
		s.org.ResetReplayIDs()
		time.Sleep(2 * time.Minute)
		if got := s.org.Events(); len(got) != 0 {
			t.Errorf("an org that moved tells %v", got)
		}
		s.commit(account, contact)
		time.Sleep(2 * time.Minute)
		if n := len(s.org.Events()); n != 2 {
			t.Errorf("%d events of a transaction after it", n)
		}
	})
}
