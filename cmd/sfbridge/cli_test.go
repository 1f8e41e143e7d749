package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/status"
)

// command runs one command line with the surroundings of tests.
func command(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = execute(t.Context(), args, &console{out: &o, err: &e, where: testSurroundings()})
	for _, text := range []string{o.String(), e.String()} {
		if strings.Contains(text, canary) {
			t.Errorf("%v prints a secret", args)
		}
	}
	return code, o.String(), e.String()
}

func TestCLI_SaysWhatIsWrongAndEndsWithItsCode(t *testing.T) {
	example := filepath.Join("..", "..", "config.example.toml")
	many := filepath.Join("testdata", "faulty", "many.toml")
	for _, c := range []struct {
		name string
		args []string
		code int
	}{
		{"help", []string{"--help"}, exitStopped},
		{"help_check", []string{"check", "--help"}, exitStopped},
		{"help_dead_letters", []string{"dead-letters", "redrive", "--help"}, exitStopped},
		{"no_command", nil, exitConfig},
		{"unknown_command", []string{"rum"}, exitConfig},
		{"help_demo", []string{"demo", "--help"}, exitStopped},
		{"demo_too_fast", []string{"demo", "--rate", "201"}, exitConfig},
		{"unknown_flag", []string{"check", "--ofline"}, exitConfig},
		{"check_sound", []string{"check", "-c", example, "--offline"}, exitStopped},
		{"check_sound_json", []string{"check", "-c", example, "--offline", "--json"}, exitStopped},
		{"check_private", []string{"check", "-c", filepath.Join("testdata", "advice", "private.toml"), "--offline"}, exitStopped},
		{"check_private_json", []string{"check", "-c", filepath.Join("testdata", "advice", "private.toml"), "--offline", "--json"}, exitStopped},
		{"check_faulty", []string{"check", "-c", many}, exitConfig},
		{"check_faulty_json", []string{"check", "-c", many, "--json"}, exitConfig},
		{"check_absent", []string{"check", "-c", "testdata/absent.toml"}, exitConfig},
		{"run_faulty", []string{"run", "-c", many}, exitConfig},
		{"run_expression", []string{"run", "-c", filepath.Join("testdata", "faulty", "transfer_condition.toml")}, exitConfig},
		{"redrive_nothing", []string{"dead-letters", "redrive", "-c", example}, exitConfig},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errOut := command(t, c.args...)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			golden(t, filepath.Join("testdata", "cli", c.name+".golden"), filepath.ToSlash(out+errOut))
		})
	}
}

// beside writes a configuration that leads to a server as the admin listener and to a store in a folder of its own.
func beside(t *testing.T, server *httptest.Server) string {
	t.Helper()
	dir := t.TempDir()
	address := "127.0.0.1:1"
	if server != nil {
		address = strings.TrimPrefix(server.URL, "http://")
	}
	file := filepath.Join(dir, "config.toml")
	text := "[listen]\nadmin = \"" + address + "\"\nadmin_token = \"env:ADMIN\"\n[store]\npath = '" + filepath.Join(dir, "none.db") + "'\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestCLI_AsksTheRunningDaemon(t *testing.T) {
	var acts []string
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(status.Status{Schema: 1, Version: "9", State: "running", UptimeS: 5, Orgs: []status.Org{{Name: "main", Auth: "ok"}},
			Outlets: []status.Outlet{{Project: "support", Direction: bridge.Inbound, Breaker: "open", Waiting: new(int64(7)), OldestAgeS: new(61.0)}}})
	})
	mux.HandleFunc("GET /dead-letters", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"dead_letters": []status.Letter{{ID: "a1", Project: "support", Reason: "no\x1b[31m\nmore"}, {ID: "b2"}}})
	})
	mux.HandleFunc("GET /status/tail", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("history") != "3" || !r.URL.Query().Has("once") {
			t.Errorf("tail asked for %s", r.URL.RawQuery)
		}
		_ = json.NewEncoder(w).Encode(bridge.Story{Seq: 1, At: time.Unix(0, 0), Direction: bridge.Inbound, Object: "Contact", Record: "003", Project: "support", Contact: "17",
			Outcome: bridge.Sent, Op: bridge.OpUpdate, Fields: []string{"Email"}, TookMS: 12.5})
	})
	mux.HandleFunc("POST /dead-letters/{id}/{act}", func(w http.ResponseWriter, r *http.Request) {
		acts = append(acts, r.PathValue("act")+" "+r.PathValue("id"))
		if r.PathValue("id") == "gone" {
			http.Error(w, "there is no such dead letter", http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte("{}"))
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+canary {
			t.Error("the token was not sent")
		}
		mux.ServeHTTP(w, r)
	}))
	defer server.Close()
	file := beside(t, server)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"status"}, 0, "breaker open, 7 waiting, oldest 1m1s, p50 unknown"},
		{[]string{"dead-letters", "list"}, 0, "no [31m"},
		{[]string{"dead-letters", "redrive", "--all"}, 0, "2 redriven"},
		{[]string{"dead-letters", "drop", "a1", "gone"}, 2, "1 dropped"},
		{[]string{"tail", "-n3"}, 0, "00:00:00.000 sent Contact 003"},
		{[]string{"tail", "-lines=3"}, 0, "00:00:00.000 sent Contact 003"},
		{[]string{"tail", "-n", "3"}, 0, "00:00:00.000 sent Contact 003 → support 17 update Email 12.5ms"},
	} {
		code, out, errOut := command(t, append(c.args, "-c", file)...)
		if code != c.code || !strings.Contains(out, c.want) || strings.Contains(out, "\x1b") {
			t.Errorf("%v = %d %q %q, want %d and %q", c.args, code, out, errOut, c.code, c.want)
		}
	}
	if got := strings.Join(acts, ", "); got != "redrive a1, redrive b2, drop a1, drop gone" {
		t.Errorf("acts = %s", got)
	}
}

func TestCLI_SaysThatNoDaemonAnswers(t *testing.T) {
	file := beside(t, nil)
	for _, args := range [][]string{{"status"}, {"tail"}, {"dead-letters", "list"}} {
		code, _, errOut := command(t, append(args, "-c", file)...)
		if code != exitEnvironment || !strings.Contains(errOut, "no daemon answers") || !strings.Contains(errOut, "remedy: ") {
			t.Errorf("%v = %d %q", args, code, errOut)
		}
	}
}

func TestCLI_WorksOnTheStoreWhileNoDaemonRuns(t *testing.T) {
	file := beside(t, nil)
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "none.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := command(t, "dead-letters", "list", "-c", file)
	if code != 0 || out != "No dead letters.\n" {
		t.Errorf("list = %d %q %q", code, out, errOut)
	}
	code, _, errOut = command(t, "dead-letters", "show", "none", "-c", file)
	if code != exitConfig || !strings.Contains(errOut, "no such dead letter") {
		t.Errorf("show = %d %q", code, errOut)
	}
}

func TestLog_HidesSecretsThatOthersCarry(t *testing.T) {
	cfg := defaultConfig()
	cfg.Listen.AdminToken = Secret{"env:X", canary}
	var b bytes.Buffer
	log := newLog(cfg, &console{err: &b})
	log.Error("refused", "error", "bad token "+canary+" in https://x/?t="+canary, "base64", "Y2FuYXJ5LTJmNmMxZS1kby1ub3QtcHJpbnQ=")
	if strings.Contains(b.String(), canary) || strings.Contains(b.String(), "Y2FuYXJ5") || strings.Count(b.String(), hidden) < 3 {
		t.Errorf("log = %s", b.String())
	}
}

func TestDemoReport_FailsWhenSomethingWasLost(t *testing.T) {
	var o bytes.Buffer
	r := demoReport{Inbound: demoInbound{Changes: 3, Delivered: 2, Lost: 1, demoTimes: timesOf([]time.Duration{time.Millisecond, 3 * time.Millisecond})}, APICalls: 4}
	err := r.tell(true, &console{out: &o})
	if exitCode(err) != exitBug {
		t.Errorf("exit code %d for %v", exitCode(err), err)
	}
	want := `{"inbound":{"changes":3,"delivered":2,"lost":1,"p50_ms":1,"p99_ms":1},"outbound":{"webhooks":0,"written":0,"lost":0,"p50_ms":0,"p99_ms":0},"salesforce_api_calls":4}` + "\n"
	if o.String() != want {
		t.Errorf("report = %s, want %s", o.String(), want)
	}
}

func TestDemoReport_SaysThatBothSidesAreEqual(t *testing.T) {
	var o bytes.Buffer
	r := demoReport{Inbound: demoInbound{Changes: 250, Delivered: 250}, Outbound: demoOutbound{Webhooks: 7, Written: 7}, APICalls: 1}
	if err := r.tell(false, &console{out: &o}); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"Salesforce → respond.io      250      250      0", "1 call of the Salesforce API; both sides hold the same"} {
		if !strings.Contains(o.String(), want) {
			t.Errorf("%q is not in %s", want, o.String())
		}
	}
}
