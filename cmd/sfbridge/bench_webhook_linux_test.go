package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio"
	"sfbridge/outbound"
)

const benchKey = "a signing key of twenty-four bytes and more"

// BenchmarkWebhook is one webhook of 574 bytes over kept connections of loopback, one after the other on each: answered by a bare Echo handler, and
// by ours once it is verified and durable.
func BenchmarkWebhook(b *testing.B) {
	for _, connections := range []int{64, 256} {
		b.Run(fmt.Sprintf("hello-%d", connections), func(b *testing.B) {
			e := echo.New()
			e.POST("/hooks/shop", func(c echo.Context) error { return c.String(http.StatusOK, "hello") })
			ln := listenHere(b)
			server := &http.Server{Handler: e}
			go func() { _ = server.Serve(ln) }()
			defer func() { _ = server.Close() }()
			hammer(b, ln.Addr().String(), connections)
		})
		b.Run(fmt.Sprintf("durable-%d", connections), func(b *testing.B) {
			in := newIntakeOf(b)
			source := outbound.Source{
				Project: "shop", Org: func() bridge.OrgID { return rigOrg }, Hook: respondio.NewHook(respondio.Defaults(), []string{benchKey}),
			}
			server, err := outbound.New(outbound.Config{}, outbound.Deps{Inbox: in, Sources: map[string]outbound.Source{"shop": source}, Log: benchLog()})
			if err != nil {
				b.Fatal(err)
			}
			ln := listenHere(b)
			ctx, stop := context.WithCancel(b.Context())
			over := make(chan error, 1)
			go func() { over <- server.Run(ctx, ln) }()
			hammer(b, ln.Addr().String(), connections)
			stop()
			if err := <-over; err != nil {
				b.Error(err)
			}
		})
	}
}

func listenHere(b *testing.B) net.Listener {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	return ln
}

// hammer spreads b.N webhooks over the connections.
func hammer(b *testing.B, address string, connections int) {
	b.Helper()
	conns := make([]net.Conn, connections)
	for i := range conns {
		var err error
		if conns[i], err = net.Dial("tcp", address); err != nil {
			b.Fatal(err)
		}
		defer func() { _ = conns[i].Close() }()
	}
	cpu(b, func() {
		var wg sync.WaitGroup
		for i, c := range conns {
			wg.Go(func() {
				r := bufio.NewReader(c)
				for n := i; n < b.N; n += connections {
					if _, err := c.Write(webhook(n)); err != nil {
						b.Error(err)
						return
					}
					if status, err := answer(r); err != nil || status != http.StatusOK {
						b.Errorf("answered %d: %v", status, err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}

// webhook is the n-th request, of 574 bytes of body.
func webhook(n int) []byte {
	var body bytes.Buffer
	fmt.Fprintf(&body, `{"event_id":%q,"event_type":"contact.updated","contact":{"id":%d,"firstName":"Mei"},"text":"`, shopSource(n), 1000+n%5000)
	body.WriteString(strings.Repeat("x", 574-2-body.Len()) + `"}`)
	mac := hmac.New(sha256.New, []byte(benchKey))
	mac.Write(body.Bytes())
	return fmt.Appendf(nil, "POST /hooks/shop HTTP/1.1\r\nHost: bridge\r\nContent-Type: application/json\r\nContent-Length: %d\r\nX-Webhook-Signature: %s\r\n\r\n%s",
		body.Len(), base64.StdEncoding.EncodeToString(mac.Sum(nil)), body.Bytes())
}

// answer reads one response and drops its body.
func answer(r *bufio.Reader) (status int, err error) {
	length := 0
	for first := true; ; first = false {
		line, err := r.ReadString('\n')
		if err != nil {
			return 0, err
		}
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch {
		case first:
			status, _ = strconv.Atoi(strings.Fields(line)[1])
		case name == "":
			_, err = r.Discard(length)
			return status, err
		case strings.EqualFold(name, "Content-Length"):
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
	}
}
