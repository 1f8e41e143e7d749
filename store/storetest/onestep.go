package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sfbridge/bridge"
	"sfbridge/store"
)

// stepsBound is how many steps of the engine are failed in turn: more than any one call takes.
const stepsBound = 4

// failingAt lets do run on an engine that takes so many steps and then none, and ends the process: what is on disk then is as a crash would leave it.
func (h *house) failingAt(steps int, do func() error) (done bool) {
	h.t.Helper()
	h.Close()
	flaky := &failing{KV: h.kv}
	h.kv = flaky
	h.openStore()
	flaky.armed, flaky.after = true, steps
	err := do()
	if err != nil && !errors.Is(err, errInjected) {
		h.t.Fatalf("failing after %d steps: %v", steps, err)
	}
	h.reopen()
	return err == nil
}

// appendsInOneStep ends the process after each step of an append that one transaction holds: there is nothing of it, or all.
func appendsInOneStep(t *testing.T, h *house) {
	for steps := range stepsBound {
		before := h.entries()
		pos := bridge.Position{Org: org, Topic: topic, Replay: []byte{byte(1 + steps)}}
		done := h.failingAt(steps, func() error {
			return h.Append(h.ctx(), []bridge.Entry{state(fmt.Sprint("a", steps), 1), state(fmt.Sprint("b", steps), 2)}, &pos)
		})
		got, err := h.Position(h.ctx(), org, topic)
		moved := err == nil && got.Replay[0] == pos.Replay[0]
		if n := h.entries() - before; n != 0 && n != 2 || moved != (n == 2) || done != moved {
			t.Errorf("ended after %d steps: %d of 2 entries are there, position moved: %v, told so: %v", steps, n, moved, done)
		}
	}
}

// endsInOneStep ends the process after each step of a settling and of a burying: the work waits and nothing of its effects is there, or the other way round.
func endsInOneStep(t *testing.T, h *house) {
	for steps := range stepsBound {
		for n, how := range []string{"settled", "buried"} {
			r, id := 10*steps+n, bridge.DeliveryID(fmt.Sprint(how, steps))
			h.put(state(string(id), r))
			done := h.failingAt(steps, func() error {
				w, e := h.takes(inbound, id), bridge.Effects{
					Links:  []bridge.Link{link(r, bridge.ContactID(fmt.Sprint(r)))},
					Claims: []bridge.Claim{{Org: org, Project: project, Identity: fmt.Sprint(r), Delivery: id}},
					Story:  []bridge.Story{{Org: org, Record: record(r), Outcome: bridge.Sent}},
				}
				if how == "buried" {
					return h.Bury(h.ctx(), w, "no", e)
				}
				return h.Settle(h.ctx(), w, e)
			})
			want := "waits"
			if done {
				want = map[string]string{"settled": "linked claimed told", "buried": "linked claimed told buried"}[how]
			}
			if got := h.leftOf(r); got != want {
				t.Errorf("ended after %d steps of being %s: %q is there, want %q", steps, how, got, want)
			}
			if !done && h.Counts().Outlets[inbound].Waiting > 0 {
				h.settle(h.takes(inbound, id), bridge.Effects{})
			}
		}
	}
	h.empty()
}

// leftOf says what is there of one record's work.
func (h *house) leftOf(n int) string {
	h.t.Helper()
	_, unlinked := h.LinkOf(h.ctx(), org, project, record(n))
	claims, err := h.Take(h.ctx(), []bridge.Claim{{Org: org, Project: project, Identity: fmt.Sprint(n), Delivery: "other"}})
	lines, e := h.Stories(h.ctx(), store.StoryFilter{Record: record(n)}, 10)
	letters, ee := h.DeadLetters(h.ctx(), store.LetterFilter{}, 100)
	if err := errors.Join(err, e, ee); err != nil {
		h.t.Fatal(err)
	}
	buried := slices.ContainsFunc(letters, func(l bridge.DeadLetter) bool { return l.Delivery.Lane.Source == string(record(n)) })
	var left []string
	for _, is := range []struct {
		what  string
		there bool
	}{
		{"waits", h.Counts().Outlets[inbound].Waiting > 0}, {"linked", unlinked == nil}, {"claimed", len(claims) > 0}, {"told", len(lines) > 0}, {"buried", buried},
	} {
		if is.there {
			left = append(left, is.what)
		}
	}
	return strings.Join(left, " ")
}
