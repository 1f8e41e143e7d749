package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"sfbridge/pubsub/fakeorg"
)

// The exit codes.
const (
	exitStopped     = 0
	exitUsage       = 2
	exitEnvironment = 3
)

// Config is what the flags say.
type Config struct {
	HTTP, GRPC             string // listen addresses
	TLS                    bool
	CA                     string // file to write the authority's certificate to
	ClientID, ClientSecret string
	Seed                   string // file
	Schemas                string // folder
	Sandbox                bool
	Verbose                bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process around it.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	config, err := parse(args, errs)
	if errors.Is(err, flag.ErrHelp) {
		return exitStopped
	}
	if err != nil {
		return exitUsage // flag has told why
	}
	org, err := config.org(errs)
	if err != nil {
		fmt.Fprintln(errs, "fakeorg:", err)
		return exitUsage
	}
	stand, err := open(config, org)
	if err != nil {
		fmt.Fprintln(errs, "fakeorg:", err)
		return exitEnvironment
	}
	stand.announce(out)
	if err := stand.Run(ctx); err != nil {
		fmt.Fprintln(errs, "fakeorg:", err)
		return exitEnvironment
	}
	return exitStopped
}

func parse(args []string, errs io.Writer) (Config, error) {
	var c Config
	flags := flag.NewFlagSet("fakeorg", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.StringVar(&c.HTTP, "http", "127.0.0.1:8080", "listen `ADDR` of OAuth, REST and control; port 0 picks a free one")
	flags.StringVar(&c.GRPC, "grpc", "127.0.0.1:7443", "listen `ADDR` of the Pub/Sub API; port 0 picks a free one")
	flags.BoolVar(&c.TLS, "tls", false, "speak TLS on both listeners, under an authority made at the start")
	flags.StringVar(&c.CA, "ca", "fakeorg-ca.pem", "with -tls: `FILE` to write the authority's certificate to")
	flags.StringVar(&c.ClientID, "client-id", "fakeorg", "consumer key the token endpoint knows")
	flags.StringVar(&c.ClientSecret, "client-secret", "fakeorg-secret", "its secret")
	flags.StringVar(&c.Seed, "seed", "", "JSON `FILE` of further objects, fields, users and rows")
	flags.StringVar(&c.Schemas, "schemas", "", "`DIR` of captured event schemas")
	flags.BoolVar(&c.Sandbox, "sandbox", false, "call the org a sandbox")
	flags.BoolVar(&c.Verbose, "v", false, "log every request")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		err := fmt.Errorf("unexpected argument %q", flags.Arg(0))
		fmt.Fprintln(errs, "fakeorg:", err)
		return c, err
	}
	return c, nil
}

// org makes the org the flags describe.
func (c Config) org(errs io.Writer) (*fakeorg.Org, error) {
	level := slog.LevelInfo
	if c.Verbose {
		level = slog.LevelDebug
	}
	opts := fakeorg.Options{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, Sandbox: c.Sandbox,
		Logger: slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: level})),
	}
	if c.Seed != "" {
		file, err := os.Open(c.Seed)
		if err != nil {
			return nil, fmt.Errorf("open seed: %w", err)
		}
		defer file.Close()
		if opts.Seed, err = fakeorg.ReadSeed(file); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Seed, err)
		}
	}
	org, err := fakeorg.Open(opts)
	if err != nil {
		return nil, err
	}
	if c.Schemas != "" {
		if _, err := org.LoadSchemas(c.Schemas); err != nil {
			return nil, fmt.Errorf("load schemas: %w", err)
		}
	}
	return org, nil
}
