package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

var update = flag.Bool("update", false, "write the golden files anew")

const canary = "canary-2f6c1e-do-not-print"

// testSurroundings hold every secret that the test files name.
func testSurroundings() surroundings {
	files := fstest.MapFS{
		"creds/sf":    {Data: []byte(canary + "\n")},
		"secrets/sf":  {Data: []byte(canary + "\r\n")},
		"secrets/nil": {Data: []byte("\n")},
		"secrets/big": {Data: make([]byte, maxSecret+1)},
	}
	vars := map[string]string{"CREDENTIALS_DIRECTORY": "/creds"}
	for _, name := range []string{"SF_CLIENT_SECRET", "RESPONDIO_TOKEN", "RESPONDIO_KEY_CREATED", "RESPONDIO_KEY_UPDATED", "ADMIN"} {
		vars[name] = canary
	}
	return surroundings{
		env:  func(n string) (string, bool) { v, ok := vars[n]; return v, ok },
		open: func(n string) (fs.File, error) { return files.Open(strings.TrimPrefix(n, "/")) },
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

func TestConfig_ExampleStatesTheDefaults(t *testing.T) {
	c, err := loadConfig(filepath.Join("..", "..", "config.example.toml"), testSurroundings(), nil)
	if err != nil {
		t.Fatal(err)
	}
	d := defaultConfig()
	for _, part := range [][2]any{{c.Listen.Public, d.Listen.Public}, {c.Listen.Admin, d.Listen.Admin}, {c.Store, d.Store}, {c.Log, d.Log}, {c.Run, d.Run}} {
		if diff := cmp.Diff(part[1], part[0]); diff != "" {
			t.Errorf("the example departs from the defaults (-default +example):\n%s", diff)
		}
	}
	o, od := c.Orgs["main"], defaultOrg()
	if o.APIVersion != od.APIVersion || o.PubSub != od.PubSub || o.Client != od.Client || o.PubSubInsecure != od.PubSubInsecure || o.FirstLoad != od.FirstLoad || o.Channel != od.Channel || o.Linger != od.Linger || o.Reserve != od.Reserve {
		t.Errorf("the example's org %+v departs from the defaults %+v", o, od)
	}
	r, rd := c.Projects["support"].Section.(*respondioSection), defaultRespondio()
	if r.BaseURL != rd.BaseURL || r.Rate != rd.Rate || r.Timeout != rd.Timeout {
		t.Errorf("the example's platform %+v departs from the defaults %+v", r, rd)
	}
}

func TestConfig_BecomesNouns(t *testing.T) {
	c, err := loadConfig(filepath.Join("..", "..", "config.example.toml"), testSurroundings(), nil)
	if err != nil {
		t.Fatal(err)
	}
	projects := c.nouns()
	if len(projects) != 1 || projects[0].ID != "support" || projects[0].Org != "main" || len(projects[0].Transfers) != 2 {
		t.Fatalf("projects = %+v", projects)
	}
	want := bridge.Transfer{
		ID: "closed-conversations", Object: "Task", Kind: bridge.Happened, Type: "conversation.closed", Direction: bridge.Outbound,
		NoContact: bridge.CreateNew, NoRecord: bridge.SkipIt, OnDelete: bridge.KeepContact, OnGone: bridge.LeaveGone, Who: "WhoId",
		Set: bridge.Fields{"Status": bridge.TextValue("Completed"), "Priority": bridge.TextValue("Normal")},
		Fields: []bridge.Pair{
			{Salesforce: "Subject", Platform: "conversation.category", Direction: bridge.Outbound, Default: bridge.TextValue("Conversation closed")},
			{Salesforce: "Description", Platform: "conversation.summary", Direction: bridge.Outbound},
		},
	}
	if d := cmp.Diff(want, projects[0].Transfers[1], cmp.Comparer(func(a, b bridge.Value) bool { return a == b })); d != "" {
		t.Errorf("transfer (-want +got):\n%s", d)
	}
	contacts := projects[0].Transfers[0]
	if got := contacts.Fields[4]; got.Direction != bridge.Inbound || got.Salesforce != "Account.Name" {
		t.Errorf("a pair's own direction was lost: %+v", got)
	}
	if contacts.Identity[1].Format != bridge.PhoneFormat || contacts.Kind != bridge.ContactTouched {
		t.Errorf("transfer = %+v", contacts)
	}
}

// TestConfig_NamesEveryFault holds the words an operator reads, one golden file for each faulty file.
func TestConfig_NamesEveryFault(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "faulty", "*.toml"))
	if err != nil || len(files) < 60 {
		t.Fatalf("%d faulty files, %v; want at least 60", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := loadConfig(file, testSurroundings(), refuseBrokenExpressions)
			if err == nil {
				t.Fatal("no fault was found")
			}
			if strings.Contains(err.Error(), canary) {
				t.Fatal("a secret is in the message")
			}
			for _, f := range faultsOf(err) {
				if f.Line < 1 || f.Column < 1 || f.Cause == "" || f.Remedy == "" {
					t.Errorf("fault without a place, a cause or a remedy: %+v", f)
				}
			}
			golden(t, strings.TrimSuffix(file, ".toml")+".golden", filepath.ToSlash(err.Error())+"\n")
		})
	}
}

func refuseBrokenExpressions(source string, use expressionUse) error {
	if strings.Contains(source, "broken") {
		return bridge.Hint(fmt.Errorf("%s does not compile: undeclared reference", use), "name a field as sf.Email")
	}
	return nil
}

func TestSecret_HidesItselfInEveryForm(t *testing.T) {
	s := Secret{ref: "env:X", value: canary}
	c := struct {
		Token  Secret
		Nested []Secret
		Ptr    *Secret
	}{s, []Secret{s}, &s}
	var b strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&b, verb+"\n", s)
		fmt.Fprintf(&b, verb+"\n", c)
	}
	j, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	b.Write(j)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "secret", s, "all", c)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "secret", s, "all", c)
	b.WriteString(errors.Join(fmt.Errorf("x %v", s)).Error())
	for _, form := range []string{canary, "63616e617279", "env:X"} {
		if strings.Contains(b.String(), form) {
			t.Errorf("%q is in the output:\n%s", form, b.String())
		}
	}
}

func TestSecret_FollowsItsReference(t *testing.T) {
	for ref, want := range map[string]string{
		"env:ADMIN": canary, "file:/secrets/sf": canary, "cred:sf": canary,
		"env:ABSENT": "!", "file:/nowhere": "!", "cred:nowhere": "!", "cred:../secrets/sf": "!", "file:/secrets/nil": "!", "file:/secrets/big": "!", "plain": "!",
	} {
		s := Secret{ref: ref}
		err := s.resolve(testSurroundings(), false)
		if (err != nil) != (want == "!") || err == nil && s.Reveal() != want {
			t.Errorf("%s = %q, %v", ref, s.value, err)
		}
	}
	s := Secret{ref: "plain"}
	if err := s.resolve(testSurroundings(), true); err != nil || s.Reveal() != "plain" {
		t.Errorf("an inline secret that is allowed = %q, %v", s.value, err)
	}
}

func TestNearest_FindsWhatWasMeant(t *testing.T) {
	keys := []string{"client_id", "client_secret", "login_url", "api_version"}
	for written, want := range map[string]string{"client_ID": "client_id", "clientsecret": "client_secret", "logn_url": "login_url", "lgoin_url": "login_url", "colour": "", "": ""} {
		if got := nearest(written, keys); got != want {
			t.Errorf("nearest(%q) = %q, want %q", written, got, want)
		}
	}
}

// FuzzConfig holds that no file makes the reader panic, that each fault has a place inside the file, and that what is accepted becomes nouns.
func FuzzConfig(f *testing.F) {
	files, _ := filepath.Glob(filepath.Join("testdata", "faulty", "*.toml"))
	for _, file := range append(files, filepath.Join("..", "..", "config.example.toml")) {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseConfig("x.toml", b, testSurroundings(), nil)
		if err == nil {
			c.nouns()
			return
		}
		all := faultsOf(err)
		if len(all) == 0 {
			t.Fatalf("an error that is no fault: %v", err)
		}
		lines := 1 + strings.Count(string(b), "\n")
		for _, fault := range all {
			if fault.Line < 1 || fault.Line > lines+1 || fault.Column < 1 {
				t.Fatalf("fault outside the file: %+v", fault)
			}
		}
	})
}
