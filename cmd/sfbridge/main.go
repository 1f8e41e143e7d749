package main

import (
	_ "time/tzdata" // time zones of timings and expressions, where the machine has none

	"context"
	"os"
)

func main() {
	os.Exit(execute(context.Background(), os.Args[1:], processConsole()))
}
