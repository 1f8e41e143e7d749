package store

import (
	"container/heap"

	"sfbridge/bridge"
)

// nudge gives the lanes of records their turn whose writes are awaited no more, where they were given back for the sake of these. Work that is in hand
// may have looked before, and comes again at once if it is given back for that.
func (s *Store) nudge(us []bridge.Unconfirmed) {
	if len(us) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range us {
		u := &us[i]
		l := s.lanes[s.keyOf(bridge.Lane{Org: u.Org, Project: u.Project, Direction: bridge.Inbound, Source: string(u.Record)})]
		switch {
		case l == nil: // it sleeps, so nothing of it waits for a time
		case l.state == busy:
			l.nudged = true
		case l.state == waiting && l.head != nil && l.head.echo:
			heap.Remove(&s.defers, l.place)
			l.state = idle
			s.turnLocked(l)
		}
	}
	s.alarmLocked()
}
