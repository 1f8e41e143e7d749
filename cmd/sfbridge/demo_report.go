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
		c.printf("\nSalesforce → platform  %d changes, %d delivered, %d lost, p50 %.1f ms, p99 %.1f ms\n", r.Inbound.Changes, r.Inbound.Delivered, r.Inbound.Lost, r.Inbound.P50, r.Inbound.P99)
		c.printf("platform → Salesforce  %d webhooks, %d written, %d lost, p50 %.1f ms, p99 %.1f ms\n", r.Outbound.Webhooks, r.Outbound.Written, r.Outbound.Lost, r.Outbound.P50, r.Outbound.P99)
		c.printf("Salesforce API calls   %d\n", r.APICalls)
	}
	if r.Inbound.Lost+r.Outbound.Lost > 0 {
		return &exitError{exitBug, fmt.Errorf("%w: %d inbound, %d outbound", errLost, r.Inbound.Lost, r.Outbound.Lost)}
	}
	return nil
}
