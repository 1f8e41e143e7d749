package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

// storeCommand is about the store's file.
type storeCommand struct {
	Backup  storeBackup  `cmd:"" help:"Write a copy to a new file, also while the daemon runs."`
	Restore storeRestore `cmd:"" help:"Put a backup in the store's place; the file that stands there is kept."`
	Check   storeCheck   `cmd:"" help:"Look at every page and every record, also while the daemon runs."`
	Salvage storeSalvage `cmd:"" help:"Write what can be read of a damaged store to a new file, and list the rest."`
	Compact storeCompact `cmd:"" help:"Write the store anew without what is free in it."`
}

type storeBackup struct {
	configFlag
	File string `arg:"" help:"The new file."`
}

type storeRestore struct {
	configFlag
	File string `arg:"" help:"The backup."`
}

type storeCheck struct {
	configFlag
	JSON bool `name:"json" help:"As JSON."`
}

type storeSalvage struct {
	configFlag
	File string `arg:"" help:"The new file."`
	From string `placeholder:"FILE" help:"Read this file and not the store."`
}

type storeCompact struct {
	configFlag
}

// engineOptions are those with which every command opens the store.
func engineOptions(now bridge.Now) bolt.Options {
	return bolt.Options{Now: now, Verify: store.Intact}
}

// onStore answers the path of the store that the configuration names.
func onStore(file string, c *console) (string, bolt.Options, error) {
	cfg, err := localConfig(file, c.where)
	if err != nil {
		return "", bolt.Options{}, &exitError{exitConfig, err}
	}
	return cfg.Store.Path, engineOptions(time.Now), nil
}

// Run asks the daemon for a copy, and copies the store itself where no daemon answers.
func (b *storeBackup) Run(ctx context.Context, c *console) error {
	a, cfg, err := newAdmin(b.Config, c)
	if err != nil {
		return err
	}
	began := time.Now()
	o := engineOptions(time.Now)
	var got bolt.Copied
	body, err := a.open(ctx, http.MethodGet, "/store/backup", "application/octet-stream")
	switch {
	case err == nil:
		got, err = o.Receive(b.File, func(w io.Writer) error {
			_, err := io.Copy(w, body)
			return err
		})
		_ = body.Close()
	case errors.Is(err, errNoDaemon):
		got, err = bolt.Backup(ctx, cfg.Store.Path, b.File, o)
	}
	if err != nil {
		return environment(err)
	}
	c.printf("%s holds %s up to operation %d, %s, after %.1f s\n", got.Path, numberOf(int(got.Records), "record"), got.Counter, inMiB(got.Bytes), time.Since(began).Seconds())
	return nil
}

// Run restores.
func (r *storeRestore) Run(ctx context.Context, c *console) error {
	path, o, err := onStore(r.Config, c)
	if err != nil {
		return err
	}
	got, err := bolt.Restore(ctx, path, r.File, o)
	if err != nil {
		return environment(err)
	}
	c.printf("%s is %s: %s up to operation %d\n", path, r.File, numberOf(int(got.Records), "record"), got.Counter)
	if got.Aside != "" {
		c.printf("The file that stood there is %s.\n", got.Aside)
	}
	if got.Was > got.Counter {
		c.printf("The store was at operation %d before: what was done since is not known any more. The daemon says so when it starts,\n"+
			"and reads Salesforce's events again from where the backup stood, if that was within 72 hours.\n", got.Was)
	}
	return nil
}

// Run checks. The process ends with exitEnvironment where anything was found.
func (s *storeCheck) Run(ctx context.Context, c *console) error {
	a, cfg, err := newAdmin(s.Config, c)
	if err != nil {
		return err
	}
	var got bolt.Checked
	if err = a.call(ctx, http.MethodGet, "/store/check", &got); errors.Is(err, errNoDaemon) {
		got, err = bolt.Check(ctx, cfg.Store.Path, engineOptions(time.Now))
	}
	if err != nil {
		return environment(err)
	}
	switch {
	case s.JSON:
		err = printJSON(c, got)
	case len(got.Problems) == 0:
		c.printf("%s is sound: %s up to operation %d\n", cfg.Store.Path, numberOf(int(got.Records), "record"), got.Counter)
	default:
		for _, p := range got.Problems {
			c.printf("%s\n", printable(p.Text))
		}
		c.printf("%s, %s can be read\n  remedy: sfbridge store restore BACKUP; or sfbridge store salvage FILE, then restore FILE\n",
			numberOf(len(got.Problems), "problem"), numberOf(int(got.Records), "record"))
	}
	if err == nil && len(got.Problems) > 0 {
		err = &exitError{exitEnvironment, errTold}
	}
	return err
}

// Run salvages.
func (s *storeSalvage) Run(ctx context.Context, c *console) error {
	path, o, err := onStore(s.Config, c)
	if err != nil {
		return err
	}
	if s.From != "" {
		path = s.From
	}
	got, err := bolt.Salvage(ctx, path, s.File, o)
	if err != nil {
		return environment(err)
	}
	for _, p := range got.Lost {
		c.printf("%s\n", printable(p.Text))
	}
	of := ""
	if got.Stated > 0 {
		of = fmt.Sprintf(" of %d", got.Stated)
	}
	c.printf("%s holds %d%s records; %s was only read\n", s.File, got.Records, of, path)
	if len(got.Lost) > 0 {
		c.printf("To go on with it: sfbridge store restore %s\n", s.File)
	}
	return nil
}

// Run compacts.
func (s *storeCompact) Run(ctx context.Context, c *console) error {
	path, o, err := onStore(s.Config, c)
	if err != nil {
		return err
	}
	got, err := bolt.Compact(ctx, path, o)
	if err != nil {
		return environment(err)
	}
	c.printf("%s: %s, was %s\n", path, inMiB(got.Bytes), inMiB(got.Before))
	return nil
}

// environment gives an error about the store its exit code, unless it has one.
func environment(err error) error {
	if _, coded := errors.AsType[*exitError](err); coded {
		return err
	}
	return &exitError{exitEnvironment, err}
}

func inMiB(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }
