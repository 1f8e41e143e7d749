package salesforce

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
)

// gather has questions of one kind asked together that come while one is under way: whoever comes first asks for all who wait by then, and hands the
// turn on. Nobody waits for company; the calls in flight are one a kind. It starts no goroutine.
type gather[Q, A any] struct {
	most int // questions in one call
	ask  func(ctx context.Context, qs []Q) ([]A, error)

	mu    sync.Mutex
	lines map[string]*line[Q, A]
}

// line is the questions of one kind.
type line[Q, A any] struct {
	waiting []*question[Q, A]
	asking  bool
}

type question[Q, A any] struct {
	q    Q
	turn chan struct{}    // holds one: it is this one's turn to ask
	done chan answerOf[A] // holds one
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
	me := &question[Q, A]{q, make(chan struct{}, 1), make(chan answerOf[A], 1)}
	if !g.join(kind, me) {
		select {
		case got := <-me.done:
			return got.a, got.err
		case <-me.turn:
		case <-ctx.Done():
			g.leave(kind, me)
			var none A
			return none, context.Cause(ctx)
		}
	}
	runtime.Gosched() // let those who are ready come along
	g.askAll(ctx, kind)
	got := <-me.done
	return got.a, got.err
}

// join queues a question, and reports whether it is its turn at once.
func (g *gather[Q, A]) join(kind string, me *question[Q, A]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lines[kind]
	if l == nil {
		l = &line[Q, A]{}
		g.lines[kind] = l
	}
	l.waiting = append(l.waiting, me)
	if l.asking {
		return false
	}
	l.asking = true
	return true
}

// leave takes a question back, and hands the turn on where it had come.
func (g *gather[Q, A]) leave(kind string, me *question[Q, A]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lines[kind]
	l.waiting = slices.DeleteFunc(l.waiting, func(q *question[Q, A]) bool { return q == me })
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
