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
		whole, rest, marked := strings.Cut(s, ",")
		if strings.ContainsAny(rest, ",.") {
			return 0, false
		}
		if strings.Contains(whole, ".") {
			if !thousands(whole) || !marked && strings.Count(whole, ".") == 1 {
				return 0, false
			}
			whole = strings.ReplaceAll(whole, ".", "")
		}
		if s = whole; marked {
			s += "." + rest
		}
	}
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil && !math.IsInf(x, 0)
}

// thousands says whether digits are grouped by threes with points: 1.234.567, with
// an optional sign.
func thousands(s string) bool {
	if s[0] == '+' || s[0] == '-' {
		s = s[1:]
	}
	first, rest, _ := strings.Cut(s, ".")
	if len(first) < 1 || len(first) > 3 || len(rest)%4 != 3 || !digits(first) {
		return false
	}
	for ; len(rest) > 3; rest = rest[4:] {
		if !digits(rest[:3]) || rest[3] != '.' {
			return false
		}
	}
	return digits(rest)
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
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
