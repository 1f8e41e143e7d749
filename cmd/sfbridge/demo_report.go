package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// demoReport is what the demo counted at the far ends.
type demoReport struct {
	Inbound  demoInbound  `json:"inbound"`
	Outbound demoOutbound `json:"outbound"`
	APICalls int          `json:"salesforce_api_calls"` // token and version calls left out
}

type demoInbound struct {
	Changes   int `json:"changes"`   // distinct pairs of record and final value that users made
	Delivered int `json:"delivered"` // of these, the ones that the platform holds
	Lost      int `json:"lost"`      // values that differ after the drain
	demoTimes
}

type demoOutbound struct {
	Webhooks int `json:"webhooks"`
	Written  int `json:"written"`
	Lost     int `json:"lost"`
	demoTimes
}

// demoTimes are from the commit at one side to the request at the other.
type demoTimes struct {
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
}

func timesOf(all []time.Duration) demoTimes {
	if len(all) == 0 {
		return demoTimes{}
	}
	sorted := slices.Sorted(slices.Values(all))
	at := func(q float64) float64 {
		d := sorted[int(q*float64(len(sorted)-1))]
		return math.Round(float64(d.Microseconds())/10) / 100
	}
	return demoTimes{at(0.5), at(0.99)}
}

// errLost ends a demo in which something did not arrive.
var errLost = errors.New("something was lost")

// tell prints the report, for programs or for people. A loss is a bug.
func (r *demoReport) tell(asJSON bool, c *console) error {
	if asJSON {
		b, err := json.Marshal(r)
		if err != nil {
			return err
		}
		c.printf("%s\n", b)
	} else {
		r.table(c)
	}
	if r.Inbound.Lost+r.Outbound.Lost > 0 {
		return &exitError{exitBug, fmt.Errorf("%w: %d inbound, %d outbound", errLost, r.Inbound.Lost, r.Outbound.Lost)}
	}
	return nil
}

// table is the report for people.
func (r *demoReport) table(c *console) {
	c.printf("\n  %-23s %8s %8s %6s %10s %12s\n", "counted at the far ends", "made", "arrived", "lost", "typical", "slowest 1 %")
	line := func(way string, made, arrived, lost int, t demoTimes) {
		c.printf("  %-23s %8d %8d %6d %7.1f ms %9.1f ms\n", way, made, arrived, lost, t.P50, t.P99)
	}
	line("Salesforce → respond.io", r.Inbound.Changes, r.Inbound.Delivered, r.Inbound.Lost, r.Inbound.demoTimes)
	line("respond.io → Salesforce", r.Outbound.Webhooks, r.Outbound.Written, r.Outbound.Lost, r.Outbound.demoTimes)
	c.printf("\n  %s of the Salesforce API", numberOf(r.APICalls, "call"))
	if r.Inbound.Lost+r.Outbound.Lost == 0 {
		c.printf("; both sides hold the same")
	}
	c.printf("\n")
}
