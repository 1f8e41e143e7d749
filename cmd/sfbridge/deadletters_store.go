package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"sfbridge/bridge"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

// withStore opens the store of a daemon that does not run, does something and closes it. It never makes a new store.
func withStore(ctx context.Context, cfg *Config, do func(letters) error) error {
	if _, err := os.Stat(cfg.Store.Path); err != nil {
		return &exitError{exitEnvironment, bridge.Hint(fmt.Errorf("no daemon answers and there is no store: %w", err), "start the daemon, or run this where its store is")}
	}
	engine, err := bolt.Open(cfg.Store.Path, engineOptions(time.Now))
	if err != nil {
		return &exitError{exitEnvironment, err}
	}
	base, end := context.WithCancel(ctx)
	var g errgroup.Group
	g.Go(func() error { return engine.Run(base) })
	s := store.New(engine, store.Options{Now: time.Now, Holder: "sfbridge dead-letters"})
	err = s.Open(base)
	if err != nil {
		err = &exitError{exitEnvironment, fmt.Errorf("open the store: %w", err)}
	} else {
		err = do(letters{s})
		s.Close()
	}
	end()
	_ = g.Wait()
	return errors.Join(err, engine.Close())
}
