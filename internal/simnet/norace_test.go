//go:build !race

package simnet_test

import "testing"

// thoroughly is the number of trials of a test of many runs.
func thoroughly(full, few int) int {
	if testing.Short() {
		return few
	}
	return full
}
