package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"

	"sfbridge/bridge/status"
)

// This file is what the commands that operate a daemon have in common: who is asked, how ids are acted on one by one, and how a list is printed.

// asked has the running daemon do something, or does it to the store where no daemon answers. A nil alone needs the daemon.
func asked(ctx context.Context, file string, c *console, daemon func(*admin) error, alone func(letters) error) error {
	a, cfg, err := newAdmin(file, c)
	if err != nil {
		return err
	}
	if err = daemon(a); alone == nil || !errors.Is(err, errNoDaemon) {
		return err
	}
	return withStore(ctx, cfg, alone)
}

// answered asks the running daemon for what lies at the path, or the store where no daemon answers.
func answered[T any](ctx context.Context, file string, c *console, path string, alone func(letters) (T, error)) (answer T, err error) {
	var inStore func(letters) error
	if alone != nil {
		inStore = func(l letters) (err error) {
			answer, err = alone(l)
			return err
		}
	}
	err = asked(ctx, file, c, func(a *admin) error { return a.call(ctx, http.MethodGet, path, &answer) }, inStore)
	return answer, err
}

// errand is what is done to each of some ids.
type errand struct {
	config string
	ids    []string
	path   string // of the daemon, with %s for the id
	done   string // such as "dropped"
	alone  func(ctx context.Context, l letters, id string) error
}

// do has the daemon act, or acts itself on the store where no daemon answers and alone is not nil.
func (x errand) do(ctx context.Context, c *console) error {
	ids := slices.Values(x.ids)
	daemon := func(a *admin) error {
		return each(ctx, c, ids, x.done, func(ctx context.Context, id string) error {
			return a.call(ctx, http.MethodPost, fmt.Sprintf(x.path, url.PathEscape(id)), &struct{}{})
		})
	}
	if x.alone == nil {
		return asked(ctx, x.config, c, daemon, nil)
	}
	return asked(ctx, x.config, c, daemon, func(l letters) error {
		return each(ctx, c, ids, x.done, func(ctx context.Context, id string) error { return unknownID(x.alone(ctx, l, id)) })
	})
}

// listedIDs are the flags of a command that acts on what another lists.
type listedIDs struct {
	configFlag
	IDs []string `arg:"" name:"id" help:"The ids that list shows."`
}

func (l *listedIDs) errand(path, done string, alone func(context.Context, letters, string) error) errand {
	return errand{l.Config, l.IDs, path, done, alone}
}

// each acts on every id and says so; what fails does not keep the others.
func each(ctx context.Context, c *console, ids iter.Seq[string], done string, act func(context.Context, string) error) error {
	n, faults := 0, []error(nil)
	for id := range ids {
		if err := act(ctx, id); err != nil {
			if errors.Is(err, errNoDaemon) {
				return err
			}
			faults = append(faults, fmt.Errorf("%s: %w", id, err))
			continue
		}
		n++
	}
	c.printf("%d %s\n", n, done)
	if len(faults) == 0 {
		return nil
	}
	return &exitError{exitCode(faults[0]), errors.Join(faults...)}
}

// oneLine is text as it fits into a column.
func oneLine(s string) string {
	first, _, _ := strings.Cut(s, "\n")
	return strings.ReplaceAll(first, "\t", " ")
}

// list is how things are listed.
type list[T any] struct {
	name string // in JSON
	none string // the sentence where there are none
	head string // of the columns, a tab between two
	line func(*T) string
}

// print prints all as JSON or as a table.
func (l list[T]) print(c *console, all []T, asJSON bool) error {
	if asJSON {
		return printJSON(c, map[string]any{"schema": status.Schema, l.name: all})
	}
	if len(all) == 0 {
		c.printf("%s\n", l.none)
		return nil
	}
	w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, l.head)
	for i := range all {
		_, _ = fmt.Fprintln(w, printable(l.line(&all[i])))
	}
	return w.Flush()
}
