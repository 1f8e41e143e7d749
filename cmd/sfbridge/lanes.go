package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/courier"
	"sfbridge/bridge/status"
	"sfbridge/store"
)

// lanesCommand is about lanes that are stuck.
type lanesCommand struct {
	List    lanesList    `cmd:"" help:"List lanes whose first delivery was given back, with the reasons."`
	Release lanesRelease `cmd:"" help:"Try the first delivery of lanes now."`
	Skip    lanesSkip    `cmd:"" help:"Bury the first delivery of lanes, so that those behind it go on."`
}

type lanesList struct {
	configFlag
	Limit int  `default:"100" help:"How many at most (1 to 1000)."`
	JSON  bool `name:"json" help:"As JSON."`
}

type lanesRelease struct{ listedIDs }

type lanesSkip struct{ listedIDs }

// Run lists.
func (l *lanesList) Run(ctx context.Context, c *console) error {
	answer, err := answered[lanesAnswer](ctx, l.Config, c, fmt.Sprintf("/lanes?limit=%d", min(max(1, l.Limit), 1000)), nil)
	if err != nil {
		return err
	}
	return listedLanes.print(c, answer.Lanes, l.JSON)
}

// lanesAnswer is what a daemon answers.
type lanesAnswer struct {
	Lanes []status.Lane `json:"lanes"`
}

// listedLanes is how lanes are listed.
var listedLanes = list[status.Lane]{
	"lanes", "No lane is stuck.", "ID\tAGE\tPROJECT\tDIRECTION\tOF\tFAILED\tBEHIND\tNEXT TRY\tREASON", func(l *status.Lane) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s", l.ID, seconds(&l.AgeS), l.Project, l.Direction,
			strings.TrimSpace(string(l.Object)+" "+l.Source), l.Failed, l.Behind, nextTry(l), oneLine(l.Reason))
	},
}

func nextTry(l *status.Lane) string {
	if l.Next == nil {
		return l.State
	}
	return l.Next.UTC().Format(time.RFC3339)
}

// Run releases.
func (l *lanesRelease) Run(ctx context.Context, c *console) error {
	return l.errand("/lanes/%s/release", "released", nil).do(ctx, c)
}

// Run skips.
func (l *lanesSkip) Run(ctx context.Context, c *console) error {
	return l.errand("/lanes/%s/skip", "skipped", nil).do(ctx, c)
}

// skipped is the reason of what an operator buries.
const skipped = "skipped by operator"

// stuckLanes tells the store's lanes to the admin listener.
type stuckLanes struct {
	store   *store.Store
	courier *courier.Courier
	now     bridge.Now
}

// Stuck lists them.
func (s stuckLanes) Stuck(ctx context.Context, limit int) ([]status.Lane, error) {
	all, err := s.store.Stuck(ctx, limit)
	shown := make([]status.Lane, len(all))
	for i := range all {
		shown[i] = laneOf(&all[i], s.now())
	}
	return shown, err
}

// Release has a head tried now.
func (s stuckLanes) Release(ctx context.Context, id string) error {
	return inHand(s.store.Release(ctx, id))
}

// Skip buries a head, and lets go what waits for it.
func (s stuckLanes) Skip(ctx context.Context, id string) error {
	d, err := s.store.Skip(ctx, id, skipped)
	if err == nil {
		s.courier.Forget(d)
	}
	return inHand(err)
}

func inHand(err error) error {
	if errors.Is(err, store.ErrInHand) {
		return fmt.Errorf("%w: %w", status.ErrInHand, err)
	}
	return err
}

// laneOf is what may be shown of a lane.
func laneOf(w *store.Waiting, now time.Time) status.Lane {
	d := &w.Head
	l := status.Lane{
		ID: w.ID, Org: d.Lane.Org, Project: d.Lane.Project, Direction: d.Lane.Direction, Transfer: d.Transfer, Object: d.Object, Source: d.Lane.Source,
		State: "due", Reason: w.Reason, Failed: w.Failed, TakenIn: w.TakenIn, AgeS: now.Sub(w.TakenIn).Seconds(), Behind: w.Behind,
	}
	switch {
	case w.InHand:
		l.State = "in hand"
	case w.Deferred:
		l.State, l.Next = "deferred", &w.Next
	}
	for _, h := range w.Heard {
		l.Heard = append(l.Heard, h.At.UTC().Format(time.RFC3339)+" "+status.HeardText(h))
	}
	return l
}
