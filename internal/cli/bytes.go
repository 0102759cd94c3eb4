package cli

import (
	"fmt"
	"strconv"
	"strings"
)

// byteUnits are the units of memory, the largest first.
func byteUnits() []struct {
	name string
	size int64
} {
	return []struct {
		name string
		size int64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}
}

// parseBytes reads an amount of memory such as 2GiB or 500 MB.
func parseBytes(s string) (int64, error) {
	for _, u := range byteUnits() {
		if n, ok := strings.CutSuffix(strings.TrimSpace(s), u.name); ok {
			x, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
			if err != nil || !(x > 0) || x*float64(u.size) > 1<<50 {
				break
			}
			return int64(x * float64(u.size)), nil
		}
	}
	return 0, fmt.Errorf("want an amount of memory such as 2GiB or 500MB")
}

// formatBytes writes an amount with three digits.
func formatBytes(n int64) string {
	for _, u := range byteUnits()[:4] {
		if n >= u.size {
			return fmt.Sprintf("%.3g %s", float64(n)/float64(u.size), u.name)
		}
	}
	return fmt.Sprintf("%d B", n)
}
