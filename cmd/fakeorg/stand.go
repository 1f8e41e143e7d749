package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"sfbridge/pubsub/fakeorg"
)

// grace is how long requests in flight may take to end when the program stops.
const grace = 2 * time.Second

// Stand is an org with its two listeners.
type Stand struct {
	scheme string
	http   net.Listener
	grpc   net.Listener
	web    *http.Server
	rpc    *grpc.Server
}

// open listens on both addresses and writes the authority's certificate where TLS is on.
func open(c Config, org *fakeorg.Org) (*Stand, error) {
	s := &Stand{scheme: "http"}
	options := fakeorg.ServerOptions()
	var secured *tls.Config
	if c.TLS {
		authority, config, err := makeAuthority(time.Now(), hostOf(c.HTTP), hostOf(c.GRPC))
		if err != nil {
			return nil, fmt.Errorf("make certificates: %w", err)
		}
		if err := os.WriteFile(c.CA, authority, 0o644); err != nil {
			return nil, fmt.Errorf("write authority: %w", err)
		}
		s.scheme, secured = "https", config
		options = append(options, grpc.Creds(credentials.NewTLS(config)))
	}
	var err error
	if s.http, err = net.Listen("tcp", c.HTTP); err != nil {
		return nil, fmt.Errorf("listen for HTTP: %w", err)
	}
	if s.grpc, err = net.Listen("tcp", c.GRPC); err != nil {
		_ = s.http.Close()
		return nil, fmt.Errorf("listen for gRPC: %w", err)
	}
	s.grpc = org.Wire().Listen(s.grpc)
	if secured != nil {
		s.http = tls.NewListener(s.http, secured)
	}
	s.web = &http.Server{Handler: org.Handler(), ReadHeaderTimeout: 10 * time.Second}
	s.rpc = grpc.NewServer(options...)
	org.RegisterPubSub(s.rpc)
	return s, nil
}

func hostOf(address string) string {
	host, _, _ := net.SplitHostPort(address)
	return host
}

func (s *Stand) announce(out io.Writer) {
	fmt.Fprintf(out, "http %s://%s\n", s.scheme, s.http.Addr())
	fmt.Fprintf(out, "grpc %s\n", s.grpc.Addr())
}

// Run serves until ctx ends, and returns when both servers have stopped.
func (s *Stand) Run(ctx context.Context) error {
	var servers sync.WaitGroup
	failed := make(chan error, 2) // one of each server
	servers.Go(func() {
		if err := s.web.Serve(s.http); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve HTTP: %w", err)
		}
	})
	servers.Go(func() {
		if err := s.rpc.Serve(s.grpc); err != nil {
			failed <- fmt.Errorf("serve gRPC: %w", err)
		}
	})
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if s.web.Shutdown(ending) != nil {
		_ = s.web.Close()
	}
	s.rpc.Stop()
	servers.Wait()
	return err
}
