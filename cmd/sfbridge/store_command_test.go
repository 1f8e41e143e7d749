package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sfbridge/bridge"
	"sfbridge/bridge/status"
)

// TestStore_IsBackedUpWhileTheDaemonWorksAndPutBack is an operator's day: a backup of the running daemon, a disk that rots, the backup put back, and both
// sides equal again.
func TestStore_IsBackedUpWhileTheDaemonWorksAndPutBack(t *testing.T) {
	f := newField(t)
	f.start()
	f.until("the streams are open", func() bool { return len(f.sim.org.Subscriptions()) > 0 })
	f.work(40)
	f.until("the first edits have arrived", f.crowd.settled)
	f.crowd.meet()
	path, backup := f.sim.at.Store, filepath.Join(t.TempDir(), "backup")
	ctx := t.Context()
	f.say(ctx, nil, "store", "backup", backup).holds(t, exitStopped, backup+" holds", "up to operation")
	f.say(ctx, nil, "store", "backup", backup).holds(t, exitEnvironment, "exists", "remedy: ")
	f.say(ctx, nil, "store", "check").holds(t, exitStopped, "is sound")
	inUse := fmt.Sprintf("in use by another sfbridge (pid %d)", f.child.Process.Pid)
	f.say(ctx, nil, "store", "restore", backup).holds(t, exitEnvironment, inUse)
	f.say(ctx, nil, "store", "compact").holds(t, exitEnvironment, inUse)
	f.work(20)
	f.until("every edit has arrived", f.crowd.settled)
	f.kill()
	f.rest()

	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rotten := bytes.Clone(whole)
	clear(rotten[2*os.Getpagesize() : len(rotten)/2])
	if err := os.WriteFile(path, rotten, 0o600); err != nil {
		t.Fatal(err)
	}
	f.say(ctx, nil, "run").holds(t, exitEnvironment, "store is damaged", path, "page ", "remedy: ", "sfbridge store restore", "sfbridge store salvage")
	f.say(ctx, nil, "store", "check").holds(t, exitEnvironment, "page ", "remedy: ")
	f.say(ctx, nil, "store", "salvage", backup+".salvaged").holds(t, exitStopped, "page ", "was only read")
	f.say(ctx, nil, "store", "restore", backup).holds(t, exitStopped, "The file that stood there is ", ".before-")
	if kept, _ := filepath.Glob(path + ".before-*"); len(kept) != 1 || hashOf(t, kept[0]) == hashOf(t, path) {
		t.Errorf("the damaged store is not kept: %v", kept)
	}
	f.say(ctx, nil, "store", "compact").holds(t, exitStopped, "MiB, was ")
	f.start()
	quiet := 0
	f.until("what happened since the backup is known again", func() bool {
		quiet++
		if !f.carried() {
			quiet = 0
		}
		return quiet > 50
	})
	f.work(40)
	f.until("every edit has arrived", f.crowd.settled)
	if all, lost := f.crowd.unequal(); len(all) > 0 || len(lost) > 0 {
		t.Errorf("lost %v, %d fields differ, first %q", lost, len(all), all[:min(5, len(all))])
	}
	if n := f.crowd.tally(bridge.Inbound).arrived; n < 30 {
		t.Errorf("only %d edits arrived", n)
	}
}

// carried reports whether streams are open and nothing waits.
func (f *field) carried() bool {
	var s status.Status
	if err := json.Unmarshal([]byte(f.page("/status")), &s); err != nil || len(s.Topics) == 0 {
		return false
	}
	for i := range s.Outlets {
		if w := s.Outlets[i].Waiting; w == nil || *w > 0 {
			return false
		}
	}
	return !slices.ContainsFunc(s.Topics, func(t status.Topic) bool { return t.State != "live" })
}

func TestStore_StartsAfreshOnlyWhenAskedAndShowsWhatIsMissing(t *testing.T) {
	f := newField(t)
	makeStore(t, f.sim.at.Store)
	older, err := os.ReadFile(f.sim.at.Store)
	if err != nil {
		t.Fatal(err)
	}
	makeStore(t, f.sim.at.Store)
	if err := os.WriteFile(f.sim.at.Store, older, 0o600); err != nil {
		t.Fatal(err)
	}
	f.start()
	if page := f.page("/status"); !strings.Contains(page, "store-damaged") || !strings.Contains(page, "the store is older than it was") {
		t.Error("the status does not say that the store is older")
	}
	f.kill()
	if log, _ := os.ReadFile(f.out.Name()); !bytes.Contains(log, []byte("the store is older than it was")) {
		t.Error("the log does not say that the store is older")
	}
	if err := os.Remove(f.sim.at.Store); err != nil {
		t.Fatal(err)
	}
	f.say(t.Context(), nil, "run").holds(t, exitEnvironment, "missing or empty", "--accept-empty-store")
	f.say(t.Context(), nil, "store", "check").holds(t, exitEnvironment, "there is no store")
}

func TestStore_BacksUpForThoseAloneWhoHaveTheToken(t *testing.T) {
	f := newField(t)
	const token = "a-token-of-the-admin-listener"
	t.Setenv("SFBRIDGE_ADMIN", token)
	f.rewrite("[listen]", "[listen]\nadmin_token = \"env:SFBRIDGE_ADMIN\"\n")
	f.start()
	for _, path := range []string{"/store/backup", "/store/check"} {
		if code := f.get(path); code != http.StatusUnauthorized {
			t.Errorf("%s without the token: %d", path, code)
		}
	}
	f.say(t.Context(), map[string]string{"SFBRIDGE_ADMIN": token}, "store", "check").holds(t, exitStopped, "is sound")
}
