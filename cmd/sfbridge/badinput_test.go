package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

// simSurroundings hold the secrets of the demo, with changes.
func simSurroundings(changed map[string]string) surroundings {
	return surroundings{
		env: func(name string) (string, bool) {
			if v, ok := changed[name]; ok {
				return v, true
			}
			v, ok := simSecrets[name]
			return v, ok
		},
		open: func(string) (fs.File, error) { return nil, fs.ErrNotExist },
	}
}

// said is what a command line answered.
type said struct {
	code int
	text string // both outputs
}

// say runs one command line against the far ends of f.
func (f *field) say(ctx context.Context, secrets map[string]string, args ...string) said {
	var b bytes.Buffer
	code := execute(ctx, append(args, "-c", f.file), &console{out: &b, err: &b, where: simSurroundings(secrets)})
	return said{code, b.String()}
}

// rewrite replaces text of the configuration.
func (f *field) rewrite(pairs ...string) {
	f.t.Helper()
	b, err := os.ReadFile(f.file)
	if err != nil {
		f.t.Fatal(err)
	}
	text := strings.NewReplacer(pairs...).Replace(string(b))
	if text == string(b) {
		f.t.Fatalf("nothing of %q is in the configuration", pairs)
	}
	if err := os.WriteFile(f.file, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// holds blames an answer that has another code or lacks a text.
func (s said) holds(t *testing.T, code int, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(s.text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if s.code != code {
		t.Errorf("exit code %d, want %d", s.code, code)
	}
	if t.Failed() {
		t.Logf("it said:\n%s", s.text)
	}
}

func TestCheck_SaysOneSentenceOfEachSide(t *testing.T) {
	f := newField(t)
	t.Run("sound", func(t *testing.T) {
		f.say(t.Context(), nil, "check").holds(t, exitStopped, "ok     org.acme: logged in to", "/data/ContactChangeEvent can be subscribed to", "respondio answers and takes the token")
	})
	t.Run("wrong client secret", func(t *testing.T) {
		f.say(t.Context(), map[string]string{"DEMO_CLIENT_SECRET": "wrong-0123456789"}, "check").holds(t, exitEnvironment, "FAULT  org.acme: log in: invalid_client", "remedy: ", "1 fault")
	})
	t.Run("wrong platform token", func(t *testing.T) {
		f.say(t.Context(), map[string]string{"DEMO_TOKEN": "wrong-0123456789"}, "check").holds(t, exitEnvironment, "FAULT  project.support: ", "401", "remedy: make a new access token", "1 fault")
	})
	t.Run("platform down", func(t *testing.T) {
		f.sim.crm.SetFaults(respondiotest.Faults{Refuse: true})
		defer f.sim.crm.SetFaults(respondiotest.Faults{})
		f.say(t.Context(), nil, "check").holds(t, exitEnvironment, "FAULT  project.support: ", "remedy: ", "1 fault")
	})
}

func TestCheck_NamesAnObjectWithoutTopic(t *testing.T) {
	f := newField(t)
	f.rewrite(`object = "Contact"`, `object = "Product2"`)
	f.say(t.Context(), nil, "check").holds(t, exitEnvironment, "there is no topic /data/Product2ChangeEvent", "remedy: select Product2 in Setup, Change Data Capture")
}

// closedPort is an address of this machine where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}

func TestCheck_SaysThatTheOrgIsNotReached(t *testing.T) {
	f := newField(t)
	f.rewrite(f.sim.at.Org, closedPort(t))
	f.say(t.Context(), nil, "check").holds(t, exitEnvironment, "FAULT  org.acme: ", "connection refused", "remedy: ", "1 fault")
	if _, err := os.Stat(f.sim.at.Store); err == nil {
		t.Error("check made a store")
	}
}

// TestRun_TakesWebhooksWhileTheOrgIsAway holds that a daemon whose org was known once serves without it.
func TestRun_TakesWebhooksWhileTheOrgIsAway(t *testing.T) {
	f := newField(t)
	f.start()
	f.until("the org is bound", func() bool { return f.get("/readyz") == http.StatusOK })
	f.kill()
	f.rewrite(f.sim.at.Org, closedPort(t))
	f.start()
	if code := f.get("/readyz"); code != http.StatusOK {
		t.Errorf("/readyz is %d", code)
	}
	f.sim.crm.Create(map[string]string{"firstName": "Ann", "email": "ann@example.com"})
	f.until("its webhook is taken in", func() bool {
		sent, waiting, _ := f.sim.crm.Webhooks()
		return sent > 0 && waiting == 0
	})
	f.until("the page says that the org is away", func() bool { return strings.Contains(f.page("/status"), "org-unreachable") })
}

func (f *field) get(path string) int {
	res, err := http.Get("http://" + f.sim.at.Admin + path)
	if err != nil {
		return 0
	}
	defer func() { _ = res.Body.Close() }()
	return res.StatusCode
}

func (f *field) page(path string) string {
	res, err := http.Get("http://" + f.sim.at.Admin + path)
	if err != nil {
		return ""
	}
	defer func() { _ = res.Body.Close() }()
	var b bytes.Buffer
	_, _ = b.ReadFrom(res.Body)
	return b.String()
}

// TestRun_RefusesWhatNobodySigned sends the daemon what it must not take.
func TestRun_RefusesWhatNobodySigned(t *testing.T) {
	f := newField(t)
	f.start()
	url := "http://" + f.sim.at.Public
	for _, c := range []struct {
		name, method, path, sign string
		size, code               int
	}{
		{"wrong signature", http.MethodPost, "/hooks/support", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 20, http.StatusUnauthorized},
		{"no signature", http.MethodPost, "/hooks/support", "", 20, http.StatusUnauthorized},
		{"body too large", http.MethodPost, "/hooks/support", "", 1<<20 + 1, http.StatusRequestEntityTooLarge},
		{"unknown project", http.MethodPost, "/hooks/sales", "", 20, http.StatusNotFound},
		{"unknown path", http.MethodPost, "/", "", 20, http.StatusNotFound},
		{"wrong method", http.MethodGet, "/hooks/support", "", 0, http.StatusMethodNotAllowed},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, url+c.path, strings.NewReader(strings.Repeat("x", c.size)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if c.sign != "" {
			r.Header.Set("X-Webhook-Signature", c.sign)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode != c.code {
			t.Errorf("%s is answered with %d, want %d", c.name, res.StatusCode, c.code)
		}
	}
}

func hashOf(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

// TestRun_LeavesADamagedStoreAsItIs damages the store in several ways; the daemon must say so and write nothing.
func TestRun_LeavesADamagedStoreAsItIs(t *testing.T) {
	for name, damage := range map[string]func(b []byte) []byte{
		"text":    func([]byte) []byte { return bytes.Repeat([]byte("not a store\n"), 4096) },
		"cut":     func(b []byte) []byte { return b[:len(b)/2+100] },
		"meta":    func(b []byte) []byte { clear(b[:2*os.Getpagesize()]); return b },
		"emptied": func([]byte) []byte { return nil },
		"overlaid": func(b []byte) []byte {
			copy(b[2*os.Getpagesize():], bytes.Repeat([]byte{0xff}, 4*os.Getpagesize()))
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newField(t)
			makeStore(t, f.sim.at.Store)
			b, err := os.ReadFile(f.sim.at.Store)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(f.sim.at.Store, damage(b), 0o600); err != nil {
				t.Fatal(err)
			}
			before := hashOf(t, f.sim.at.Store)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			f.say(ctx, nil, "run").holds(t, exitEnvironment, "store", "remedy: ")
			if ctx.Err() != nil {
				t.Error("the daemon ran")
			}
			if hashOf(t, f.sim.at.Store) != before {
				t.Error("the store's file was changed")
			}
		})
	}
}

// makeStore leaves a store in which something was written.
func makeStore(t *testing.T, path string) {
	t.Helper()
	inStore(t, path, func(ctx context.Context, db *bolt.DB) error {
		for i := range 200 {
			op := store.Op{Key: fmt.Sprintf("x/%04d", i), Val: bytes.Repeat([]byte{byte(i)}, 500)}
			if err := db.Apply(ctx, store.Tx{Ops: []store.Op{op}}); err != nil {
				return err
			}
		}
		return nil
	})
}

func inStore(t *testing.T, path string, do func(context.Context, *bolt.DB) error) {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- db.Run(ctx) }()
	err = do(ctx, db)
	cancel()
	if err := errors.Join(err, <-done, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestRun_StopsWhereTheStoreKnowsAnotherOrg is what a refreshed sandbox meets.
func TestRun_StopsWhereTheStoreKnowsAnotherOrg(t *testing.T) {
	f := newField(t)
	inStore(t, f.sim.at.Store, func(ctx context.Context, db *bolt.DB) error {
		s := store.New(db, store.Options{})
		defer s.Close()
		return errors.Join(s.Open(ctx), s.BindOrg(ctx, "acme", "00D5e0000099999AAA", true))
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	f.say(ctx, nil, "run").holds(t, exitConfig, "acme", "00D5e0000099999AAA", f.sim.org.OrgID())
	if ctx.Err() != nil {
		t.Error("the daemon ran")
	}
}

func TestRun_NamesWhatItCannotTake(t *testing.T) {
	f := newField(t)
	f.start()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	t.Run("a store in use", func(t *testing.T) {
		f.say(ctx, nil, "run").holds(t, exitEnvironment, "is in use", fmt.Sprint(f.child.Process.Pid), "remedy: ")
	})
	t.Run("an address in use", func(t *testing.T) {
		f.rewrite(f.sim.at.Store, filepath.Join(t.TempDir(), "other.db"))
		f.say(ctx, nil, "run").holds(t, exitEnvironment, "listen.public", f.sim.at.Public, "address already in use", "remedy: ")
	})
	if code := f.get("/livez"); code != http.StatusOK {
		t.Errorf("the first daemon's /livez is %d", code)
	}
}
