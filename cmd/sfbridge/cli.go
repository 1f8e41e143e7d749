package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// cli is the command line: one field a sub-command, one file each.
type cli struct {
	Run         runCommand         `cmd:"" help:"Carry changes both ways until it is stopped."`
	Demo        demoCommand        `cmd:"" help:"Show the bridge at work between two simulators on this machine."`
	Check       checkCommand       `cmd:"" help:"Name all faults of a configuration, then look at each side."`
	Try         tryCommand         `cmd:"" help:"Run one record, contact or saved payload through the rules and show every step; nothing is sent."`
	Config      configCommand      `cmd:"" help:"Print the schema of the configuration file, for editors."`
	Status      statusCommand      `cmd:"" help:"Show what the running daemon is doing."`
	Tail        tailCommand        `cmd:"" help:"Show what happened, line by line."`
	Why         whyCommand         `cmd:"" help:"Tell what happened to one record or contact, in order, and why."`
	Lanes       lanesCommand       `cmd:"" help:"List, release or skip what is stuck and blocks what came after it."`
	DeadLetters deadLettersCommand `cmd:"" name:"dead-letters" help:"List, show, redrive or drop what was buried."`
	Quarantine  quarantineCommand  `cmd:"" help:"List, show, read again or drop events that could not be read."`
	Holes       holesCommand       `cmd:"" help:"List, approve or close stretches of time of which events may be missing."`
	Replay      replayCommand      `cmd:"" help:"Read a topic from elsewhere."`
	Store       storeCommand       `cmd:"" help:"Back up, restore, check, salvage or compact the store."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

const description = `Carries changes of a Salesforce org to messaging platforms and what happens there back to Salesforce.

Exit codes: 0 stopped as asked, 1 a bug, 2 the configuration or the command line, 3 the store or the environment.`

// configFlag names the configuration file.
type configFlag struct {
	Config string `short:"c" default:"config.toml" env:"SFBRIDGE_CONFIG" placeholder:"FILE" help:"The configuration file (default: config.toml)."`
}

// console is where a command reads its surroundings and writes its words.
type console struct {
	out   io.Writer
	err   io.Writer
	where surroundings
	tty   bool     // out is a terminal: colours and times for people
	hides *blotter // what is never written
}

func processConsole() *console {
	st, err := os.Stdout.Stat()
	tty := err == nil && st.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return &console{out: os.Stdout, err: os.Stderr, where: processSurroundings(), tty: tty}
}

// printf writes to the command's output; a reader that went away is no fault of ours.
func (c *console) printf(format string, args ...any) { _, _ = fmt.Fprintf(c.out, format, args...) }

// exited ends kong's parsing where it wants to end the process.
type exited int

// execute runs one command line and answers the exit code.
func execute(ctx context.Context, args []string, c *console) (code int) {
	c = c.scrubbed()
	defer c.recovered(&code)
	var line cli
	parser, err := kong.New(&line, kong.Name("sfbridge"), kong.Description(description), kong.Writers(c.out, c.err),
		kong.Exit(func(code int) { panic(exited(code)) }), kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(c),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}))
	if err != nil {
		return report(c, err)
	}
	parsed, err := parser.Parse(doubled(args, longNames(parser.Model.Node)))
	if err != nil {
		return report(c, &exitError{exitConfig, fmt.Errorf("%w\n  remedy: sfbridge --help lists the commands", err)})
	}
	return report(c, parsed.Run())
}

// recovered ends a command line that kong left, or that met a bug of ours. It is to be deferred.
func (c *console) recovered(code *int) {
	switch p := recover().(type) {
	case nil:
	case exited:
		*code = int(p)
	default:
		_, _ = fmt.Fprintf(c.err, "sfbridge: this is a bug: %v\n%s", p, debug.Stack())
		*code = exitBug
	}
}

// doubled lets long flags be written with one dash too, as Go's own programs take them: -for 10s is --for 10s. Short flags stay as they are, also with
// their value attached: -n5.
func doubled(args []string, long map[string]bool) []string {
	all := slices.Clone(args)
	for i, a := range args {
		if a == "--" {
			break // what follows are no flags
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(a, "-"), "=")
		if strings.HasPrefix(a, "-") && long[name] {
			all[i] = "-" + a
		}
	}
	return all
}

// longNames are the names of all flags of a command and of those below it.
func longNames(n *kong.Node) map[string]bool {
	all := map[string]bool{}
	for _, f := range n.Flags {
		all[f.Name] = true
	}
	for _, child := range n.Children {
		maps.Copy(all, longNames(child))
	}
	return all
}

// report prints what went wrong and answers the exit code.
func report(c *console, err error) int {
	code := exitCode(err)
	switch {
	case err == nil:
	case errors.Is(err, errTold):
	case len(faultsOf(err)) > 0:
		_, _ = fmt.Fprintf(c.err, "%s\n%s\n", printable(err.Error()), numberOf(len(faultsOf(err)), "fault"))
	default:
		_, _ = fmt.Fprintln(c.err, "sfbridge: "+printable(err.Error()))
	}
	return code
}

// errTold ends a command that has said already what is wrong.
var errTold = errors.New("told")

func numberOf(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// printable keeps text of others from moving the cursor: every control character but line feed and tab becomes a blank.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, s)
}

// configured reads a configuration for a command; its faults end the command with exitConfig.
func configured(file string, c *console) (*Config, error) {
	cfg, err := loadConfig(file, c.where, ruleSyntax)
	if err != nil {
		return nil, &exitError{exitConfig, err}
	}
	c.hides.add(cfg.secrets()...)
	return cfg, nil
}
