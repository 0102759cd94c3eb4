package parquet

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	logical "github.com/parquet-go/parquet-go/format"

	"hmsp.center/hmsp/format"
)

// A leaf is a column of the file and how its values are read.
type leaf struct {
	column format.Column
	index  int // of the column chunk
	read   func(dst *format.Values, v parquet.Value) error
}

// describe tells the file's columns: flat ones can be read.
func describe(f *parquet.File) []leaf {
	var out []leaf
	for _, c := range f.Root().Columns() {
		l := leaf{column: format.Column{Name: strings.TrimSpace(c.Name()), Kind: format.Unknown}, index: c.Index()}
		if l.column.Name == "" {
			l.column.Name = fmt.Sprintf("column_%d", len(out)+1)
		}
		switch {
		case c.Repeated():
			l.column.Why = "a list of values"
		case !c.Leaf():
			l.column.Why = "a structure of values"
		default:
			l.type_(c.Type())
		}
		out = append(out, l)
	}
	return out
}

func (l *leaf) reads(k format.Kind, read func(dst *format.Values, v parquet.Value) error) {
	l.column.Kind, l.read = k, read
}

// type_ goes by the logical type first, then by the physical one.
func (l *leaf) type_(t parquet.Type) {
	if lt := t.LogicalType(); lt != nil {
		switch u := lt.Value.(type) {
		case *logical.StringType, *logical.EnumType, *logical.JsonType:
			l.reads(format.Text, text)
			return
		case *logical.DecimalType:
			l.decimal(t, u.Scale)
			return
		case *logical.DateType:
			l.reads(format.Text, func(dst *format.Values, v parquet.Value) error {
				dst.Text = append(dst.Text, time.Unix(int64(v.Int32())*86400, 0).UTC().Format(time.DateOnly))
				return nil
			})
			return
		case *logical.TimestampType:
			l.timestamp(u.Unit)
			return
		case *logical.IntType:
			l.integer(t, u.IsSigned)
			return
		case *logical.TimeType:
			l.column.Why = "a time of day"
			return
		case nil:
		default:
			l.column.Why = "of type " + lt.String()
			return
		}
	}
	l.physical(t)
}

func (l *leaf) physical(t parquet.Type) {
	switch t.Kind() {
	case parquet.Boolean:
		l.reads(format.Bool, func(dst *format.Values, v parquet.Value) error { dst.Bool = append(dst.Bool, v.Boolean()); return nil })
	case parquet.Int32, parquet.Int64:
		l.integer(t, true)
	case parquet.Float:
		l.reads(format.Float, func(dst *format.Values, v parquet.Value) error { return real(dst, float64(v.Float())) })
	case parquet.Double:
		l.reads(format.Float, func(dst *format.Values, v parquet.Value) error { return real(dst, v.Double()) })
	case parquet.Int96:
		l.reads(format.Text, int96)
	case parquet.ByteArray: // older writers do not mark texts
		l.reads(format.Text, text)
	default:
		l.column.Why = "raw bytes"
	}
}

// real keeps a number; NaN, which pandas writes for missing, is missing.
func real(dst *format.Values, x float64) error {
	dst.Float = append(dst.Float, x)
	if math.IsNaN(x) {
		return errNull
	}
	return nil
}

func (l *leaf) integer(t parquet.Type, signed bool) {
	l.reads(format.Int, func(dst *format.Values, v parquet.Value) error {
		var x int64
		switch {
		case t.Kind() == parquet.Int32 && signed:
			x = int64(v.Int32())
		case t.Kind() == parquet.Int32:
			x = int64(v.Uint32())
		default:
			x = v.Int64()
			if !signed && x < 0 {
				return errValue{"a whole number beyond 2^63"}
			}
		}
		dst.Int = append(dst.Int, x)
		return nil
	})
}

// decimal values are unscaled integers, big-endian where they are bytes.
func (l *leaf) decimal(t parquet.Type, scale int32) {
	if scale < 0 || scale > 76 {
		l.column.Why = "a decimal of an odd scale"
		return
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	l.reads(format.Float, func(dst *format.Values, v parquet.Value) error {
		n := new(big.Int)
		switch t.Kind() {
		case parquet.Int32:
			n.SetInt64(int64(v.Int32()))
		case parquet.Int64:
			n.SetInt64(v.Int64())
		default:
			b := v.ByteArray()
			if n.SetBytes(b); len(b) > 0 && b[0] >= 0x80 {
				n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
			}
		}
		x, _ := new(big.Rat).SetFrac(n, unit).Float64()
		if math.IsInf(x, 0) {
			return errValue{"a number within the range of real numbers"}
		}
		dst.Float = append(dst.Float, x)
		return nil
	})
}

func (l *leaf) timestamp(u logical.TimeUnit) {
	at := func(v int64) time.Time { return time.Unix(v/1e9, v%1e9) }
	switch u.Value.(type) {
	case *logical.MilliSeconds:
		at = time.UnixMilli
	case *logical.MicroSeconds:
		at = time.UnixMicro
	}
	l.reads(format.Text, func(dst *format.Values, v parquet.Value) error {
		dst.Text = append(dst.Text, at(v.Int64()).UTC().Format(time.RFC3339Nano))
		return nil
	})
}

// int96 is the timestamp of older writers: nanoseconds of the day, Julian day.
func int96(dst *format.Values, v parquet.Value) error {
	const unixEpoch = 2440588 // Julian day of 1970-01-01
	x := v.Int96()
	nanos := int64(x[0]) | int64(x[1])<<32
	dst.Text = append(dst.Text, time.Unix((int64(x[2])-unixEpoch)*86400, nanos).UTC().Format(time.RFC3339Nano))
	return nil
}

// text is copied by the caller, who knows the texts met before.
func text(dst *format.Values, v parquet.Value) error { return errText }
