package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/courier"
	"sfbridge/bridge/rule"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

// The benches of this package measure what no room measures alone; .ci/bench sets them beside others.

// intakeOf is an intake over a real store, of one project that reads ten fields of Account and hears of contacts.
type intakeOf struct {
	store *store.Store
	rules *rule.Set
	*courier.Intake
}

func newIntakeOf(b *testing.B) *intakeOf {
	b.Helper()
	pair := func(salesforce bridge.Field, platform bridge.Attribute) bridge.Pair {
		return bridge.Pair{Salesforce: salesforce, Platform: platform}
	}
	rules, err := rule.Compile([]bridge.Project{{ID: "shop", Org: "acme", Transfers: []bridge.Transfer{{
		ID: "accounts", Object: "Account", Kind: bridge.ContactTouched, Direction: bridge.Both, NoContact: bridge.CreateNew, NoRecord: bridge.SkipIt,
		Identity: []bridge.Pair{pair("Phone", "phone")},
		Fields: []bridge.Pair{
			pair("Name", "lastName"), pair("Website", "custom.web"), pair("Industry", "custom.industry"), pair("BillingCity", "custom.city"),
			pair("BillingCountry", "custom.country"), pair("OwnerId", "custom.owner"), pair("NumberOfEmployees", "custom.size"),
			pair("Custom_90__c", "custom.a"), pair("Custom_200__c", "custom.b"),
		},
	}}}})
	if err != nil {
		b.Fatal(err)
	}
	engine, err := bolt.Open(filepath.Join(b.TempDir(), "sfbridge.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	var disk sync.WaitGroup
	disk.Go(func() { _ = engine.Run(ctx) })
	s := store.New(engine, store.Options{Holder: "bench", MaxBytes: 8 << 30})
	if err := s.Open(ctx); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		s.Close()
		end()
		disk.Wait()
		_ = engine.Close()
	})
	return &intakeOf{s, rules, courier.NewIntake(s, rules, courier.Ours{}, time.Now)}
}

// cpu reports the time that the processor gave to this process for each operation of f, and operations by the clock.
func cpu(b *testing.B, f func()) {
	b.Helper()
	spent := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	began := spent()
	b.ResetTimer()
	f()
	b.StopTimer()
	b.ReportMetric(float64(spent()-began)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}

func benchLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

func shopSource(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n) }
