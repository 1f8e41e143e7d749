//go:build !race

package main

// raced reports that the race detector is at work.
const raced = false
