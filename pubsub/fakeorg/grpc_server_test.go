package fakeorg

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"sfbridge/pubsub/pubsubpb"
)

func TestPubSub_RefusesWrongMetadata(t *testing.T) {
	onStream(t, Options{InstanceURL: "https://acme.my.salesforce.com"}, func(s *streamStand) {
		const good, missing, wrong = "https://acme.my.salesforce.com", "service.auth.headers.invalid", "service.auth.error"
		tests := []struct{ name, token, instance, tenant, want string }{
			{"no token", "", good, s.org.OrgID(), missing},
			{"no instance", s.token, "", s.org.OrgID(), missing},
			{"an instance that is no URL", s.token, "acme", s.org.OrgID(), missing},
			{"no tenant", s.token, good, "", missing},
			{"a bearer prefix", "Bearer " + s.token, good, s.org.OrgID(), wrong},
			{"another instance", s.token, "https://other.my.salesforce.com", s.org.OrgID(), wrong},
			{"the instance by another scheme", s.token, "http://acme.my.salesforce.com", s.org.OrgID(), wrong},
			{"a path behind the instance", s.token, good + "/services/data", s.org.OrgID(), wrong},
			{"another tenant", s.token, good, "00D000000000002EAA", wrong},
		}
		for _, tt := range tests {
			ctx := s.with("accesstoken", tt.token, "instanceurl", tt.instance, "tenantid", tt.tenant)
			var trailer metadata.MD
			_, err := s.client.GetTopic(ctx, &pubsubpb.TopicRequest{TopicName: contactTopic}, grpc.Trailer(&trailer))
			wantRefusal(t, err, trailer, codes.Unauthenticated, tt.want, "GetTopic")
			_, err = s.client.GetSchema(ctx, &pubsubpb.SchemaRequest{SchemaId: "x"}, grpc.Trailer(&trailer))
			wantRefusal(t, err, trailer, codes.Unauthenticated, tt.want, "GetSchema")
			st, err := s.client.Subscribe(ctx)
			if err != nil {
				t.Fatal(err)
			}
			_, err = st.Recv()
			wantRefusal(t, err, st.Trailer(), codes.Unauthenticated, tt.want, "Subscribe")
		}
	})
}

// TestPubSub_KnowsTheInstanceThatCameWithTheToken: an org without a fixed address is the one that the login was told.
func TestPubSub_KnowsTheInstanceThatCameWithTheToken(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		token := s.org.auth.issue(s.org.OrgID(), "005000000000001AAA", "http://127.0.0.1:8080", s.org.now())
		for instance, known := range map[string]bool{
			"http://127.0.0.1:8080": true, "http://127.0.0.1:8080/": true, "http://localhost:8080": false, "https://127.0.0.1:8080": false,
			"https://login.salesforce.com": false, "ftp://127.0.0.1:8080": false,
		} {
			var trailer metadata.MD
			ctx := s.with("accesstoken", token, "instanceurl", instance, "tenantid", s.org.OrgID())
			_, err := s.client.GetTopic(ctx, &pubsubpb.TopicRequest{TopicName: contactTopic}, grpc.Trailer(&trailer))
			if known && err != nil {
				t.Errorf("%s: %v", instance, err)
			}
			if !known {
				wantRefusal(t, err, trailer, codes.Unauthenticated, "service.auth.error", "GetTopic")
			}
		}
	})
}

func TestPubSub_TakesEachFormOfTheTenant(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		id := s.org.OrgID()
		for _, tenant := range []string{id, id[:15], "core/acme/" + id} {
			ctx := s.with("accesstoken", s.token, "instanceurl", "http://127.0.0.1:8080", "tenantid", tenant)
			if _, err := s.client.GetTopic(ctx, &pubsubpb.TopicRequest{TopicName: contactTopic}); err != nil {
				t.Errorf("tenant %s: %v", tenant, err)
			}
		}
	})
}

func TestGetTopic_KnowsSchemasOfTopicsAndNoneOfChannels(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.org.SetChannel("Bridge__chn", "Contact")
		s.org.DenyTopic("/data/AccountChangeEvent", true)
		tests := []struct {
			topic              string
			schema, subscribes bool
		}{
			{contactTopic, true, true}, {"/data/AccountChangeEvent", true, false},
			{"/data/ChangeEvents", false, true}, {"/data/Bridge__chn", false, true},
		}
		for _, tt := range tests {
			got, err := s.client.GetTopic(s.ctx, &pubsubpb.TopicRequest{TopicName: tt.topic})
			if err != nil {
				t.Errorf("%s: %v", tt.topic, err)
				continue
			}
			if (got.SchemaId != "") != tt.schema || got.CanSubscribe != tt.subscribes || got.CanPublish || len(got.RpcId) != 36 {
				t.Errorf("%s: %v", tt.topic, got)
			}
		}
	})
}

func TestGetTopic_RefusesWhatIsNotThere(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		if err := s.org.Select("Lead", false); err != nil {
			t.Fatal(err)
		}
		s.org.HideFrom("Account")
		tests := []struct {
			topic, want string
			code        codes.Code
		}{
			{"", "topic.validation.empty", codes.InvalidArgument},
			{"/data/contactchangeevent", "topic.not.found", codes.NotFound},
			{"/data/LeadChangeEvent", "topic.not.found", codes.NotFound},
			{"/event/ContactChangeEvent", "topic.not.found", codes.NotFound},
			{"/data/Other__chn", "topic.not.found", codes.NotFound},
			{"/data/AccountChangeEvent", "topic.meta.permission", codes.PermissionDenied},
		}
		for _, tt := range tests {
			var trailer metadata.MD
			_, err := s.client.GetTopic(s.ctx, &pubsubpb.TopicRequest{TopicName: tt.topic}, grpc.Trailer(&trailer))
			wantRefusal(t, err, trailer, tt.code, tt.want, "GetTopic")
			text := "The topic information for org CORE/prod/" + s.org.OrgID() + " and topic " + tt.topic + " not found."
			if tt.code == codes.NotFound && !strings.HasPrefix(status.Convert(err).Message(), text) {
				t.Errorf("message %q", status.Convert(err).Message())
			}
		}
	})
}

func TestGetSchema_AnswersByIDAlone(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		topic, err := s.client.GetTopic(s.ctx, &pubsubpb.TopicRequest{TopicName: contactTopic})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.client.GetSchema(s.ctx, &pubsubpb.SchemaRequest{SchemaId: topic.SchemaId})
		if err != nil || got.SchemaId != topic.SchemaId || !strings.Contains(got.SchemaJson, `"name":"ContactChangeEvent"`) {
			t.Errorf("%v, %v", got, err)
		}
		for _, id := range []string{"", " ", "AAAAAAAAAAAAAAAAAAAAAA"} {
			var trailer metadata.MD
			_, err := s.client.GetSchema(s.ctx, &pubsubpb.SchemaRequest{SchemaId: id}, grpc.Trailer(&trailer))
			wantRefusal(t, err, trailer, codes.InvalidArgument, "schema.validation.failed", "GetSchema")
		}
	})
}

func TestGetSchema_IsSlowAndFailsOnDemand(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		id, err := s.org.AddSchema("", `{"type":"record","name":"X","fields":[]}`)
		if err != nil {
			t.Fatal(err)
		}
		s.org.DelaySchemas(1200 * time.Millisecond)
		s.org.FailSchemas(2)
		start := time.Now()
		for range 2 {
			var trailer metadata.MD
			_, err := s.client.GetSchema(s.ctx, &pubsubpb.SchemaRequest{SchemaId: id}, grpc.Trailer(&trailer))
			wantRefusal(t, err, trailer, codes.Unavailable, "schema.api.unavailable", "GetSchema")
		}
		if _, err := s.client.GetSchema(s.ctx, &pubsubpb.SchemaRequest{SchemaId: id}); err != nil {
			t.Error(err)
		}
		if got := time.Since(start); got != 3600*time.Millisecond {
			t.Errorf("three calls took %v", got)
		}
		ctx, cancel := context.WithTimeout(s.ctx, time.Second)
		defer cancel()
		if _, err := s.client.GetSchema(ctx, &pubsubpb.SchemaRequest{SchemaId: id}); status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("impatient client got %v", err)
		}
	})
}

func TestGetSchema_IsForThoseWhoSeeItsEvents(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.contacts(1)
		id := s.org.Events()[0].SchemaID
		s.org.HideFrom("Contact")
		var trailer metadata.MD
		_, err := s.client.GetSchema(s.ctx, &pubsubpb.SchemaRequest{SchemaId: id}, grpc.Trailer(&trailer))
		wantRefusal(t, err, trailer, codes.PermissionDenied, "schema.meta.permission", "GetSchema")
		s.org.ShowTo("Contact")
		if _, err := s.client.GetSchema(s.ctx, &pubsubpb.SchemaRequest{SchemaId: id}); err != nil {
			t.Error(err)
		}
	})
}

func TestPubSub_HasNeitherPublishNorManagedSubscribe(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		_, err := s.client.Publish(s.ctx, &pubsubpb.PublishRequest{})
		if status.Code(err) != codes.Unimplemented {
			t.Errorf("Publish: %v", err)
		}
		managed, err := s.client.ManagedSubscribe(s.ctx)
		if err == nil {
			_, err = managed.Recv()
		}
		if status.Code(err) != codes.Unimplemented {
			t.Errorf("ManagedSubscribe: %v", err)
		}
		publish, err := s.client.PublishStream(s.ctx)
		if err == nil {
			_, err = publish.Recv()
		}
		if status.Code(err) != codes.Unimplemented {
			t.Errorf("PublishStream: %v", err)
		}
	})
}
