package fakeorg

import (
	"testing"

	"google.golang.org/grpc/codes"
)

func TestRename_RefusesCallsThatNameTheOldInstance(t *testing.T) {
	onStream(t, Options{InstanceURL: "https://acme.my.salesforce.com"}, func(s *streamStand) {
		running := s.stream(latest(5))
		s.org.Rename("https://new.my.salesforce.com")
		trailer, err := s.call("GetTopic")
		wantRefusal(t, err, trailer, codes.Unauthenticated, "service.auth.error", "GetTopic")
		s.contacts(1)
		if n := len(receive(t, running).Events); n != 1 {
			t.Errorf("the running stream got %d events", n)
		}
		s.ctx = s.with("accesstoken", s.token, "instanceurl", "https://new.my.salesforce.com", "tenantid", s.org.OrgID())
		if _, err := s.call("GetTopic"); err != nil {
			t.Errorf("with the new name: %v", err)
		}
	})
}

func TestMigrate_ForgetsSessionsAndReplayIDsAndKeepsRows(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		if _, err := s.org.Create("Contact", map[string]any{"LastName": "L"}); err != nil {
			t.Fatal(err)
		}
		id, running := s.org.Events()[0].Replay, s.stream(latest(5))
		s.org.Migrate("https://other.my.salesforce.com")
		_, err := running.Recv()
		wantRefusal(t, err, running.Trailer(), codes.Internal, "service.unavailable", "Subscribe")
		trailer, err := s.call("GetTopic")
		wantRefusal(t, err, trailer, codes.Unauthenticated, "service.auth.error", "GetTopic")
		token := s.org.auth.issue(s.org.OrgID(), "005000000000001AAA", "", s.org.now())
		s.ctx = s.with("accesstoken", token, "instanceurl", "https://other.my.salesforce.com", "tenantid", s.org.OrgID())
		old := s.stream(after(id, 1))
		_, err = old.Recv()
		wantRefusal(t, err, old.Trailer(), codes.InvalidArgument, "subscription.fetch.replayid.corrupted", "Subscribe")
		if len(s.org.Rows("Contact")) != 1 {
			t.Error("the rows did not move along")
		}
	})
}
