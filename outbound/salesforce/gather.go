package salesforce

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"
)

// gather has questions of one kind asked together that come while one is under way: whoever comes first asks for all who wait by then, and hands the
// turn on. Nobody waits for company but for the linger, where there is one; the calls in flight are one a kind. It starts no goroutine.
type gather[Q, A any] struct {
	most   int // questions in one call
	ask    func(ctx context.Context, qs []Q) ([]A, error)
	linger func() time.Duration // how long a question waits for company; nil for not at all

	mu    sync.Mutex
	lines map[string]*line[Q, A]
}

// line is the questions of one kind.
type line[Q, A any] struct {
	waiting []*question[Q, A]
	asking  bool
	full    chan struct{} // holds one: a call is full
}

type question[Q, A any] struct {
	q     Q
	since time.Time
	turn  chan struct{}    // holds one: it is this one's turn to ask
	done  chan answerOf[A] // holds one
}

type answerOf[A any] struct {
	a   A
	err error
}

func newGather[Q, A any](most int, ask func(ctx context.Context, qs []Q) ([]A, error)) *gather[Q, A] {
	return &gather[Q, A]{most: most, ask: ask, lines: map[string]*line[Q, A]{}}
}

// do answers one question.
func (g *gather[Q, A]) do(ctx context.Context, kind string, q Q) (A, error) {
	me := &question[Q, A]{q, time.Now(), make(chan struct{}, 1), make(chan answerOf[A], 1)}
	l := g.join(kind, me)
	select {
	case got := <-me.done:
		return got.a, got.err
	case <-me.turn:
	case <-ctx.Done():
		g.leave(kind, l, me)
		var none A
		return none, context.Cause(ctx)
	}
	g.await(ctx, l, me.since)
	runtime.Gosched() // let those who are ready come along
	g.askAll(ctx, kind)
	got := <-me.done
	return got.a, got.err
}

// await waits until a question that came then has waited long enough, or a call is full.
func (g *gather[Q, A]) await(ctx context.Context, l *line[Q, A], since time.Time) {
	if g.linger == nil {
		return
	}
	wait := g.linger() - time.Since(since)
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.full:
	case <-ctx.Done(): // the call ends at once, and the others are asked for by the next
	}
}

// join queues a question. Where nobody asks, it is its turn at once.
func (g *gather[Q, A]) join(kind string, me *question[Q, A]) *line[Q, A] {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lines[kind]
	if l == nil {
		l = &line[Q, A]{full: make(chan struct{}, 1)}
		g.lines[kind] = l
	}
	l.waiting = append(l.waiting, me)
	g.markLocked(l)
	if !l.asking {
		l.asking = true
		me.turn <- struct{}{}
	}
	return l
}

// markLocked says whether there are questions enough to fill a call.
func (g *gather[Q, A]) markLocked(l *line[Q, A]) {
	select {
	case <-l.full:
	default:
	}
	if len(l.waiting) >= g.most {
		l.full <- struct{}{}
	}
}

// leave takes a question back, and hands the turn on where it had come. It may be answered by then, and the line ended.
func (g *gather[Q, A]) leave(kind string, l *line[Q, A], me *question[Q, A]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l.waiting = slices.DeleteFunc(l.waiting, func(q *question[Q, A]) bool { return q == me })
	g.markLocked(l)
	select {
	case <-me.turn:
		g.handOnLocked(kind, l)
	default:
	}
}

// askAll asks for the first of the line, the caller's own question among them. Where the caller goes away meanwhile, the others are asked for by the
// next of them.
func (g *gather[Q, A]) askAll(ctx context.Context, kind string) {
	g.mu.Lock()
	l := g.lines[kind]
	n := min(len(l.waiting), g.most)
	mine := slices.Clone(l.waiting[:n])
	l.waiting = slices.Delete(l.waiting, 0, n)
	g.markLocked(l)
	g.mu.Unlock()

	qs := make([]Q, n)
	for i, m := range mine {
		qs[i] = m.q
	}
	as, err := []A(nil), errBroken
	defer func() { g.settle(kind, l, mine, outcomeOf[A]{as, err, ctx.Err() != nil}) }()
	as, err = g.ask(ctx, qs)
}

// errBroken is for those who waited for a call that broke.
var errBroken = errors.New("the call that several waited for broke")

// outcomeOf is how a call for several ended; gone reports that the caller went away meanwhile.
type outcomeOf[A any] struct {
	as   []A
	err  error
	gone bool
}

func (g *gather[Q, A]) settle(kind string, l *line[Q, A], mine []*question[Q, A], out outcomeOf[A]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if out.err != nil && out.gone {
		l.waiting = slices.Insert(l.waiting, 0, mine[1:]...)
		g.markLocked(l)
		mine = mine[:1]
	}
	for i, m := range mine {
		got := answerOf[A]{err: out.err}
		if out.err == nil {
			got.a = out.as[i]
		}
		m.done <- got
	}
	g.handOnLocked(kind, l)
}

func (g *gather[Q, A]) handOnLocked(kind string, l *line[Q, A]) {
	if len(l.waiting) == 0 {
		delete(g.lines, kind)
		return
	}
	l.waiting[0].turn <- struct{}{}
}
