package omop

import (
	"math"
	"strconv"
	"time"

	"hmsp.center/hmsp/format"
)

// convert makes the values of one kind those of another. Where a value cannot be,
// bad is its row and want says what was expected.
func convert(v format.Values, n int, from, to format.Kind, decimal string) (out format.Values, bad int, want string) {
	if from == to {
		return v, 0, ""
	}
	switch to {
	case format.Int:
		out.Int = make([]int64, n)
	case format.Float:
		out.Float = make([]float64, n)
	case format.Text:
		out.Text = make([]string, n)
	default:
		return out, 0, "a value of another type"
	}
	out.Null = v.Null
	for i := range n {
		if v.Missing(i) {
			continue
		}
		ok := true
		switch to {
		case format.Int:
			out.Int[i], ok = toInt(v, i, from)
			want = "a whole number"
		case format.Float:
			out.Float[i], ok = toFloat(v, i, from, decimal)
			want = "a number"
		case format.Text:
			out.Text[i], ok = toText(v, i, from), true
		}
		if !ok {
			return out, i, want
		}
	}
	return out, 0, ""
}

// exact is the bound below which every whole number is a float64.
const exact = 1 << 53

// toInt reads a whole number; a table that was once a data frame writes 12.0.
func toInt(v format.Values, i int, from format.Kind) (int64, bool) {
	x := math.NaN()
	switch from {
	case format.Text:
		if n, err := strconv.ParseInt(v.Text[i], 10, 64); err == nil {
			return n, true
		}
		var ok bool
		if x, ok = format.ParseNumber(v.Text[i], "."); !ok {
			return 0, false
		}
	case format.Float:
		x = v.Float[i]
	}
	return int64(x), x == math.Trunc(x) && math.Abs(x) <= exact
}

func toFloat(v format.Values, i int, from format.Kind, decimal string) (float64, bool) {
	switch from {
	case format.Text:
		return format.ParseNumber(v.Text[i], decimal)
	case format.Int:
		return float64(v.Int[i]), true
	}
	return 0, false
}

func toText(v format.Values, i int, from format.Kind) string {
	switch from {
	case format.Int:
		return strconv.FormatInt(v.Int[i], 10)
	case format.Float:
		return strconv.FormatFloat(v.Float[i], 'f', -1, 64)
	}
	return strconv.FormatBool(v.Bool[i])
}

// plainDates writes each date as the package's comment says.
func plainDates(v *format.Values) (bad int, want string) {
	out := make([]string, len(v.Text))
	for i, s := range v.Text {
		if v.Missing(i) {
			continue
		}
		d, ok := plainDate(s)
		if !ok {
			return i, "a date such as 2015-10-02, or with a time 2015-10-02 08:15:00"
		}
		out[i] = d
	}
	v.Text = out
	return 0, ""
}

// plainDate is a date of the CDM in ISO 8601: "2015-10-02", or with a time that is
// not midnight "2015-10-02T08:15:00". Vocabularies write 20151002.
func plainDate(s string) (string, bool) {
	layout := format.ISODate
	if len(s) == 8 {
		layout = format.CompactISO
	}
	at, p, ok := format.ParseTimePrecision(s, layout)
	if !ok || p < format.ToDay {
		return "", false
	}
	if len(s) >= 10 && at%86400 == 0 {
		return s[:10], true
	}
	return instant(at), true
}

// instant writes seconds of wall-clock time since 1970.
func instant(at int64) string {
	t := time.Unix(at, 0).UTC()
	if at%86400 == 0 {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02T15:04:05")
}
