package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// drawer holds files that a test changes while a vault reads them.
type drawer struct {
	mu    sync.Mutex
	files fstest.MapFS
}

func (d *drawer) open(name string) (fs.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.files.Open(strings.TrimPrefix(name, "/"))
}

// put changes a file; an empty text takes it away.
func (d *drawer) put(name, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if delete(d.files, name); text != "" {
		d.files[name] = &fstest.MapFile{Data: []byte(text)}
	}
}

// vaultOf is a vault over files that a test changes.
func vaultOf(files *drawer, log *bytes.Buffer) *vault {
	c := &console{where: surroundings{
		env:  func(name string) (string, bool) { return "/creds", name == "CREDENTIALS_DIRECTORY" },
		open: files.open,
	}, hides: newBlotter()}
	return newVault(c, false, slog.New(slog.NewTextHandler(&scrubber{log, c.hides}, nil)))
}

func TestVault_TakesAReplacedSecretWithoutARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files := &drawer{files: fstest.MapFS{"a": {Data: []byte("the first secret value\n")}, "k": {Data: []byte("signing-key-number-one-0000")}}}
		var log bytes.Buffer
		v := vaultOf(files, &log)
		token := v.live("project.x.token", Secret{"file:/a", "the first secret value"}, 1)
		keys := v.liveAll("project.x.signing_keys", []Secret{{"file:/k", "signing-key-number-one-0000"}})
		credential := v.live("org.y.client_secret", Secret{"cred:sf", "the first secret value"}, 1)
		fixed := v.live("org.x.client_secret", Secret{"env:GONE", "from the environment"}, 1)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = v.Run(ctx) }()
		pass := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		files.put("a", "the second secret value")
		files.put("k", "signing-key-number-two-0000")
		files.put("creds/sf", "the second secret value")
		pass(rereadEvery + time.Second)
		if token() != "the second secret value" || credential() != token() || fixed() != "from the environment" {
			t.Errorf("token %q, credential %q, fixed %q", token(), credential(), fixed())
		}
		if d := cmp.Diff([]string{"signing-key-number-two-0000", "signing-key-number-one-0000"}, keys()); d != "" {
			t.Errorf("keys within the grace: %s", d)
		}
		files.put("a", "")
		files.put("k", "short")
		pass(keyGrace)
		if d := cmp.Diff([]string{"signing-key-number-two-0000"}, keys()); d != "" || token() != "the second secret value" {
			t.Errorf("what cannot be taken replaced what was: %s, token %q", d, token())
		}
		if n := strings.Count(log.String(), "not read anew"); n != 2 {
			t.Errorf("%d warnings in a day, want one for each secret:\n%s", n, log.String())
		}
		if strings.Contains(log.String(), "secret value") {
			t.Errorf("a secret is in the log:\n%s", log.String())
		}
	})
}

func TestBlotter_KnowsASecretInEveryForm(t *testing.T) {
	const secret = `cAnary"<&>\\é/+= 2f6c`
	b := newBlotter()
	b.add(Secret{"env:X", secret}, Secret{"env:Y", "short"})
	var out bytes.Buffer
	w := &scrubber{&out, b}
	encoder := json.NewEncoder(w)
	for _, html := range []bool{true, false} {
		encoder.SetEscapeHTML(html)
		_ = encoder.Encode(map[string]string{"error": "bad " + secret})
	}
	for _, f := range formsOf(secret) {
		fmt.Fprintf(w, "said %s.\n", f)
	}
	slog.New(slog.NewJSONHandler(w, nil)).Error("x", "error", fmt.Errorf("bad %s", secret))
	slog.New(slog.NewTextHandler(w, nil)).Error("x", "error", fmt.Errorf("bad %s", secret))
	for _, piece := range []string{"cAnary", "2f6c", "63416e617279", "Y0FuYXJ5"} {
		if strings.Contains(out.String(), piece) {
			t.Errorf("%q is in what was written:\n%s", piece, out.String())
		}
	}
	if b.hide("a short word") != "a short word" {
		t.Error("a short secret blots out words")
	}
}

func TestExecute_TellsOfAPanicWithoutSecrets(t *testing.T) {
	var out bytes.Buffer
	c := (&console{out: &out, err: &out}).scrubbed()
	c.hides.add(Secret{"env:X", canary})
	code := func() (code int) {
		defer c.recovered(&code)
		panic("lost " + canary)
	}()
	if code != exitBug || !strings.Contains(out.String(), "this is a bug: lost <secret>") || strings.Contains(out.String(), canary) || !strings.Contains(out.String(), "goroutine") {
		t.Errorf("code %d: %s", code, out.String())
	}
}

func TestAdmin_AnswersNoSecret(t *testing.T) {
	v := vaultOf(&drawer{}, &bytes.Buffer{})
	v.hides.add(Secret{"env:X", canary})
	h := v.scrubbed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"last_error":"bad %s"}`, canary)
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	}))
	r := httptest.NewRecorder()
	h.ServeHTTP(r, httptest.NewRequest(http.MethodGet, "/status", nil))
	if got := r.Body.String(); got != `{"last_error":"bad <secret>"}` {
		t.Error(got)
	}
}

// TestSecrets_StandInNoOutput runs every command that asks anybody beside a daemon that is refused by both far ends and logs all it can, and one that works,
// and looks for the secrets in all they write, in every page, and in the store.
func TestSecrets_StandInNoOutput(t *testing.T) {
	planted := map[string]string{
		"DEMO_CLIENT_SECRET": "canary-client-secret-5e0f-\"<&>", "DEMO_TOKEN": "canary-platform-token-77aa", "DEMO_SIGNING_KEY": "canary-signing-key-of-24-bytes",
		"ADMIN_TOKEN": "canary-admin-token-of-24-bytes",
	}
	for name, wrong := range map[string]bool{"refused": true, "working": false} {
		t.Run(name, func(t *testing.T) {
			f := newField(t)
			f.rewrite("[listen]", "[listen]\nadmin_token = \"env:ADMIN_TOKEN\"")
			secrets := map[string]string{"ADMIN_TOKEN": planted["ADMIN_TOKEN"]}
			look := []string{planted["ADMIN_TOKEN"], simSecrets["DEMO_CLIENT_SECRET"], simSecrets["DEMO_SIGNING_KEY"]}
			if wrong {
				secrets, look = planted, nil
				for _, s := range planted {
					look = append(look, s)
				}
			}
			f.secrets = secrets
			f.startHidden()
			if _, err := f.sim.org.Create("Contact", map[string]any{"LastName": "Tan", "Email": "mei@example.com"}); err != nil {
				t.Fatal(err)
			}
			f.sim.crm.Create(map[string]string{"firstName": "Ann", "email": "ann@example.com"})
			var all strings.Builder
			for _, args := range [][]string{
				{"check"}, {"check", "--json"}, {"status"}, {"status", "--json"}, {"tail"}, {"why", "mei@example.com", "--json"}, {"lanes", "list"},
				{"dead-letters", "list"}, {"try", "90001"}, {"try", "90001", "--json"}, {"try", "0035e0000001001AAA"}, {"store", "check"}, {"run"}, {"version"},
			} {
				all.WriteString(f.say(t.Context(), secrets, args...).text)
			}
			for _, page := range []string{"/", "/status", "/metrics", "/readyz?verbose", "/status/tail?once&history=50", "/dead-letters", "/lanes", "/why?key=90001"} {
				all.WriteString(f.pageAs(page, planted["ADMIN_TOKEN"]))
			}
			f.kill()
			for _, name := range []string{f.out.Name(), f.sim.at.Store} {
				b, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				all.Write(b)
			}
			if !strings.Contains(all.String(), "running") || len(all.String()) < 10_000 {
				t.Errorf("only %d bytes were looked at", all.Len())
			}
			for _, s := range look {
				for _, form := range formsOf(s) {
					if i := strings.Index(all.String(), form); i >= 0 {
						t.Errorf("the secret %s is written: ...%s", s, all.String()[max(0, i-80):min(all.Len(), i+120)])
					}
				}
			}
		})
	}
}

// TestRotation_OfAFileNeedsNoRestart starts the daemon with a token that the platform refuses and puts the right one into the file.
func TestRotation_OfAFileNeedsNoRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var token atomic.Pointer[string]
		token.Store(new("a-token-that-was-revoked"))
		b := newBench(t, simOptions{seed: 5}, func(c *Config) {
			c.Projects["support"].Section.(*respondioSection).Token = Secret{"file:/token", *token.Load()}
		})
		defer b.close()
		where := surroundings{open: func(string) (fs.File, error) {
			return fstest.MapFS{"token": {Data: []byte(*token.Load())}}.Open("token")
		}}
		b.w.secrets = newVault(&console{where: where, hides: newBlotter()}, false, b.w.log)
		b.start()
		if _, err := b.sim.org.Create("Contact", map[string]any{"LastName": "Tan", "Email": "mei@example.com"}); err != nil {
			t.Fatal(err)
		}
		b.until("the platform refuses it", time.Minute, func() bool { return len(b.sim.crm.Requests()) > 0 })
		token.Store(new("token"))
		b.until("the contact arrives", 5*time.Minute, func() bool { return len(b.sim.crm.Contacts()) == 1 })
	})
}
