package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"sfbridge/bridge"
	"sfbridge/bridge/status"
)

// deadLettersCommand is about what was buried.
type deadLettersCommand struct {
	List    lettersList    `cmd:"" help:"List what was buried, with the reasons."`
	Show    lettersShow    `cmd:"" help:"Show one."`
	Redrive lettersRedrive `cmd:"" help:"Put deliveries back behind what waits in their lanes."`
	Drop    lettersDrop    `cmd:"" help:"Forget deliveries for good."`
}

type lettersList struct {
	configFlag
	Limit   int    `default:"100" help:"How many at most (1 to 1000)."`
	Project string `placeholder:"NAME" help:"Those of this project."`
	JSON    bool   `name:"json" help:"As JSON."`
}

type lettersShow struct {
	configFlag
	ID string `arg:"" help:"The dead letter's id."`
}

type lettersRedrive struct {
	configFlag
	IDs     []string `arg:"" optional:"" name:"id" help:"The dead letters' ids."`
	All     bool     `help:"All of them."`
	Project string   `placeholder:"NAME" help:"All of this project."`
	Rate    float64  `default:"50" help:"How many a second at most; 0 for as fast as it goes."`
}

type lettersDrop struct {
	configFlag
	IDs []string `arg:"" name:"id" help:"The dead letters' ids."`
}

// graves are the dead letters, of the running daemon or, while none runs, of its store.
type graves interface {
	list(ctx context.Context, p status.LetterPage) ([]status.Letter, error)
	show(ctx context.Context, id string) (status.Letter, error)
	redrive(ctx context.Context, id string) error
	drop(ctx context.Context, id string) error
}

// withGraves asks the daemon, and opens the store itself where no daemon answers.
func withGraves(ctx context.Context, file string, c *console, do func(graves) error) error {
	return asked(ctx, file, c, func(a *admin) error { return do(adminGraves{a}) }, func(l letters) error { return do(storeGraves{l}) })
}

// Run lists.
func (l *lettersList) Run(ctx context.Context, c *console) error {
	return withGraves(ctx, l.Config, c, func(g graves) error {
		all, err := g.list(ctx, status.LetterPage{Project: bridge.ProjectID(l.Project), Limit: min(max(1, l.Limit), lettersPage)})
		if err != nil {
			return err
		}
		return listedLetters.print(c, all, l.JSON)
	})
}

// listedLetters is how dead letters are listed.
var listedLetters = list[status.Letter]{
	"dead_letters", "No dead letters.", "ID\tBURIED\tPROJECT\tDIRECTION\tOF\tATTEMPTS\tREASON", func(l *status.Letter) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%d\t%s", l.ID, l.Buried.Format(time.RFC3339), l.Project, l.Direction,
			strings.TrimSpace(string(l.Object)+" "+l.Source), l.Attempts, oneLine(l.Reason))
	},
}

// Run shows one.
func (l *lettersShow) Run(ctx context.Context, c *console) error {
	return withGraves(ctx, l.Config, c, func(g graves) error {
		letter, err := g.show(ctx, l.ID)
		if err != nil {
			return err
		}
		return printJSON(c, letter)
	})
}

// Run redrives.
func (l *lettersRedrive) Run(ctx context.Context, c *console) error {
	if many := l.All || l.Project != ""; many == (len(l.IDs) > 0) {
		return &exitError{exitConfig, errors.New("name ids, or say --all or --project")}
	}
	return withGraves(ctx, l.Config, c, func(g graves) error { return l.redrive(ctx, c, g) })
}

// redrive puts the letters back that are named or match.
func (l *lettersRedrive) redrive(ctx context.Context, c *console, g graves) error {
	pace := rate.NewLimiter(rate.Inf, 1)
	if l.Rate > 0 {
		pace.SetLimit(rate.Limit(l.Rate))
	}
	act := func(ctx context.Context, id string) error {
		if err := pace.Wait(ctx); err != nil {
			return err
		}
		return g.redrive(ctx, id)
	}
	if len(l.IDs) > 0 {
		return each(ctx, c, slices.Values(l.IDs), "redriven", act)
	}
	var fault error
	err := each(ctx, c, l.matching(ctx, g, &fault), "redriven", act)
	return errors.Join(fault, err)
}

// matching are the letters that are asked for, a page at a time. It ends at a fault.
func (l *lettersRedrive) matching(ctx context.Context, g graves, fault *error) iter.Seq[string] {
	return func(yield func(string) bool) {
		page := status.LetterPage{Project: bridge.ProjectID(l.Project), Limit: lettersPage}
		for {
			all, err := g.list(ctx, page)
			if *fault = err; err != nil {
				return
			}
			for i := range all {
				if page.After = all[i].ID; !yield(page.After) {
					return
				}
			}
			if len(all) < page.Limit {
				return
			}
		}
	}
}

// lettersPage is how many letters are listed at once, at most.
const lettersPage = 1000

// Run drops.
func (l *lettersDrop) Run(ctx context.Context, c *console) error {
	return withGraves(ctx, l.Config, c, func(g graves) error { return each(ctx, c, slices.Values(l.IDs), "dropped", g.drop) })
}

func printJSON(c *console, v any) error {
	e := json.NewEncoder(c.out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// adminGraves asks the running daemon.
type adminGraves struct{ admin *admin }

func (g adminGraves) list(ctx context.Context, p status.LetterPage) ([]status.Letter, error) {
	var answer struct {
		Letters []status.Letter `json:"dead_letters"`
	}
	err := g.admin.call(ctx, http.MethodGet, fmt.Sprintf("/dead-letters?limit=%d&project=%s&after=%s", p.Limit, url.QueryEscape(string(p.Project)), url.QueryEscape(p.After)), &answer)
	return answer.Letters, err
}

func (g adminGraves) show(ctx context.Context, id string) (l status.Letter, err error) {
	err = g.admin.call(ctx, http.MethodGet, "/dead-letters/"+url.PathEscape(id), &l)
	return l, err
}

func (g adminGraves) redrive(ctx context.Context, id string) error { return g.act(ctx, id, "redrive") }
func (g adminGraves) drop(ctx context.Context, id string) error    { return g.act(ctx, id, "drop") }

func (g adminGraves) act(ctx context.Context, id, act string) error {
	return g.admin.call(ctx, http.MethodPost, "/dead-letters/"+url.PathEscape(id)+"/"+act, &struct{}{})
}

// storeGraves works on the store itself.
type storeGraves struct{ letters letters }

func (g storeGraves) list(ctx context.Context, p status.LetterPage) ([]status.Letter, error) {
	all, err := g.letters.List(ctx, p)
	shown := make([]status.Letter, len(all))
	for i := range all {
		shown[i] = status.LetterOf(&all[i])
	}
	return shown, err
}

func (g storeGraves) show(ctx context.Context, id string) (status.Letter, error) {
	d, err := g.letters.Show(ctx, id)
	if errors.Is(err, bridge.ErrNotFound) {
		return status.Letter{}, &exitError{exitConfig, fmt.Errorf("there is no such dead letter: %w", err)}
	}
	return status.LetterOf(&d), err
}

func (g storeGraves) redrive(ctx context.Context, id string) error { return g.letters.Redrive(ctx, id) }
func (g storeGraves) drop(ctx context.Context, id string) error    { return g.letters.Drop(ctx, id) }
