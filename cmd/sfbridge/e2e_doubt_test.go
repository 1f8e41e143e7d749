package main

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// While nobody knows whether a message arrived, the contact holds what may be ours: it would pass for somebody's edit and fight with what Salesforce says
// by now. So what the platform tells meanwhile waits for the message, and is carried after it.
func TestBridge_LetsAMessageInDoubtGoBeforeWhatItsContactSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{seed: 47}, sales)
		defer b.close()
		before := &front{}
		other, stop := b.workspaceBehind(before)
		defer stop()
		b.start()
		x := &ordeal{bench: b, c: newCrowd(b.sim, b.w.now, 47)}
		record, _ := x.person("Mei", "Tan", "mei@example.com")
		b.until("both workspaces know her", time.Minute, func() bool { return named(other, "mei@example.com").ID != 0 })
		time.Sleep(10 * time.Second)
		contact := named(other, "mei@example.com").ID

		var lost atomic.Int32
		before.say(func(w http.ResponseWriter, r *http.Request) bool {
			switch {
			case r.Method != http.MethodPut:
				return false
			case lost.Add(1) > 1:
				return refuses(http.StatusServiceUnavailable, nil)(w, r)
			}
			before.Handler.ServeHTTP(httptest.NewRecorder(), r)
			x.edit(record, map[string]any{"LastName": "Ng"})
			time.Sleep(time.Second)     // the mirror knows of it, and the callback of the message is there
			panic(http.ErrAbortHandler) // the answer is lost
		})
		x.edit(record, map[string]any{"LastName": "Lim"})
		b.until("a message arrived whose answer did not", 10*time.Second, func() bool { return named(other, "mei@example.com").Get("lastName") == "Lim" })
		time.Sleep(2 * time.Second)
		if _, err := other.Edit(contact, map[string]string{"firstName": "Aini"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		before.say(nil)

		b.until("both edits are at both ends", 2*time.Minute, func() bool {
			c := named(other, "mei@example.com")
			return c.Get("lastName") == "Ng" && c.Get("firstName") == "Aini" && x.text(record, "LastName") == "Ng" && x.text(record, "FirstName") == "Aini"
		})
		if lost.Load() < 2 {
			t.Error("no message was repeated while it was in doubt")
		}
		x.agrees("after a message in doubt")
	})
}
