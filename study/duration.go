package study

import (
	"fmt"
	"strings"
	"time"
)

// A Duration is a length of time in a file: "10m", "24h", "1h30m".
type Duration time.Duration

// String is the duration without empty parts: "24h", not "24h0m0s".
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText is String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads hours, minutes and seconds: "1h30m", "90s".
func (d *Duration) UnmarshalText(b []byte) error {
	x, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("want a duration such as 10m, 1h30m or 24h")
	}
	*d = Duration(x)
	return nil
}
