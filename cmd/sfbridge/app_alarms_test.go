package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/courier"
	"sfbridge/bridge/status"
	"sfbridge/outbound/salesforce"
	"sfbridge/pubsub"
)

func TestAlarms_NameTheTroubleAndTheRemedy(t *testing.T) {
	for name, c := range map[string]struct {
		tell func(s *status.Status)
		want status.Alarm
	}{
		"refused": {
			func(s *status.Status) {
				blameOrg(s, &status.Org{Name: "main"}, bridge.Hint(fmt.Errorf("log in: %w", &salesforce.APIError{Code: "invalid_client"}), "look at it"))
			},
			status.Alarm{Name: "auth-lost", Help: "look at it"},
		},
		"unreachable": {
			func(s *status.Status) {
				blameOrg(s, &status.Org{Name: "main"}, bridge.Hint(errors.New("no route"), "buy a cable"))
			},
			status.Alarm{Name: "org-unreachable", Text: "main does not answer: no route", Help: "buy a cable"},
		},
		"live with trouble": {
			func(s *status.Status) {
				blameTopic(s, &pubsub.Status{Topic: "/data/X", State: pubsub.Live, Problem: `rpc error: code = Unavailable desc = "transport: Error while dialing: refused"`, Remedy: "wait"})
			},
			status.Alarm{Name: "topic-troubled", Text: "/data/X: refused", Help: "wait"},
		},
		"stopped": {
			func(s *status.Status) {
				blameTopic(s, &pubsub.Status{Topic: "/data/X", State: pubsub.StoppedNeedsAdmin, Problem: "gone", Remedy: "select it"})
			},
			status.Alarm{Name: "topic-stopped", Text: "/data/X: gone", Help: "select it"},
		},
		"breaker": {
			func(s *status.Status) {
				blameBreaker(s, "support", bridge.Inbound, courier.Breaker{Reason: "401\n  remedy: renew it"})
			},
			status.Alarm{Name: "breaker-open", Text: "support inbound: 401", Help: "renew it"},
		},
		"gap": {
			func(s *status.Status) {
				s.Holes = []status.Hole{{Topic: "/data/X", First: true, Reason: "first run"}, {Topic: "/data/Y", Reason: "expired"}}
			},
			status.Alarm{Name: "gap-opened", Text: "/data/Y: events may be missing: expired"},
		},
		"queue": {
			func(s *status.Status) {
				s.Outlets = []status.Outlet{{Project: "support", Direction: bridge.Outbound, OldestAgeS: new((11 * time.Minute).Seconds())}}
			},
			status.Alarm{Name: "queue-oldest", Text: "support outbound: the oldest delivery waits for 11 min"},
		},
		"calls": {func(s *status.Status) {
			s.Orgs = []status.Org{{Name: "main", APIUsed: new(int64(81)), APILimit: new(int64(100))}}
		}, status.Alarm{Name: "api-used"}},
		"position": {func(s *status.Status) { s.Topics = []status.Topic{{Topic: "/data/X", ReplayAgeS: new(50 * 3600.0)}} }, status.Alarm{Name: "replay-age"}},
	} {
		t.Run(name, func(t *testing.T) {
			var s status.Status
			c.tell(&s)
			tellAlarms(&s)
			if len(s.Alarms) != 1 || s.Alarms[0].Name != c.want.Name {
				t.Fatalf("alarms = %+v, want %s", s.Alarms, c.want.Name)
			}
			if got := s.Alarms[0]; c.want.Text != "" && got.Text != c.want.Text || c.want.Help != "" && got.Help != c.want.Help {
				t.Errorf("alarm = %+v, want %+v", got, c.want)
			}
		})
	}
}

// TestAlarms_StandInTheReadme holds that whoever meets an alarm finds what to do.
func TestAlarms_StandInTheReadme(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	name, found := regexp.MustCompile(`"([a-z]+-[a-z-]+[a-z])"`), 0
	for _, file := range []string{"app_alarms.go", "app_status.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range name.FindAllSubmatch(source, -1) {
			if text := string(m[1]); text != "half-open" {
				found++
				if !strings.Contains(string(readme), "| `"+text+"` |") {
					t.Errorf("the README does not tell what to do about %s", text)
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("%d alarms found in the sources", found)
	}
}
