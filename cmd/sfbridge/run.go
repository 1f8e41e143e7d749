package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// runCommand is the daemon.
type runCommand struct {
	configFlag
}

// Run carries until a signal comes. The first one stops in order, the second at once.
func (r *runCommand) Run(ctx context.Context, c *console) error {
	cfg, err := configured(r.Config, c)
	if err != nil {
		return err
	}
	a, err := newApp(cfg, realWorld(newLog(cfg, c)))
	if err != nil {
		return err
	}
	ctx, stop := untilSignal(ctx)
	defer stop()
	return a.Run(ctx)
}

// untilSignal ends the context with the first signal and gives the second one back to the system, which ends the process.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
