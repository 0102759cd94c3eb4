//go:build race

package simnet_test

// thoroughly is the number of trials of a test of many runs. The race detector
// makes a run ten times slower, and the state machines have one goroutine.
func thoroughly(full, few int) int { return few }
