package fakeorg

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"sfbridge/pubsub/pubsubpb"
)

// documented lists every error code of the service with the gRPC status it is seen or documented with; 0 stands where no source tells,
// and any status but OK may come.
var documented = map[string]codes.Code{
	"service.auth.error": codes.Unauthenticated, "service.auth.headers.invalid": 0, "service.auth.refresh.invalid": 0, "service.tenant.license": 0,
	"service.unavailable": codes.Internal, "service.protection.triggered": codes.ResourceExhausted,
	"service.protection.stream.limit.triggered": codes.ResourceExhausted, "concurrent.client.limit.exceeded": codes.ResourceExhausted,
	"topic.not.found": codes.NotFound, "topic.meta.permission": codes.PermissionDenied, "topic.validation.empty": codes.InvalidArgument,
	"topic.api.unavailable": 0, "schema.meta.permission": codes.PermissionDenied, "schema.validation.failed": codes.InvalidArgument,
	"schema.api.unavailable": 0, "subscription.fetch.replayid.corrupted": codes.InvalidArgument,
	"subscription.fetch.replayid.validation.failed": codes.InvalidArgument, "subscription.fetch.replay.repeated": codes.InvalidArgument,
	"subscription.fetch.topic.mismatch": codes.InvalidArgument, "subscription.fetch.requested.events.invalid": codes.InvalidArgument,
	"subscription.fetch.request.invalid": codes.InvalidArgument, "subscription.fetch.overflow": 0,
	"subscription.limit.exceeded": codes.ResourceExhausted, "subscription.topic.cannot.subscribe": 0, "subscription.internal.error": codes.Internal,
	"publish.stream.sweeper.timeout": 0, "publish.auth.refresh.invalid": 0, "publish.event.count.invalid": 0, "publish.topic.mismatch": 0,
	"publish.topic.validation.empty": 0, "managed.subscription.already.active": codes.AlreadyExists,
	"managed.subscription.config.stopped": 0, "managed.subscription.config.deleted": 0, "managed.subscription.developer.name.not.found": 0,
	"managed.subscription.subscription.id.not.found": 0, "managed.subscription.subscription.id.invalid": 0,
	"managed.subscription.id.or.developer.name.empty": 0, "managed.subscription.fetch.request.events.invalid": 0,
	"managed.subscription.fetch.request.invalid": 0, "managed.subscription.fetch.request.commit.request.restricted": 0,
	"managed.subscription.fetch.request.auth.request.restricted": 0,
}

// steer sends a control request as another process does.
func (s *streamStand) steer(name, body string) *httptest.ResponseRecorder {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.org.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "https://acme.my.salesforce.com/__fake/v1/"+name, strings.NewReader(body)))
	return w
}

func (s *streamStand) steered(name, body string) {
	s.t.Helper()
	if w := s.steer(name, body); w.Code != http.StatusOK {
		s.t.Fatalf("%s %s: %d %s", name, body, w.Code, w.Body)
	}
}

// TestErrorCodes_AreEachRaisedThroughControl raises every documented error code on a running stream, on one that opens, and on the
// unary calls.
func TestErrorCodes_AreEachRaisedThroughControl(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		known := ErrorCodes()
		if len(known) != len(documented) {
			t.Errorf("%d error codes are known, %d documented", len(known), len(documented))
		}
		for code, want := range documented {
			if want == 0 {
				want = known[code]
			}
			if want == codes.OK {
				t.Errorf("%s is not known", code)
				continue
			}
			t.Run(code, func(t *testing.T) {
				s.t = t
				s.wantRaised(code, want)
			})
		}
	})
}

func (s *streamStand) wantRaised(code string, want codes.Code) {
	running := s.stream(latest(1))
	s.steered("close", fmt.Sprintf(`{"error":%q}`, errorPrefix+code))
	_, err := running.Recv()
	wantRefusal(s.t, err, running.Trailer(), want, code, "Subscribe")
	for _, method := range rpcMethods {
		s.steered("fault", fmt.Sprintf(`{"rpc":%q,"error":%q}`, method, code))
		trailer, err := s.call(method)
		wantRefusal(s.t, err, trailer, want, code, method)
	}
}

// call makes one call of a method and returns how it ended.
func (s *streamStand) call(method string) (trailer metadata.MD, err error) {
	s.t.Helper()
	ended := func(st interface {
		RecvMsg(any) error
		Trailer() metadata.MD
	}, opened error) {
		if opened != nil {
			s.t.Fatal(opened)
		}
		err = st.RecvMsg(new(pubsubpb.FetchResponse))
		trailer = st.Trailer()
	}
	switch method {
	case "GetTopic":
		_, err = s.client.GetTopic(s.ctx, &pubsubpb.TopicRequest{TopicName: contactTopic}, grpc.Trailer(&trailer))
	case "GetSchema":
		_, err = s.client.GetSchema(s.ctx, &pubsubpb.SchemaRequest{SchemaId: "x"}, grpc.Trailer(&trailer))
	case "Publish":
		_, err = s.client.Publish(s.ctx, &pubsubpb.PublishRequest{}, grpc.Trailer(&trailer))
	case "Subscribe":
		st, opened := s.client.Subscribe(s.ctx)
		ended(st, opened)
	case "PublishStream":
		st, opened := s.client.PublishStream(s.ctx)
		ended(st, opened)
	case "ManagedSubscribe":
		st, opened := s.client.ManagedSubscribe(s.ctx)
		ended(st, opened)
	}
	return trailer, err
}

func TestControl_RaisesNoErrorThatThereIsNot(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		for _, tt := range []struct{ name, body string }{
			{"close", `{"error":"replayid.corrupted"}`}, {"fault", `{"rpc":"GetSchemas","error":"service.unavailable"}`},
			{"fault", `{"rule":{"rpc":"GetSchemas"}}`}, {"fault", `{"rule":{"rpc":"GetSchema","code":"schema.unavailable"}}`},
		} {
			if w := s.steer(tt.name, tt.body); w.Code != http.StatusBadRequest {
				t.Errorf("%s %s: %d", tt.name, tt.body, w.Code)
			}
		}
	})
}

// TestFault_StrikesCallsByRule tells which of a dozen calls about two topics a rule ends.
func TestFault_StrikesCallsByRule(t *testing.T) {
	for _, tt := range []struct{ name, rule, want string }{
		{"the third", `"nth":3`, "..x........."},
		{"every fifth", `"every":5`, "....x....x.."},
		{"all about one topic, three times", `"path":"accountchange","times":3`, ".x.x.x......"},
		{"every second about one topic", `"path":"accountchange","every":2`, "...x...x...x"},
		{"a share, the same in every run", `"share":0.3,"seed":4`, ".....xxx..x."},
	} {
		onStream(t, Options{}, func(s *streamStand) {
			s.steered("fault", `{"rule":{"rpc":"GetTopic","code":"topic.api.unavailable",`+tt.rule+`}}`)
			got := ""
			for n := range 12 {
				var trailer metadata.MD
				topic := []string{contactTopic, "/data/AccountChangeEvent"}[n%2]
				_, err := s.client.GetTopic(s.ctx, &pubsubpb.TopicRequest{TopicName: topic}, grpc.Trailer(&trailer))
				if err == nil {
					got += "."
					continue
				}
				wantRefusal(t, err, trailer, codes.Unavailable, "topic.api.unavailable", "GetTopic")
				got += "x"
			}
			if got != tt.want {
				t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
			}
		})
	}
}

func TestFault_StrikesOneSchemaAndOneTopicAlone(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.contacts(1)
		s.commit(s.create("Account", id18("001000000000001"), map[string]any{"Name": "Acme"}))
		bad, good := s.org.Events()[0].SchemaID, s.org.Events()[1].SchemaID
		s.org.AddFault(Fault{RPC: "GetSchema", Path: bad, Code: "schema.api.unavailable"})
		s.org.AddFault(Fault{RPC: "GetSchema", Path: good, Delay: Duration(3 * time.Second)})
		s.org.AddFault(Fault{RPC: "Subscribe", Path: contactTopic, Code: "service.unavailable", Times: 1})
		var trailer metadata.MD
		_, err := s.client.GetSchema(s.ctx, &pubsubpb.SchemaRequest{SchemaId: bad}, grpc.Trailer(&trailer))
		wantRefusal(t, err, trailer, codes.Unavailable, "schema.api.unavailable", "GetSchema")
		began := time.Now()
		if _, err := s.client.GetSchema(s.ctx, &pubsubpb.SchemaRequest{SchemaId: good}); err != nil || time.Since(began) != 3*time.Second {
			t.Errorf("the other schema after %s: %v", time.Since(began), err)
		}
		if got := entities(t, s, "/data/AccountChangeEvent"); len(got) != 1 {
			t.Errorf("the other topic has %v", got)
		}
		st := s.stream(earliest(1))
		_, err = st.Recv()
		wantRefusal(t, err, st.Trailer(), codes.Internal, "service.unavailable", "Subscribe")
		if got := entities(t, s, contactTopic); len(got) != 1 {
			t.Errorf("after the fault the topic has %v", got)
		}
	})
}

func TestDialect_SpeaksWhereTheDocumentsAreSilent(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.steered("switch", `{"dialect":{"rpcId":"rpc_id","status":{"service.auth.headers.invalid":3}}}`)
		s.ctx = s.with("accesstoken", s.token)
		trailer, _ := s.call("GetTopic")
		if got := trailer.Get("rpc_id"); len(got) != 1 || len(trailer.Get("rpc-id")) != 0 {
			t.Errorf("trailer %v", trailer)
		}
		s.steered("switch", `{"dialect":{"status":{"service.auth.headers.invalid":3}}}`)
		trailer, err := s.call("GetTopic")
		wantRefusal(t, err, trailer, codes.InvalidArgument, "service.auth.headers.invalid", "GetTopic")
	})
}
