package main

import (
	"context"
	"time"
)

// demoCommand shows the bridge at work.
type demoCommand struct {
	For  time.Duration `placeholder:"DURATION" help:"End after this time; without it, on Ctrl-C."`
	JSON bool          `name:"json" help:"End with one line of JSON and print nothing else."`
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
