//go:build race

package bench

const race = true // allocations are counted differently
