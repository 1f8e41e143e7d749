package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"sfbridge/bridge"
)

// ErrHeld is returned by a client with Deps.Hold for a request that was kept back and whose answer the caller needs.
var ErrHeld = errors.New("nothing was sent")

// Held is a request that was kept back. It holds no credentials.
type Held struct {
	Op     string
	Method string
	URL    string
	Body   []byte // as it would have gone out, nil for none
}

// reads reports whether the call changes nothing on the other side.
func (c *Call) reads() bool {
	return c.Method == "" || c.Method == http.MethodGet || c.Method == http.MethodHead || c.Reads
}

// hold keeps back what would change something. It stands where nothing but the network follows, so that what it shows is what would have been sent.
func hold(next Doer, deps Deps) Doer {
	if deps.Hold == nil {
		return next
	}
	return doFunc(func(ctx context.Context, c *Call) (*Answer, error) {
		if c.reads() {
			return next.Do(ctx, c)
		}
		held, err := keep(c)
		if err != nil {
			return nil, bridge.Permanent(fmt.Errorf("%s: %w", c.Op, err))
		}
		deps.Hold(held)
		if c.Into != nil {
			return nil, bridge.Permanent(fmt.Errorf("%s: %w", c.Op, ErrHeld))
		}
		return &Answer{Status: http.StatusNoContent, Header: http.Header{}, At: deps.Now()}, nil
	})
}

func keep(c *Call) (Held, error) {
	body, _, err := encode(c.Body)
	if err != nil {
		return Held{}, err
	}
	h := Held{Op: c.Op, Method: c.Method, URL: strings.TrimSuffix(c.base, "/") + c.Path}
	if body != nil {
		h.Body, err = io.ReadAll(body)
	}
	return h, err
}
