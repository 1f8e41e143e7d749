package main

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
	"sfbridge/bridge/status"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

// commitsKept is how many commits the p99 is taken from.
const commitsKept = 1024

// daemonOptions are those with which the daemon opens its store: within the room that the configuration gives it.
func daemonOptions(cfg *Config, now bridge.Now) bolt.Options {
	o := engineOptions(now)
	o.MaxSize, o.MinFree = int(cfg.Store.MaxSize), int64(cfg.Store.MinFree)
	o.DiskFree = func(path string) (int64, bool) {
		free, _, ok := disk(filepath.Dir(path))
		return free, ok
	}
	return o
}

// timedEngine is the engine with a clock on its commits.
type timedEngine struct {
	*bolt.DB
	seconds prometheus.Histogram

	mu   sync.Mutex
	last []float64
	next int
}

// tellStore says what was found wrong in the store when it was opened, for a week, and since.
func (a *app) tellStore(s *status.Status, h *store.Health) {
	const help = "sfbridge store check lists it; a backup is put back with: sfbridge store restore BACKUP"
	for _, n := range a.engine.Notes() {
		alarm(s, "store-damaged", help, "%s", n.Text)
		s.Alarms[len(s.Alarms)-1].Since = &n.At
	}
	if n := len(h.Damaged); n > 0 {
		alarm(s, "store-damaged", help, "%s cannot be read and are left out, the first is %s", numberOf(n, "record"), h.Damaged[0])
	}
	switch {
	case !h.Writable:
		alarm(s, "store-failed", "free the disk, then restart", "the store cannot be written: %s", h.Err)
	case h.Full != "":
		alarm(s, "store-full", "make room on the disk, or raise store.max_size; what waits is carried meanwhile, and that may make room too",
			"webhooks are answered 503 and nothing more is read from Salesforce: %s", h.Full)
	}
}

// meterStore tells how much room the store has.
func meterStore(s *store.Store, path string, to prometheus.Registerer) {
	gauge := func(name, help string, value func() float64) {
		to.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "sfbridge", Name: name, Help: help}, value))
	}
	health := func() store.Health { return s.Health(context.Background()) }
	gauge("store_size_bytes", "Size of the store's file.", func() float64 { return float64(health().Size) })
	gauge("store_unused_bytes", "Bytes of the store's file that hold nothing and are used before it grows.", func() float64 { return float64(health().Free) })
	gauge("store_free_bytes", "Bytes that are free on the store's disk; NaN where that is not known.", func() float64 {
		if free, _, ok := disk(filepath.Dir(path)); ok {
			return float64(free)
		}
		return math.NaN()
	})
	gauge("store_full", "1 while nothing new is taken in for want of room.", func() float64 {
		if health().Full != "" {
			return 1
		}
		return 0
	})
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
