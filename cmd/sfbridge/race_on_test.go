//go:build race

package main

// raced reports that the race detector is at work: it takes several times the memory.
const raced = true
