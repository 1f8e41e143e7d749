package fakeorg

import (
	"bytes"
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"sfbridge/pubsub/pubsubpb"
)

func ids(r *pubsubpb.FetchResponse) (out [][]byte) {
	for _, e := range r.Events {
		out = append(out, e.ReplayId)
	}
	return out
}

func TestReplay_StartsStrictlyAfterTheID(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.contacts(4)
		all := ids(receive(t, s.stream(earliest(4))))
		if len(all) != 4 {
			t.Fatalf("earliest gives %d events", len(all))
		}
		for _, id := range [][]byte{all[1], all[1][:8]} {
			got := ids(receive(t, s.stream(after(id, 10))))
			if len(got) != 2 || !bytes.Equal(got[0], all[2]) || !bytes.Equal(got[1], all[3]) {
				t.Errorf("after %x come %x of %x", id, got, all)
			}
		}
		st := s.stream(latest(1))
		s.contacts(1)
		if got := ids(receive(t, st)); len(got) != 1 || bytes.Compare(got[0], all[3]) <= 0 {
			t.Errorf("latest gives %x after %x", got, all[3])
		}
	})
}

func TestReplay_LeavesGapsThatEachRunRepeats(t *testing.T) {
	run := func() (out [][]byte) {
		o := New(Options{})
		for range 50 {
			publish(o, Edit{Object: vehicle(), Record: "1", Kind: KindDelete})
		}
		for _, e := range o.Events() {
			out = append(out, e.Replay)
		}
		return out
	}
	first, second := run(), run()
	gaps := 0
	for i, id := range first {
		if !bytes.Equal(id, second[i]) {
			t.Fatalf("id %d is %x in one run and %x in another", i, id, second[i])
		}
		if i > 0 && !bytes.Equal(computed(id), first[i-1]) {
			gaps++
		}
	}
	if gaps < 10 {
		t.Errorf("%d gaps in 50 ids", gaps)
	}
}

func TestReplay_KeepsEventsForTheRetention(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.contacts(2)
		id := s.org.Events()[0].Replay
		time.Sleep(71*time.Hour + 59*time.Minute)
		s.ctx = s.renewed()
		if r := receive(t, s.stream(after(id, 1))); len(r.Events) != 1 {
			t.Errorf("after 71:59 the id gives %v", r)
		}
		time.Sleep(2 * time.Minute)
		st := s.stream(after(id, 1))
		_, err := st.Recv()
		wantRefusal(t, err, st.Trailer(), codes.InvalidArgument, "subscription.fetch.replayid.corrupted", "Subscribe")
		s.contacts(1)
		if r := receive(t, s.stream(earliest(100))); len(r.Events) != 1 {
			t.Errorf("after 72:01 earliest gives %d events, want the new one", len(r.Events))
		}
	})
}

// renewed returns a context with a session that has not timed out.
func (s *streamStand) renewed() context.Context {
	s.token = s.org.auth.issue(s.org.OrgID(), "005000000000001AAA", "", s.org.now())
	return s.with("accesstoken", s.token, "instanceurl", "https://acme.my.salesforce.com", "tenantid", s.org.OrgID())
}

func TestReplay_KeepaliveIDsMoveOnWithoutEvents(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.contacts(1)
		old := s.org.Events()[0].Replay
		st := s.stream(latest(1))
		var id []byte
		for range 71 * 60 {
			id = receive(t, st).LatestReplayId
		}
		for range 2 * 60 {
			receive(t, st)
		}
		stale := s.stream(after(old, 1))
		_, err := stale.Recv()
		wantRefusal(t, err, stale.Trailer(), codes.InvalidArgument, "subscription.fetch.replayid.corrupted", "Subscribe")
		fresh := s.stream(after(id, 1))
		s.contacts(1)
		if r := receive(t, fresh); len(r.Events) != 1 {
			t.Errorf("the id of a keepalive gives %v", r)
		}
	})
}

func TestReplay_IDsEndByFaults(t *testing.T) {
	faults := map[string]func(o *Org){
		"expire all":    func(o *Org) { o.ExpireAll() },
		"expire before": func(o *Org) { o.Expire(o.Now().Add(time.Second)) },
		"org migration": func(o *Org) { o.ResetReplayIDs() },
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			onStream(t, Options{}, func(s *streamStand) {
				s.contacts(3)
				id := s.org.Events()[2].Replay
				fault(s.org)
				st := s.stream(after(id, 1))
				_, err := st.Recv()
				wantRefusal(t, err, st.Trailer(), codes.InvalidArgument, "subscription.fetch.replayid.corrupted", "Subscribe")
				s.contacts(1)
				if r := receive(t, s.stream(earliest(9))); len(r.Events) != 1 {
					t.Errorf("earliest gives %d events", len(r.Events))
				}
			})
		})
	}
}
