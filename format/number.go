package format

import (
	"math"
	"strconv"
	"strings"
)

// ParseNumber reads a number as files write it: an optional sign, digits with one
// decimal mark ("." or ","), an optional exponent. Hexadecimal, separators of
// thousands, infinities and "nan" are not numbers.
func ParseNumber(s, decimal string) (float64, bool) {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c == '.', c == '+', c == '-', c == 'e', c == 'E':
		case c == ',' && decimal == ",":
		default:
			return 0, false
		}
	}
	if decimal == "," {
		if strings.Contains(s, ".") || strings.Count(s, ",") > 1 {
			return 0, false
		}
		s = strings.Replace(s, ",", ".", 1)
	}
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil && !math.IsInf(x, 0)
}

// Truth reads a yes or no as files write it: true/false, yes/no, t/f, y/n in any
// case, and 1/0.
func Truth(s string) (value, ok bool) {
	switch s {
	case "1":
		return true, true
	case "0":
		return false, true
	}
	switch strings.ToLower(s) {
	case "true", "t", "yes", "y":
		return true, true
	case "false", "f", "no", "n":
		return false, true
	}
	return false, false
}
