package main

import (
	"context"
	"fmt"
	"time"
)

// demoMostEdits is as many edits a second each way as a demo plays: the simulators and the people share the machine with the daemon.
const demoMostEdits = 200

// demoCommand shows the bridge at work.
type demoCommand struct {
	For  time.Duration `placeholder:"DURATION" help:"End after this time; without it, on Ctrl-C."`
	Rate int           `placeholder:"N" default:"25" help:"Edits a second each way, 25 by itself."`
	JSON bool          `name:"json" help:"End with one line of JSON and print nothing else."`
}

// Validate refuses a pace that nobody could keep.
func (d *demoCommand) Validate() error {
	if d.Rate < 1 || d.Rate > demoMostEdits {
		return fmt.Errorf("--rate is %d edits a second each way; 1 to %d can be played", d.Rate, demoMostEdits)
	}
	return nil
}

// Run plays both sides until the time is up or a signal comes, then tells what was carried.
func (d *demoCommand) Run(ctx context.Context, c *console) error {
	ctx, stop := untilSignal(ctx)
	defer stop()
	if d.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.For)
		defer cancel()
	}
	r, err := playDemo(ctx, d, c)
	if err != nil {
		return err
	}
	return r.tell(d.JSON, c)
}
