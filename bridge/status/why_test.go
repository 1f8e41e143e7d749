package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

// lanes is a fake of what waits; it knows the head a1, which another one is carrying, and b2.
type lanes struct {
	acts []string
	fail error
}

func (l *lanes) Stuck(_ context.Context, limit int) ([]Lane, error) {
	return []Lane{{ID: "a1"}, {ID: "b2", Behind: 3}}[:min(limit, 2)], l.fail
}

func (l *lanes) Release(_ context.Context, id string) error { return l.act("release", id) }
func (l *lanes) Skip(_ context.Context, id string) error    { return l.act("skip", id) }

func (l *lanes) act(what, id string) error {
	switch id {
	case "a1":
		return fmt.Errorf("lane: %w", ErrInHand)
	case "b2":
		l.acts = append(l.acts, what)
		return l.fail
	default:
		return fmt.Errorf("lane: %w", bridge.ErrNotFound)
	}
}

func (l *lanes) Why(_ context.Context, key string) (Why, error) { return Why{Key: key}, l.fail }

func TestSteps_TellAStoryInOrderOfTime(t *testing.T) {
	at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
	lines := []bridge.Story{
		{Seq: 9, At: at(30), Outcome: bridge.Operator, Reason: "redriven by operator", Letter: "l1"},
		{Seq: 3, At: at(5), Direction: bridge.Inbound, Outcome: bridge.Sent, Op: bridge.OpCreate, Fields: []string{"email"}, Contact: "17", TookMS: 5000,
			Heard: []bridge.Heard{
				{Entry: 1, At: at(0), Kind: bridge.ChangeEntry, Type: "CREATE", Event: "e1", Origin: &bridge.Origin{Client: "loader", User: "005"}},
				{Entry: 2, At: at(1), Kind: bridge.ChangeEntry, Type: "UPDATE", Event: "e2", Origin: &bridge.Origin{API: "rest", Ours: true}, Fields: []bridge.Field{"Email"}},
			},
			Trouble: &bridge.Trouble{Failed: 1, First: at(2), Last: "503"},
			Judged:  []bridge.Judgement{{Field: "Email", Target: "email", Is: bridge.Differs}}},
		{Seq: 4, At: at(6), Direction: bridge.Inbound, Outcome: bridge.Buried, Reason: "400", Letter: "l1", Heard: []bridge.Heard{{Entry: 2, At: at(1)}}},
		{Seq: 2, At: at(3), Outcome: bridge.Deferred, Reason: "503", Trouble: &bridge.Trouble{Failed: 1, First: at(2), Until: at(4)}},
		{Seq: 1, At: at(2), Direction: bridge.Outbound, Outcome: bridge.Conflict, Object: "Contact", Record: "003", Reason: "both", Trouble: &bridge.Trouble{First: at(1), Last: "busy"}},
		{Seq: 10, At: at(40), Outcome: bridge.Shadowed, Op: bridge.OpDelete},
		{Seq: 11, At: at(41), Outcome: bridge.Sent, Op: bridge.OpDelete, Contact: "17", Direction: bridge.Inbound},
	}
	var got []string
	for _, s := range Steps(lines) {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%d %s %s %v %s %s", int(s.At.Sub(noon).Seconds()), s.What, s.Op, s.Fields, s.Letter, s.Text)))
	}
	want := []string{
		"0 arrived  []  change CREATE by client loader by user 005",
		"1 held up  []  waited; the last reason: busy",
		"1 arrived  [Email]  change UPDATE through rest (the bridge's own write)",
		"2 sent  []  both",
		"2 answered  []  accepted as Contact 003",
		"2 held up  []  failed once; the last reason: 503",
		"3 deferred  []  failure 1: 503; next try at 2026-11-21T12:00:04Z",
		"5 judged  []",
		"5 sent create [email]",
		"5 answered  []  accepted as contact 17, 5 s after it came in",
		"6 buried  [] l1 400",
		"30 operator  [] l1 redriven by operator",
		"40 shadowed delete []",
		"41 sent delete []",
		"41 answered  []  accepted",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhy_WantsAKeyAndAnswersLists(t *testing.T) {
	w := newWorld(Config{})
	for _, path := range []string{"/why", "/why?key=%20", "/why?key=" + strings.Repeat("x", 400)} {
		if out := w.ask("GET", path, nil); out.Code != http.StatusBadRequest {
			t.Errorf("%s = %d", path, out.Code)
		}
	}
	out := w.ask("GET", "/why?key=%2B60+12-345", nil)
	var y map[string]any
	if err := json.Unmarshal(out.Body.Bytes(), &y); err != nil || out.Code != http.StatusOK {
		t.Fatalf("%d %v", out.Code, err)
	}
	want := map[string]any{"schema": 1.0, "key": "+60 12-345", "pairs": []any{}, "steps": []any{}, "waiting": []any{}, "more": false}
	if diff := cmp.Diff(want, y); diff != "" {
		t.Error(diff)
	}
	w.lanes.fail = errors.New("inside")
	if out := w.ask("GET", "/why?key=1", nil); out.Code != http.StatusInternalServerError || strings.Contains(out.Body.String(), "inside") {
		t.Errorf("a failure = %d %s", out.Code, out.Body)
	}
}

func TestLanes_AreListedReleasedAndSkipped(t *testing.T) {
	w := newWorld(Config{})
	var answer struct{ Lanes []Lane }
	out := w.ask("GET", "/lanes?limit=2", nil)
	if err := json.Unmarshal(out.Body.Bytes(), &answer); err != nil || len(answer.Lanes) != 2 || answer.Lanes[1].Behind != 3 {
		t.Errorf("%d %s %v", out.Code, out.Body, err)
	}
	for _, c := range []struct {
		path string
		code int
	}{
		{"/lanes/b2/release", 200}, {"/lanes/b2/skip", 200}, {"/lanes/a1/skip", 409}, {"/lanes/a1/release", 409}, {"/lanes/c3/skip", 404}, {"/lanes/b2/other", 404},
	} {
		if out := w.ask("POST", c.path, nil); out.Code != c.code {
			t.Errorf("%s = %d %s", c.path, out.Code, out.Body)
		}
	}
	if got := strings.Join(w.lanes.acts, " "); got != "release skip" {
		t.Errorf("acts %s", got)
	}
	if out := w.ask("GET", "/lanes?limit=0", nil); out.Code != http.StatusBadRequest {
		t.Errorf("limit 0 = %d", out.Code)
	}
}

func TestPage_SaysWhatIsInShadow(t *testing.T) {
	w := newWorld(Config{})
	w.busy(false)
	w.shade()
	page := w.ask("GET", "/", nil).Body.String()
	for _, want := range []string{
		`<span class="chip calm">shadow</span>`, "nothing is sent; 1", "204 out of sync by that", "nothing of contacts, closed-conversations is sent<", "Everything flows; some is in shadow",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	w.status.Outlets[1].Silent = true
	if page := w.ask("GET", "/", nil).Body.String(); !strings.Contains(page, "In shadow: all is shown and nothing is sent") {
		t.Error("the page does not say that all is in shadow")
	}
}

func TestPage_SaysWhatWaitsForItsTimeAndUntilWhen(t *testing.T) {
	w := newWorld(Config{})
	w.busy(false)
	if page := w.ask("GET", "/", nil).Body.String(); strings.Contains(page, "for its time") || strings.Contains(page, "for their time") {
		t.Error("the page tells of times where everything goes at once")
	}
	w.timed()
	page := w.ask("GET", "/", nil).Body.String()
	for _, want := range []string{
		"12\u202f480 for their time, next at 13:00 UTC<", "nothing for its time, next at 22 Nov 02:00 UTC<", `<span class="chip good">flowing</span>`, "Everything flows",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	w.shade()
	if page := w.ask("GET", "/", nil).Body.String(); !strings.Contains(page, "next at 13:00 UTC · nothing is sent;") {
		t.Error("the page does not tell times and shadow apart")
	}
}
