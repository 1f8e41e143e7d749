package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge/status"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

// commitsKept is how many commits the p99 is taken from.
const commitsKept = 1024

// timedEngine is the engine with a clock on its commits.
type timedEngine struct {
	*bolt.DB
	seconds prometheus.Histogram

	mu   sync.Mutex
	last []float64
	next int
}

// tellStore says what was found wrong in the store when it was opened, for a week, and since.
func (a *app) tellStore(s *status.Status, damaged []string) {
	const help = "sfbridge store check lists it; a backup is put back with: sfbridge store restore BACKUP"
	for _, n := range a.engine.Notes() {
		alarm(s, "store-damaged", help, "%s", n.Text)
		s.Alarms[len(s.Alarms)-1].Since = &n.At
	}
	if len(damaged) > 0 {
		alarm(s, "store-damaged", help, "%s cannot be read and are left out, the first is %s", numberOf(len(damaged), "record"), damaged[0])
	}
}

func newTimedEngine(db *bolt.DB, to prometheus.Registerer) *timedEngine {
	e := &timedEngine{DB: db, seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: "sfbridge", Name: "store_commit_duration_seconds", Help: "Time until a transaction was durable, its wait for others included.",
		Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 5, 10},
	})}
	to.MustRegister(e.seconds)
	return e
}

// Apply notes how long a transaction took to be durable.
func (e *timedEngine) Apply(ctx context.Context, tx store.Tx) error {
	begun := time.Now()
	err := e.DB.Apply(ctx, tx)
	if err == nil {
		e.note(time.Since(begun).Seconds())
	}
	return err
}

func (e *timedEngine) note(took float64) {
	e.seconds.Observe(took)
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.last) < commitsKept {
		e.last = append(e.last, took)
		return
	}
	e.last[e.next] = took
	e.next = (e.next + 1) % commitsKept
}

// slowest is the p99 of the last commits, nil before the first.
func (e *timedEngine) slowest() *float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.last) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(e.last))
	return new(sorted[(len(sorted)-1)*99/100])
}
