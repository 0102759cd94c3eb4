package parquet

import (
	"time"

	"github.com/parquet-go/parquet-go"
	logical "github.com/parquet-go/parquet-go/format"

	"hmsp.center/hmsp/format"
)

// time reads a column of dates or timestamps as text.
func (l *leaf) time(at func(parquet.Value) time.Time, write func([]byte, time.Time) []byte) {
	l.column.Time = format.ISODate
	l.reads(format.Text, func(dst *format.Values, i int, v parquet.Value) error {
		var text [len("2006-01-02T15:04:05.999999999Z")]byte
		dst.Text[i] = string(write(text[:0], at(v).UTC()))
		return nil
	})
}

// timestamp: one that is adjusted to UTC is an instant and says so with a Z; others
// are what the clock on the wall showed (LogicalTypes.md, "Timestamp").
func (l *leaf) timestamp(t *logical.TimestampType) {
	at := func(v parquet.Value) time.Time { return time.Unix(v.Int64()/1e9, v.Int64()%1e9) }
	switch t.Unit.Value.(type) {
	case *logical.MilliSeconds:
		at = func(v parquet.Value) time.Time { return time.UnixMilli(v.Int64()) }
	case *logical.MicroSeconds:
		at = func(v parquet.Value) time.Time { return time.UnixMicro(v.Int64()) }
	}
	write := appendTime
	if t.IsAdjustedToUTC {
		write = func(b []byte, t time.Time) []byte { return append(appendTime(b, t), 'Z') }
	}
	l.time(at, write)
}

// int96 is the timestamp of older writers: nanoseconds of the day, Julian day. It
// says nothing of a zone.
func int96(v parquet.Value) time.Time {
	const unixEpoch = 2440588 // Julian day of 1970-01-01
	x := v.Int96()
	nanos := int64(x[0]) | int64(x[1])<<32
	return time.Unix((int64(x[2])-unixEpoch)*86400, nanos)
}

func appendDate(b []byte, t time.Time) []byte {
	year, month, day := t.Date()
	if year < 0 || year > 9999 { // a text that no reader of dates takes
		return t.AppendFormat(b, time.DateOnly)
	}
	b = append(two(two(b, year/100), year%100), '-')
	b = append(two(b, int(month)), '-')
	return two(b, day)
}

func appendTime(b []byte, t time.Time) []byte {
	b = append(appendDate(b, t), 'T')
	hour, minute, second := t.Clock()
	b = append(two(b, hour), ':')
	b = append(two(b, minute), ':')
	b = two(b, second)
	if t.Nanosecond() != 0 {
		b = t.AppendFormat(b, ".999999999")
	}
	return b
}

func two(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }
