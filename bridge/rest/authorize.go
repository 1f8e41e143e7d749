package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"sfbridge/bridge"
)

// authorize gives a call its base address and credentials and renews them once when they are refused.
type authorize struct {
	next  Doer
	base  string
	rule  addressRule
	give  func(ctx context.Context) (string, http.Header, error)
	renew func(ctx context.Context) error
	// turn holds the state and is the right to renew: a channel, since renewing waits.
	turn chan renewal
	busy atomic.Bool // somebody renews
}

// renewal is what became of the last renewing.
type renewal struct {
	count int
	err   error
}

func newAuthorize(next Doer, base string, rule addressRule, deps Deps) *authorize {
	a := &authorize{next: next, base: base, rule: rule, give: deps.Authorize, renew: deps.Renew, turn: make(chan renewal, 1)}
	a.turn <- renewal{}
	return a
}

// Do sends the call, and sends it once more after a 401 and a renewal.
func (a *authorize) Do(ctx context.Context, c *Call) (*Answer, error) {
	seen, err := a.renewals(ctx)
	if err != nil {
		return nil, unrenewed(c, err)
	}
	answer, err := a.send(ctx, c)
	if err != nil || answer.Status != http.StatusUnauthorized || a.renew == nil {
		return answer, err
	}
	if err := a.renewOnce(ctx, seen); err != nil {
		return nil, unrenewed(c, err)
	}
	return a.send(ctx, c)
}

func unrenewed(c *Call, err error) error {
	return bridge.Unavailable(fmt.Errorf("%s: renew credentials: %w", c.Op, err), waitOf(err))
}

// renewals is how often credentials were renewed. It waits while they are, and shares the failure if that is how it ends.
func (a *authorize) renewals(ctx context.Context) (int, error) {
	busy := a.busy.Load()
	select {
	case r := <-a.turn:
		a.turn <- r
		if busy && r.err != nil {
			return 0, r.err
		}
		return r.count, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// renewOnce renews unless somebody has done so since the caller looked; a failure is shared with those who waited for it.
func (a *authorize) renewOnce(ctx context.Context, seen int) error {
	var r renewal
	select {
	case r = <-a.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	if r.count == seen {
		a.busy.Store(true)
		err := a.renew(ctx)
		r = renewal{count: seen + 1, err: err}
		if err != nil && ctx.Err() != nil { // a caller who gave up leaves the turn to the next
			r = renewal{count: seen}
		}
		a.busy.Store(false)
		a.turn <- r
		return err
	}
	a.turn <- r
	return r.err
}

// send gives the call its base and credentials and passes it on.
func (a *authorize) send(ctx context.Context, c *Call) (*Answer, error) {
	out := *c
	out.base = a.base
	if a.give != nil {
		base, header, err := a.give(ctx)
		if err != nil {
			return nil, bridge.Unavailable(fmt.Errorf("%s: authorize: %w", c.Op, err), waitOf(err))
		}
		if base != "" {
			if err := a.rule.check(base); err != nil {
				return nil, bridge.Unavailable(fmt.Errorf("%s: %w", c.Op, err), 0)
			}
			out.base = base
		}
		out.auth = header
	}
	if out.base == "" {
		return nil, bridge.Unavailable(fmt.Errorf("%s: %w", c.Op, errors.New("no base address")), 0)
	}
	answer, err := a.next.Do(ctx, &out)
	if err == nil && !answer.OK() {
		answer.Body = blot(answer.Body, out.auth)
	}
	return answer, err
}

// waitOf keeps the wait that an error of the login names.
func waitOf(err error) (wait time.Duration) {
	_, wait = bridge.VerdictOf(err)
	return wait
}

// blot takes credentials out of what the other side answered, in case it echoes them.
func blot(body []byte, auth http.Header) []byte {
	for _, values := range auth {
		for _, v := range values {
			if _, token, ok := strings.Cut(v, " "); ok {
				v = token
			}
			if len(v) >= 8 {
				body = bytes.ReplaceAll(body, []byte(v), []byte("<secret>"))
			}
		}
	}
	return body
}
