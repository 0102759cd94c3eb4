package analysistest

import (
	"fmt"
	"sync"
	"testing"
)

// A recorder is a testing.TB that remembers failures instead of failing, so
// that a check can be run where its failing is the expected thing.
type recorder struct {
	testing.TB // nil: only the methods below may be used
	mu         sync.Mutex
	failures   []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Error(args ...any) { r.Errorf("%s", fmt.Sprint(args...)) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	panic(stop{})
}

func (r *recorder) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }

// stop is what a recorder's Fatalf panics with.
type stop struct{}

// attempt runs f with a recorder and returns its failures, and what it panicked
// with, if it did.
func attempt(f func(testing.TB)) (failures []string, panicked any) {
	r := &recorder{}
	defer func() {
		failures = r.failures
		if p := recover(); p != nil && p != any(stop{}) {
			panicked = p
		}
	}()
	f(r)
	return r.failures, nil
}
