package rest

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"sfbridge/bridge"
)

// Bounds of connections. Idle ones cover the courier's workers, so that a burst after an outage does not dial anew.
const (
	idlePerHost     = 256
	idleFor         = 90 * time.Second
	dialTimeout     = 10 * time.Second
	maxAnswerHeader = 256 << 10
)

var errTooLarge = errors.New("answer is larger than the bound")

// newTransport has no proxy and follows nothing. It asks for gzip and unpacks it by itself; the bound on the body counts what is unpacked.
func newTransport(deps Deps) *http.Transport {
	t := &http.Transport{
		DialContext:            deps.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    dialTimeout,
		MaxIdleConns:           0,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleFor,
		MaxResponseHeaderBytes: maxAnswerHeader,
	}
	if t.DialContext == nil {
		t.DialContext = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	if deps.TLS != nil {
		t.TLSClientConfig = deps.TLS.Clone()
		t.TLSClientConfig.InsecureSkipVerify = false
		t.TLSClientConfig.MinVersion = max(t.TLSClientConfig.MinVersion, tls.VersionTLS12)
	}
	return t
}

// capped is the end of the chain: it sends one request and reads its answer within the deadline and the bound.
func capped(t http.RoundTripper, cfg Config, now func() time.Time) Doer {
	return doFunc(func(ctx context.Context, c *Call) (*Answer, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, cfg.Timeout, fmt.Errorf("no answer within %s: %w", cfg.Timeout, context.DeadlineExceeded))
		defer cancel()
		var sent atomic.Bool
		req, err := request(watch(ctx, &sent), c, cfg.UserAgent)
		if err != nil {
			return nil, bridge.Permanent(fmt.Errorf("%s: %w", c.Op, err))
		}
		res, err := t.RoundTrip(req)
		if err != nil {
			return nil, judgeTransport(ctx, c, err, sent.Load())
		}
		defer res.Body.Close()
		body, err := read(res, cfg.MaxBody)
		switch {
		case errors.Is(err, errTooLarge) && c.Repeatable: // no trouble of the destination, and the same the next time
			return nil, fmt.Errorf("%s: %w of %d bytes", c.Op, err, cfg.MaxBody)
		case err != nil:
			return nil, judgeTransport(ctx, c, err, true)
		}
		return &Answer{Status: res.StatusCode, Header: res.Header, Body: body, At: now()}, nil
	})
}

// watch notes whether anything of the request left. A connection that is tried anew starts over.
func watch(ctx context.Context, sent *atomic.Bool) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { sent.Store(false) },
		WroteHeaders: func() { sent.Store(true) },
	})
}

func request(ctx context.Context, c *Call, agent string) (*http.Request, error) {
	if !strings.HasPrefix(c.Path, "/") {
		return nil, errors.New("path does not start with a slash")
	}
	body, kind, err := encode(c.Body)
	if err != nil {
		return nil, err
	}
	method := c.Method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.base, "/")+c.Path, body)
	if err != nil {
		return nil, errors.New("path or method cannot be sent")
	}
	req.Header.Set("User-Agent", agent)
	req.Header.Set("Accept", "application/json")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for _, from := range []http.Header{c.Header, c.auth} {
		for name, values := range from {
			if strings.ContainsAny(name+strings.Join(values, ""), "\r\n\x00") {
				return nil, fmt.Errorf("header %q cannot be sent", Clean(name))
			}
			req.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	return req, nil
}

func encode(body any) (io.Reader, string, error) {
	switch b := body.(type) {
	case nil:
		return nil, "", nil
	case []byte:
		return bytes.NewReader(b), "application/json", nil
	case url.Values:
		return strings.NewReader(b.Encode()), "application/x-www-form-urlencoded", nil
	}
	b, err := json.Marshal(body)
	if err != nil {
		return nil, "", fmt.Errorf("encode the body: %w", err)
	}
	return bytes.NewReader(b), "application/json", nil
}

// read takes the body up to the bound. Beyond it a 2xx is an error; of a refusal the beginning suffices.
func read(res *http.Response, most int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	ok := res.StatusCode >= 200 && res.StatusCode < 300
	switch {
	case int64(len(body)) > most && ok:
		return nil, errTooLarge
	case err != nil && ok:
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return body[:min(int64(len(body)), most)], nil
}

// judgeTransport marks an exchange that ended without a whole answer.
func judgeTransport(ctx context.Context, c *Call, err error, sent bool) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	err = bridge.Unavailable(fmt.Errorf("%s: %w", c.Op, err), 0)
	if sent && !c.Repeatable {
		return bridge.Uncertain(err)
	}
	return err
}
