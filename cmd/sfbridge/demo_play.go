package main

import (
	"context"
	"errors"
)

// playDemo starts both simulators and the daemon between them.
func playDemo(context.Context, *demoCommand, *console) (*demoReport, error) {
	return nil, errors.New("the demo is not wired yet")
}
