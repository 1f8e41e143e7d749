package status

import (
	"context"
	"slices"
	"sync"
	"time"

	"sfbridge/bridge"
)

// Bounds of the meter.
const (
	meterMinutes = 60  // shown on the page as one hour
	meterSeconds = 60  // of which the rate is told
	meterTimes   = 512 // latencies kept for an outlet: enough for a p99, 4 KiB
	meterHistory = 500 // stories read at start, so that a restart does not blank the page
)

// Meter counts what went through each outlet of late. It reads the stories and so costs the pipeline nothing.
type Meter struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[bridge.Outlet]*gauge
}

type gauge struct {
	counts [meterMinutes]int
	minute int64 // of the newest count, since 1970
	recent [meterSeconds]tick
	times  []float64
	next   int
}

// tick counts one second.
type tick struct {
	second int64 // since 1970
	count  int
}

// NewMeter makes a meter that has seen nothing.
func NewMeter(now func() time.Time) *Meter {
	return &Meter{now: now, by: map[bridge.Outlet]*gauge{}}
}

// Run follows the stories until the context ends.
func (m *Meter) Run(ctx context.Context, from Stories) error {
	past, err := from.Stories(ctx, Filter{}, meterHistory)
	if err != nil {
		return err
	}
	var after uint64
	for i := range slices.Backward(past) {
		m.Count(&past[i])
		after = max(after, past[i].Seq)
	}
	for s, err := range from.Follow(ctx, after) {
		if err != nil {
			return err
		}
		m.Count(&s)
	}
	return ctx.Err()
}

// Count takes one story in. Only what was sent counts.
func (m *Meter) Count(s *bridge.Story) {
	if s.Outcome != bridge.Sent {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o := bridge.Outlet{Project: s.Project, Direction: s.Direction}
	g := m.by[o]
	if g == nil {
		g = &gauge{}
		m.by[o] = g
	}
	minute := s.At.Unix() / 60
	g.turn(minute)
	if age := g.minute - minute; age >= 0 && age < meterMinutes {
		g.counts[minute%meterMinutes]++
	}
	g.tick(s.At.Unix())
	if s.TookMS <= 0 {
		return
	}
	if len(g.times) < meterTimes {
		g.times = append(g.times, s.TookMS/1000)
		return
	}
	g.times[g.next] = s.TookMS / 1000
	g.next = (g.next + 1) % meterTimes
}

// turn empties the minutes between the newest count and now.
func (g *gauge) turn(minute int64) {
	if minute <= g.minute {
		return
	}
	for i := max(g.minute+1, minute-meterMinutes+1); i <= minute; i++ {
		g.counts[i%meterMinutes] = 0
	}
	g.minute = minute
}

// tick counts one delivery of a second; one that is older than what its place holds is no longer of interest.
func (g *gauge) tick(second int64) {
	t := &g.recent[second%meterSeconds]
	if second > t.second {
		*t = tick{second: second}
	}
	if second == t.second {
		t.count++
	}
}

// lately counts the last minute.
func (g *gauge) lately(now int64) (sum int) {
	for _, t := range g.recent {
		if t.second > now-meterSeconds {
			sum += t.count
		}
	}
	return sum
}

// Flow is what went through the outlet of late.
func (m *Meter) Flow(o bridge.Outlet) Flow {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.by[o]
	if g == nil {
		return Flow{PerMinute: new(float64), Minutes: make([]int, meterMinutes)}
	}
	now := m.now().Unix()
	g.turn(now / 60)
	f := Flow{Minutes: make([]int, meterMinutes), PerMinute: new(float64(g.lately(now)))}
	for i := range f.Minutes {
		f.Minutes[i] = g.counts[(g.minute-int64(meterMinutes-1-i))%meterMinutes]
	}
	if len(g.times) > 0 {
		sorted := slices.Sorted(slices.Values(g.times))
		f.P50S, f.P99S = new(sorted[(len(sorted)-1)/2]), new(sorted[(len(sorted)-1)*99/100])
	}
	return f
}
