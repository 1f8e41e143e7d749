package fakeorg

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"sfbridge/pubsub/pubsubpb"
)

func TestSubscribe_RefusesACarelessFirstRequest(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.contacts(1)
		s.org.HideFrom("Account")
		s.org.DenyTopic("/data/ChangeEvents", true)
		custom := pubsubpb.ReplayPreset_CUSTOM
		id := s.org.Events()[0].Replay
		tests := []struct {
			name, want string
			code       codes.Code
			first      *pubsubpb.FetchRequest
		}{
			{"no topic", "topic.validation.empty", codes.InvalidArgument, more(1)},
			{"unknown topic", "topic.not.found", codes.NotFound, &pubsubpb.FetchRequest{TopicName: "/data/X", NumRequested: 1}},
			{"no right", "topic.meta.permission", codes.PermissionDenied, &pubsubpb.FetchRequest{TopicName: "/data/AccountChangeEvent", NumRequested: 1}},
			{"denied", "subscription.topic.cannot.subscribe", codes.PermissionDenied, &pubsubpb.FetchRequest{TopicName: "/data/ChangeEvents", NumRequested: 1}},
			{"nothing asked for", "subscription.fetch.requested.events.invalid", codes.InvalidArgument, latest(0)},
			{"less than nothing", "subscription.fetch.requested.events.invalid", codes.InvalidArgument, latest(-1)},
			{"auth_refresh", "subscription.fetch.request.invalid", codes.InvalidArgument,
				&pubsubpb.FetchRequest{TopicName: contactTopic, NumRequested: 1, AuthRefresh: "x"}},
			{"custom without id", "subscription.fetch.replayid.validation.failed", codes.InvalidArgument,
				&pubsubpb.FetchRequest{TopicName: contactTopic, NumRequested: 1, ReplayPreset: custom}},
			{"an id of the other API", "subscription.fetch.replayid.corrupted", codes.InvalidArgument, after([]byte("-1"), 1)},
			{"an id as text", "subscription.fetch.replayid.corrupted", codes.InvalidArgument, after([]byte("AAAAAAAAAAE="), 1)},
			{"an id with a tail", "subscription.fetch.replayid.corrupted", codes.InvalidArgument, after(append(id[:8:8], 0, 1), 1)},
			{"an id that was computed", "subscription.fetch.replayid.corrupted", codes.InvalidArgument, after(computed(id), 1)},
		}
		for _, tt := range tests {
			t.Log(tt.name)
			st := s.stream(tt.first)
			_, err := st.Recv()
			wantRefusal(t, err, st.Trailer(), tt.code, tt.want, "Subscribe")
		}
	})
}

// computed is what a client gets that counts an id on.
func computed(id []byte) []byte {
	out := append([]byte{}, id...)
	out[7]--
	return out
}

func TestSubscribe_RefusesACarelessLaterRequest(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		tests := []struct {
			name, want string
			later      *pubsubpb.FetchRequest
		}{
			{"another topic", "subscription.fetch.topic.mismatch", &pubsubpb.FetchRequest{TopicName: "/data/ChangeEvents", NumRequested: 1}},
			{"nothing asked for", "subscription.fetch.requested.events.invalid", more(0)},
			{"auth_refresh", "subscription.fetch.request.invalid", &pubsubpb.FetchRequest{NumRequested: 1, AuthRefresh: "x"}},
		}
		for _, tt := range tests {
			t.Log(tt.name)
			st := s.stream(latest(1))
			ask(t, st, tt.later)
			_, err := st.Recv()
			wantRefusal(t, err, st.Trailer(), codes.InvalidArgument, tt.want, "Subscribe")
		}
	})
}

func TestSubscribe_IgnoresLaterReplayOptionsUnlessTold(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.contacts(1)
		st := s.stream(latest(1))
		ask(t, st, earliest(1))
		if r := receive(t, st); len(r.Events) != 0 || r.PendingNumRequested != 2 {
			t.Errorf("got %v, want a keepalive with credit 2", r)
		}
		s.org.RefuseRepeatedReplay(true)
		ask(t, st, earliest(1))
		_, err := st.Recv()
		wantRefusal(t, err, st.Trailer(), codes.InvalidArgument, "subscription.fetch.replay.repeated", "Subscribe")
	})
}

func TestSubscribe_EndsWithItsSession(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		st := s.stream(latest(100))
		for range 5 * 60 {
			receive(t, st)
		}
		s.org.Revoke(s.token)
		start := time.Now()
		_, err := st.Recv()
		wantRefusal(t, err, st.Trailer(), codes.Unauthenticated, "service.auth.error", "Subscribe")
		if took := time.Since(start); took > time.Minute {
			t.Errorf("ended after %v", took)
		}
	})
}
