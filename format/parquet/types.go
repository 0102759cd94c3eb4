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

// A leaf is a column of the file and how its values are read: into place i of dst.
type leaf struct {
	column format.Column
	index  int // of the column chunk
	read   func(dst *format.Values, i int, v parquet.Value) error
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

func (l *leaf) reads(k format.Kind, read func(dst *format.Values, i int, v parquet.Value) error) {
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
			l.time(func(v parquet.Value) time.Time { return time.Unix(int64(v.Int32())*86400, 0) }, appendDate)
			return
		case *logical.TimestampType:
			l.timestamp(u)
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
		l.reads(format.Bool, func(dst *format.Values, i int, v parquet.Value) error { dst.Bool[i] = v.Boolean(); return nil })
	case parquet.Int32, parquet.Int64:
		l.integer(t, true)
	case parquet.Float:
		l.reads(format.Float, func(dst *format.Values, i int, v parquet.Value) error { return real(dst, i, float64(v.Float())) })
	case parquet.Double:
		l.reads(format.Float, func(dst *format.Values, i int, v parquet.Value) error { return real(dst, i, v.Double()) })
	case parquet.Int96:
		l.time(int96, appendTime)
	case parquet.ByteArray: // older writers do not mark texts
		l.reads(format.Text, text)
	default:
		l.column.Why = "raw bytes"
	}
}

// real keeps a number; NaN, which pandas writes for missing, is missing.
func real(dst *format.Values, i int, x float64) error {
	if math.IsNaN(x) {
		return errNull
	}
	dst.Float[i] = x
	return nil
}

func (l *leaf) integer(t parquet.Type, signed bool) {
	l.reads(format.Int, func(dst *format.Values, i int, v parquet.Value) error {
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
		dst.Int[i] = x
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
	power, exact := new(big.Float).SetInt(unit).Float64()
	l.reads(format.Float, func(dst *format.Values, i int, v parquet.Value) error {
		n := new(big.Int)
		switch t.Kind() {
		case parquet.Int32, parquet.Int64:
			x := int64(v.Int32())
			if t.Kind() == parquet.Int64 {
				x = v.Int64()
			}
			if exact == big.Exact && x > -1<<53 && x < 1<<53 { // then one division rounds as the fraction does
				dst.Float[i] = float64(x) / power
				return nil
			}
			n.SetInt64(x)
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
		dst.Float[i] = x
		return nil
	})
}

// text is copied by the caller, who knows the texts met before.
func text(dst *format.Values, i int, v parquet.Value) error { return errText }
