package fakeorg

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	"sfbridge/pubsub/pubsubpb"
)

func TestConsume_TakesFromTheAllocationOfAll(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.org.Allocation(100)
		st := s.stream(latest(50))
		s.org.Consume(99)
		s.contacts(2)
		if r := receive(t, st); len(r.Events) != 1 {
			t.Errorf("%d events beside 99 of 100 that others took", len(r.Events))
		}
		_, err := st.Recv()
		wantRefusal(t, err, st.Trailer(), codes.ResourceExhausted, "subscription.limit.exceeded", "Subscribe")
		if diff := cmp.Diff(map[string]int{"": 99, contactTopic: 1}, s.org.DeliveredOn()); diff != "" {
			t.Error(diff)
		}
		time.Sleep(24 * time.Hour)
		if limit, used := s.org.Delivered(); limit != 100 || used != 0 || len(s.org.DeliveredOn()) != 0 {
			t.Errorf("a day later %d of %d, %v", used, limit, s.org.DeliveredOn())
		}
	})
}

func TestConsumeHourly_TakesSteadilyOverARollingDay(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.org.ConsumeHourly(600)
		time.Sleep(90 * time.Minute)
		if _, used := s.org.Delivered(); used != 900 {
			t.Errorf("%d taken in 90 minutes", used)
		}
		for range 30 {
			time.Sleep(time.Hour)
			s.org.Delivered()
		}
		if _, used := s.org.Delivered(); used != 24*600 {
			t.Errorf("%d taken in the last day", used)
		}
		s.org.ConsumeHourly(0)
		time.Sleep(23 * time.Hour)
		if _, used := s.org.Delivered(); used != 600 {
			t.Errorf("%d are left of the last hour", used)
		}
	})
}

func TestDelivered_CountsEachStreamOfATopic(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.contacts(3)
		for range 2 {
			receive(t, s.stream(earliest(10)))
		}
		receive(t, s.stream(&pubsubpb.FetchRequest{TopicName: "/data/ChangeEvents", ReplayPreset: pubsubpb.ReplayPreset_EARLIEST, NumRequested: 2}))
		if diff := cmp.Diff(map[string]int{contactTopic: 6, "/data/ChangeEvents": 2}, s.org.DeliveredOn()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestConsume_RollsInOrderBesideWhatOthersTakeSteadily(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.org.ConsumeHourly(100)
		time.Sleep(10 * time.Hour)
		s.org.Consume(5)
		s.org.ConsumeHourly(0)
		for _, tt := range []struct {
			after time.Duration
			want  int
		}{{0, 1005}, {20 * time.Hour, 405}, {4*time.Hour + time.Minute, 0}} {
			time.Sleep(tt.after)
			if _, used := s.org.Delivered(); used != tt.want {
				t.Errorf("%d count %s later, want %d", used, tt.after, tt.want)
			}
		}
	})
}

// TestBeat_EndsWhatTheAllocationLeavesNoRoomFor has an event come without a wake, as one does that another stream's turn brought out.
func TestBeat_EndsWhatTheAllocationLeavesNoRoomFor(t *testing.T) {
	onStream(t, Options{Keepalive: 40 * time.Second}, func(s *streamStand) {
		s.contacts(1)
		s.org.Allocation(2)
		st := s.stream(earliest(10))
		if r := receive(t, st); len(r.Events) != 1 {
			t.Fatalf("%d events", len(r.Events))
		}
		synctest.Wait() // the stream waits again, and its beat is the next that happens
		s.org.bus.mu.Lock()
		again := s.org.bus.log[0]
		again.Event = again.copy()
		again.Replay, again.Time = nil, s.org.now()
		s.org.bus.appendLocked(again)
		s.org.bus.meter.add(s.org.now(), foreign, 1)
		s.org.bus.mu.Unlock()
		_, err := st.Recv()
		wantRefusal(t, err, st.Trailer(), codes.ResourceExhausted, "subscription.limit.exceeded", "Subscribe")
	})
}

func TestDeliveryMax_HoldsWhatLimitsTell(t *testing.T) {
	for _, tt := range []struct{ given, max, room int }{{0, 50_000, 1}, {70, 70, 1}, {-1, addedDeliveries, 10}} {
		onStream(t, Options{DeliveryMax: tt.given}, func(s *streamStand) {
			s.org.Consume(tt.max - 1)
			s.contacts(2)
			if r := receive(t, s.stream(earliest(10))); len(r.Events) != min(2, tt.room) {
				t.Errorf("of %d one was left, and %d events came", tt.max, len(r.Events))
			}
			r := httptest.NewRequest(http.MethodGet, "https://acme.my.salesforce.com/services/data/v66.0/limits", nil)
			r.Header.Set("Authorization", "Bearer "+s.token)
			w := httptest.NewRecorder()
			s.org.Handler().ServeHTTP(w, r)
			if want := fmt.Sprintf(`"DailyDeliveredPlatformEvents":{"Max":%d,"Remaining":0}`, tt.max); !strings.Contains(w.Body.String(), want) {
				t.Errorf("limits %s, want %s", w.Body, want)
			}
		})
	}
}
