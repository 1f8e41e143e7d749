package pubsub

import (
	"testing"

	"sfbridge/pubsub/pubsubpb"
)

func TestLoad_IsBoundedByEventsAndByBytes(t *testing.T) {
	event := func(n int) *pubsubpb.ConsumerEvent {
		return &pubsubpb.ConsumerEvent{Event: &pubsubpb.ProducerEvent{Payload: make([]byte, n)}}
	}
	many, big := &pubsubpb.FetchResponse{}, &pubsubpb.FetchResponse{Events: []*pubsubpb.ConsumerEvent{event(3 << 20)}}
	for range MaxCredit {
		many.Events = append(many.Events, event(10))
	}
	for name, c := range map[string]struct {
		flying []*pubsubpb.FetchResponse
		full   bool
	}{
		"nothing":            {nil, false},
		"a keepalive":        {[]*pubsubpb.FetchResponse{{}}, false},
		"one full response":  {[]*pubsubpb.FetchResponse{many}, false},
		"a hundred and one":  {[]*pubsubpb.FetchResponse{many, {}}, true},
		"two full responses": {[]*pubsubpb.FetchResponse{many, many}, true},
		"one big response":   {[]*pubsubpb.FetchResponse{big}, false},
		"two big responses":  {[]*pubsubpb.FetchResponse{big, big}, true},
	} {
		var l load
		for _, r := range c.flying {
			l.add(weigh(r))
		}
		if l.full() != c.full {
			t.Errorf("%s: full is %v", name, l.full())
		}
		for _, r := range c.flying {
			l.remove(weigh(r))
		}
		if l != (load{}) {
			t.Errorf("%s: %+v is left", name, l)
		}
	}
}
