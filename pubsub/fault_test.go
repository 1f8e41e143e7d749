package pubsub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"sfbridge/bridge"
)

func TestFault_IsToldByErrorCodeThenStatusAndNeverByText(t *testing.T) {
	liar := "The Replay ID validation failed. sfdc.platform.eventbus.grpc.subscription.fetch.replayid.corrupted"
	for _, c := range []struct {
		status codes.Code
		code   string
		want   action
		ladder ladder
	}{
		{codes.InvalidArgument, "subscription.fetch.replayid.corrupted", relocate, quick},
		{codes.Internal, "subscription.fetch.replayid.corrupted", relocate, quick},
		{codes.InvalidArgument, "subscription.fetch.requested.events.invalid", halt, recheck},
		{codes.InvalidArgument, "schema.validation.failed", halt, recheck},
		{codes.InvalidArgument, "", reopen, quick},
		{codes.InvalidArgument, "brand.new.code", halt, recheck},
		{codes.Internal, "service.unavailable", reopen, gentle},
		{codes.Unauthenticated, "service.auth.error", renew, quick},
		{codes.Internal, "service.auth.error", renew, quick},
		{codes.Unauthenticated, "", renew, quick},
		{codes.Unauthenticated, "brand.new.code", renew, quick},
		{codes.PermissionDenied, "", reopen, quick},
		{codes.NotFound, "topic.not.found", halt, recheck},
		{codes.Unimplemented, "", reopen, quick},
		{codes.ResourceExhausted, "service.protection.triggered", reopen, slow},
		{codes.ResourceExhausted, "subscription.limit.exceeded", hold, drained},
		{codes.ResourceExhausted, "", reopen, quick},
		{codes.ResourceExhausted, "subscription.fetch.overflow", shrink, quick},
		{codes.Unavailable, "", reopen, quick},
		{codes.Canceled, "", reopen, quick},
	} {
		var trailer metadata.MD
		if c.code != "" {
			trailer = metadata.Pairs("error-code", errorCodePrefix+c.code, "rpc-id", "x")
		}
		f := judge(status.Error(c.status, liar), trailer)
		if f.action != c.want || f.ladder != c.ladder || f.clean {
			t.Errorf("%v with error-code %q: %+v", c.status, c.code, f)
		}
	}
	if f := judge(io.EOF, nil); !f.clean || f.action != reopen {
		t.Errorf("the end of a stream: %+v", f)
	}
}

func TestLadder_StaysBetweenItsFloorAndItsTop(t *testing.T) {
	for _, l := range []ladder{quick, gentle, slow, recheck, drained} {
		for n := range 200 {
			high := min(l.top, l.base<<min(n, 20))
			if d := l.wait(n); d < l.floor || d > max(high, l.floor) {
				t.Fatalf("%+v: wait %d is %v", l, n, d)
			}
		}
	}
	if quick.top != 2*time.Minute || quick.base != time.Second || quick.floor != 0 {
		t.Errorf("the stream's ladder is %+v", quick)
	}
}

// TestLadder_DrawsFromItsWholeRange: clients that were cut off together come back one by one.
func TestLadder_DrawsFromItsWholeRange(t *testing.T) {
	for _, l := range []ladder{quick, slow, drained} {
		low, high := l.top, l.floor
		for range 1000 {
			d := l.wait(20)
			low, high = min(low, d), max(high, d)
		}
		if width := l.top - l.floor; low > l.floor+width/20 || high < l.top-width/20 {
			t.Errorf("%+v: 1000 waits lie between %v and %v", l, low, high)
		}
	}
}

func TestTrail_HoldsBackAnIdUntilAnotherFollows(t *testing.T) {
	now := time.Unix(1000, 0)
	m := func(id string) mark { return mark{replay: []byte(id), commit: time.Unix(int64(id[0]), 0)} }
	idle := func(id string) mark { return mark{replay: []byte(id), idle: true} }
	for name, c := range map[string]struct {
		stored  string
		batches [][]mark
		want    []string
		event   int64 // of the last position
	}{
		"ids that differ":          {"0", [][]mark{{m("A"), m("B"), m("C")}}, []string{"B"}, 'B'},
		"one id":                   {"0", [][]mark{{m("A"), m("A")}}, []string{"0"}, 0},
		"an id over two batches":   {"0", [][]mark{{m("A")}, {m("A"), m("B")}}, []string{"0", "A"}, 'A'},
		"a keepalive":              {"0", [][]mark{{m("A")}, {idle("K")}}, []string{"0", "K"}, 'A'},
		"a keepalive in between":   {"0", [][]mark{{m("A"), idle("K"), m("B")}}, []string{"K"}, 'A'},
		"a keepalive and the next": {"0", [][]mark{{idle("K")}, {m("B")}, {m("C")}}, []string{"K", "K", "B"}, 'B'},
		"an unread event":          {"0", [][]mark{{m("A"), {replay: []byte("B")}, m("C")}}, []string{"B"}, 'A'},
		"the first of all":         {"", [][]mark{{m("A")}, {m("B")}, {m("C")}}, []string{"A", "A", "B"}, 'B'},
		"the first two":            {"", [][]mark{{m("A"), m("B")}}, []string{"A"}, 'A'},
		"the first keepalive":      {"", [][]mark{{idle("K")}}, []string{"K"}, 0},
	} {
		tr := trail{stored: bridge.Position{Org: "o", Topic: "t", Replay: []byte(c.stored)}}
		var got []string
		for _, b := range c.batches {
			p, newest := tr.beyond(b, now)
			tr.keep(p, newest)
			got = append(got, string(p.Replay))
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if e := tr.stored.Event; c.event != 0 && e.Unix() != c.event || c.event == 0 && !e.IsZero() {
			t.Errorf("%s: newest event behind the position %v", name, e)
		}
		if tr.stored.Org != "o" || tr.stored.Topic != "t" {
			t.Errorf("%s: position %+v", name, tr.stored)
		}
	}
}

func TestDial_RefusesAHostWithoutTLS(t *testing.T) {
	for address, ok := range map[string]bool{"127.0.0.1:1": true, "localhost:1": true, "[::1]:1": true, "api.pubsub.salesforce.com:7443": false, "10.0.0.1:1": false, "nowhere": false} {
		conn, err := Dial(Endpoint{Address: address, Insecure: true}, nil)
		if (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no network") }
	conn, err := Dial(Endpoint{Address: "api.pubsub.salesforce.com:7443", DialContext: dial}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if c := (&credential{secure: true}); !c.RequireTransportSecurity() {
		t.Error("a session may travel without TLS")
	}
}

func TestSession_NeverPrintsItsToken(t *testing.T) {
	s := Session{Token: "topsecret", Instance: "https://acme", Tenant: "00D"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(format, s); strings.Contains(text, "topsecret") {
			t.Errorf("%s prints %s", format, text)
		}
	}
}

func TestNew_NamesWhatIsMissing(t *testing.T) {
	for _, c := range []Config{{}, {Org: "o"}, {Org: "o", Topic: "t"}, {Org: "o", Topic: "t", Credit: 101}, {Org: "o", Topic: "t", Credit: -1}} {
		if s, err := New(c, Deps{}); err == nil || s != nil {
			t.Errorf("%+v was taken", c)
		}
	}
}
