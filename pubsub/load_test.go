package pubsub

import "testing"

func TestLoad_IsBoundedByEventsAndByBytes(t *testing.T) {
	many, big := &response{}, &response{events: []event{{payload: make([]byte, 3<<20)}}}
	for range MaxCredit {
		many.events = append(many.events, event{payload: make([]byte, 10)})
	}
	for name, c := range map[string]struct {
		flying []*response
		full   bool
	}{
		"nothing":           {nil, false},
		"a keepalive":       {[]*response{{}}, false},
		"one full response": {[]*response{many}, false},
		"three full ones":   {[]*response{many, many, many}, false},
		"and a keepalive":   {[]*response{many, many, many, {}}, true},
		"one big response":  {[]*response{big}, false},
		"two big responses": {[]*response{big, big}, true},
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
