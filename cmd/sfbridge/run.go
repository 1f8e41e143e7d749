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
	AcceptEmptyStore bool `help:"Start afresh where the store is missing or empty though there was one. What it held is lost."`
}

// Run carries until a signal comes. The first one stops in order, the second at once.
func (r *runCommand) Run(ctx context.Context, c *console) error {
	cfg, err := configured(r.Config, c)
	if err != nil {
		return err
	}
	w := realWorld(newLog(cfg, c))
	w.secrets = newVault(c, cfg.AllowInlineSecrets, w.log)
	w.secrets.look = hangups()
	w.acceptEmptyStore = r.AcceptEmptyStore
	a, err := newApp(cfg, w)
	if err != nil {
		return err
	}
	ctx, stop := untilSignal(ctx)
	defer stop()
	return a.Run(ctx)
}

// hangups are signals that ask for the secrets to be read anew, as after kill -HUP.
func hangups() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c
}

// untilSignal ends the context with the first signal and gives the second one back to the system, which ends the process.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
