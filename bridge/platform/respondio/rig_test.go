package respondio_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/platformtest"
	"sfbridge/bridge/platform/respondio"
	"sfbridge/bridge/platform/respondio/respondiotest"
)

const key = "a-signing-key-of-thirty-bytes."

// rig is a client at a fake over a network in memory.
type rig struct {
	*respondio.Client
	fake     *respondiotest.Fake
	unlisted atomic.Bool
}

func newRig(t *testing.T, o respondiotest.Options, change func(*respondio.Config)) *rig {
	t.Helper()
	o.SigningKey = key
	r := &rig{fake: respondiotest.New(o)}
	m := platformtest.NewMemory()
	srv := &http.Server{Handler: r.fake.Handler()}
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(m) })
	cfg := respondio.Defaults()
	cfg.BaseURL, cfg.AllowPlainHTTP, cfg.Rate = "http://127.0.0.1/v2", true, 1000
	if change != nil {
		change(&cfg)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	var err error
	r.Client, err = respondio.New(cfg, respondio.Deps{
		Project: "support", Token: "token", SigningKeys: []string{"an-older-key-of-another-hook", key},
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if r.unlisted.Load() {
				return nil, errors.New("connection refused")
			}
			return m.DialContext(ctx, network, addr)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.Close()
		_ = srv.Close()
		_ = m.Close()
		wg.Wait()
	})
	return r
}

// trouble makes the fake behave so.
func (r *rig) trouble(kind platformtest.Trouble) {
	r.unlisted.Store(false)
	f := respondiotest.Faults{}
	switch kind {
	case platformtest.Token:
		f.Status = http.StatusUnauthorized
	case platformtest.Limited:
		f.Limited = true
	case platformtest.Down:
		f.Down = true
	case platformtest.Broken:
		f.Status = http.StatusInternalServerError
	case platformtest.Silent:
		f.Latency = time.Hour
	case platformtest.Lost:
		f.Lose = 1
	case platformtest.Unlisted:
		r.unlisted.Store(true)
		_ = r.Close()
	}
	r.fake.SetFaults(f)
}

// held is what the fake has of a contact.
func (r *rig) held(id bridge.ContactID) (bridge.Attributes, []string, bool) {
	n, err := strconv.ParseUint(string(id), 10, 64)
	if err != nil {
		return nil, nil, false
	}
	c, err := r.fake.Contact(n)
	if err != nil {
		return nil, nil, false
	}
	as := bridge.Attributes{}
	for name, text := range c.Fields {
		as[bridge.Attribute(name)] = bridge.TextValue(text)
	}
	for name, text := range c.Custom {
		as[bridge.Attribute("custom."+name)] = bridge.TextValue(text)
	}
	return as, c.Tags, true
}

func mei() bridge.Attributes {
	return bridge.Attributes{
		"firstName": bridge.TextValue("Mei"), "lastName": bridge.TextValue("Tan"), "phone": bridge.TextValue("+60123456789"),
		"email": bridge.TextValue("mei.tan+vip@example.com"), "language": bridge.TextValue("en"), "countryCode": bridge.TextValue("MY"),
		"custom.salesforce_id": bridge.TextValue("003000000000001AAA"), "custom.birthday": {Kind: bridge.Date, Text: "1990-05-17"},
		"custom.score": bridge.NumberValue(12.5), "custom.vip": bridge.BoolValue(true), "lifecycle": bridge.TextValue("New Lead"),
	}
}

func identities() []bridge.Identity {
	return []bridge.Identity{
		{Attribute: "custom.salesforce_id", Value: bridge.TextValue("003000000000001AAA")},
		{Attribute: "email", Value: bridge.TextValue("mei.tan+vip@example.com")},
		{Attribute: "phone", Value: bridge.TextValue("+60123456789")},
	}
}

func TestClient_IsAConnector(t *testing.T) {
	platformtest.Run(t, platformtest.Harness{
		New: func(t *testing.T) *platformtest.Rig {
			r := newRig(t, respondiotest.Options{}, nil)
			return &platformtest.Rig{
				Sender: r, Finder: r, Fetcher: r, Parser: r, Hook: r, Traits: respondio.Traits(), Make: r.trouble, Held: r.held,
			}
		},
		Contact: mei(),
		Change: bridge.Attributes{
			"lastName": bridge.TextValue("Tan-Lim"), "phone": bridge.TextValue("+60987654321"), "custom.birthday": {Kind: bridge.Date, Text: "1990-05-18"},
			"custom.score": bridge.IntValue(7), "custom.vip": bridge.BoolValue(false), "lifecycle": bridge.TextValue("Customer"),
			"custom.note": bridge.TextValue("ärger \"quotes\" <b> \u2028"),
		},
		Clear:    []bridge.Attribute{"lastName", "email", "custom.birthday", "custom.score", "lifecycle"},
		Identity: identities(),
		Near: []bridge.Identity{
			{Attribute: "email", Value: bridge.TextValue("mei.tan@example.com")}, {Attribute: "email", Value: bridge.TextValue("no address")},
			{Attribute: "phone", Value: bridge.TextValue("+6012345678")}, {Attribute: "phone", Value: bridge.TextValue("0123456789")},
			{Attribute: "custom.salesforce_id", Value: bridge.TextValue("003000000000001aaa")}, {Attribute: "firstName", Value: bridge.TextValue("mei")},
			{Attribute: "id", Value: bridge.TextValue("../space/user")}, {Attribute: "id", Value: bridge.TextValue("90001.0")},
		},
		Refused: []bridge.Attributes{
			{"custom.unheard_of": bridge.TextValue("x")}, {"custom.birthday": bridge.TextValue("17 May")}, {"phone": bridge.TextValue("12 3")},
			{"status": bridge.TextValue("open")}, {"shoeSize": bridge.TextValue("42")}, {"language": bridge.TextValue("English")},
			{"firstName": bridge.Value{}}, {"assignee.id": bridge.TextValue("5")},
		},
		Fixtures: fixtures(t),
		Key:      key,
		Sign: func(key string, body []byte) http.Header {
			return http.Header{"X-Webhook-Signature": {respondiotest.Sign(key, body)}}
		},
	})
}

func TestClient_AbilitiesDoNotHideEachOther(t *testing.T) {
	var c any = &respondio.Client{}
	for name, ok := range map[string]bool{
		"Probe": is[interface{ Probe(context.Context) error }](c), "Hook": is[platformtest.Hook](c), "Parser": is[bridge.Parser](c),
	} {
		if !ok {
			t.Error(name)
		}
	}
}

func is[T any](v any) bool {
	_, ok := v.(T)
	return ok
}

func contains(t *testing.T, err error, part string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("%v, want %q", err, part)
	}
}
