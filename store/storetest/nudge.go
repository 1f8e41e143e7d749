package storetest

import (
	"fmt"
	"testing"
	"time"

	"sfbridge/bridge"
)

// nudges: who waits for a write to a record has his turn as soon as nobody awaits the write any more, be it told by the stream or given up.
func nudges(t *testing.T, h *house) {
	stage := func(e bridge.Effects) {
		t.Helper()
		if err := h.Stage(h.ctx(), e); err != nil {
			t.Fatal(err)
		}
	}
	u := bridge.Unconfirmed{
		Org: org, Project: project, Record: record(1), Field: "Email", Delivery: "a", At: time.Unix(2, 0).UTC(), Value: bridge.TextValue("new"),
	}
	give := func(w bridge.Work, echo bool) {
		t.Helper()
		if err := h.Defer(h.ctx(), w, bridge.Deferral{Until: h.now().Add(time.Hour), Reason: "no", Volatile: true, Echo: echo}); err != nil {
			t.Fatal(err)
		}
	}
	for n, ends := range []func(){
		func() { h.confirm("echo", u) },
		func() { stage(bridge.Effects{Withdraw: []bridge.Unconfirmed{u}}) },
		func() { stage(bridge.Effects{Seen: []bridge.Unconfirmed{u}}) },
	} {
		id := bridge.DeliveryID(fmt.Sprint(n))
		stage(bridge.Effects{Stage: []bridge.Unconfirmed{u}})
		h.put(state(string(id), 1))
		give(h.takes(inbound, id), true)
		h.idle(inbound)
		ends()
		w := h.takes(inbound, id) // it waited
		stage(bridge.Effects{Stage: []bridge.Unconfirmed{u}})
		ends()
		give(w, true)
		w = h.takes(inbound, id) // it had looked before
		stage(bridge.Effects{Stage: []bridge.Unconfirmed{u}})
		ends()
		give(w, false)
		h.idle(inbound) // it waits for something else
		ends()
		h.idle(inbound)
		h.Wake(inbound)
		w = h.takes(inbound, id)
		give(w, true)
		h.idle(inbound) // the nudge was for the work before
		h.Wake(inbound)
		h.settle(h.takes(inbound, id), bridge.Effects{})
	}
	h.empty()
}
