//go:build !race

package securetest

// Race says that the race detector is on, under which arithmetic is some twenty
// times slower: tests then do fewer trials and promise no times.
const Race = false
