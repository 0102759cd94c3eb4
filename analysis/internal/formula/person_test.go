package formula

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/table"
)

func category(name string, codes ...string) table.Variable {
	v := table.Variable{Name: name, Kind: table.Category}
	for _, c := range codes {
		v.Levels = append(v.Levels, table.Level{Code: c})
	}
	return v
}

// Nobody within the declared ranges has a row beyond the norms, whatever the terms
// and contrasts; and somebody reaches at least half of them where factors stand
// alone.
func TestNormsBoundEveryRow(t *testing.T) {
	s := table.Schema{{Name: "x", Kind: table.Number, Min: -3, Max: 10}, {Name: "z", Kind: table.Number, Min: 1, Max: 2}, category("a", "1", "2", "3", "4"), category("b", "u", "v", "w"), {Name: "y", Kind: table.Number, Max: 1}}
	rapid.Check(t, func(t *rapid.T) {
		o := Options{Contrasts: map[string]string{}}
		text := rapid.SampledFrom([]string{"y ~ a", "y ~ 0 + a", "y ~ a * b", "y ~ a:b", "y ~ x * a + z", "y ~ 0 + x + b", "y ~ a * x * b", "y ~ 1"}).Draw(t, "formula")
		for _, name := range []string{"a", "b"} {
			for _, c := range text {
				if string(c) == name {
					o.Contrasts[name] = rapid.SampledFrom([]string{"treatment", "sum", "helmert"}).Draw(t, name)
				}
			}
		}
		m, err := Read(text, s, o)
		if err != nil {
			t.Fatal(err)
		}
		d, err := m.Declared()
		if err != nil {
			t.Fatal(err)
		}
		if d.Rows != 0 || d.Notes != nil {
			t.Fatalf("a declared design tells of %d rows: %q", d.Rows, d.Notes)
		}
		l1, l2 := d.Norms()
		n := 40
		cols := make([]table.Column, len(s))
		for range n {
			pick := func(lo, hi float64) float64 {
				return rapid.SampledFrom([]float64{lo, hi, (lo + hi) / 2, math.NaN(), 2*hi + 1}).Draw(t, "value")
			}
			cols[0].Numbers, cols[1].Numbers = append(cols[0].Numbers, pick(-3, 10)), append(cols[1].Numbers, pick(1, 2))
			cols[2].Codes, cols[3].Codes = append(cols[2].Codes, int32(rapid.IntRange(-1, 3).Draw(t, "a"))), append(cols[3].Codes, int32(rapid.IntRange(-1, 2).Draw(t, "b")))
			cols[4].Numbers = append(cols[4].Numbers, pick(0, 1))
		}
		x, err := table.New(s, cols, nil)
		if err != nil {
			t.Fatal(err)
		}
		f, place, err := d.Persons(x)
		if err != nil {
			t.Fatal(err)
		}
		row := make([]float64, len(d.Columns))
		check := func(row []float64) {
			a, q := 0.0, 0.0
			for _, v := range row {
				a, q = a+math.Abs(v), q+v*v
			}
			if a > l1*(1+1e-9) || math.Sqrt(q) > l2*(1+1e-9) {
				t.Fatalf("%s %v: row %v is beyond the norms %v and %v", text, o.Contrasts, row, l1, l2)
			}
		}
		for i, p := range place {
			y := x.Numbers("y")[i]
			if p == Nobody {
				continue
			}
			if !(y >= 0 && y <= 1) || f.Response(p) != y {
				t.Fatalf("row %d with response %v has the place of %v", i, y, f.Response(p))
			}
			f.Row(p, row)
			check(row)
		}
		for _, row := range d.Imagine(50) {
			check(row)
		}
	})
}

func TestNormsUseThatLevelsExclude(t *testing.T) {
	m, err := Read("y ~ a", table.Schema{category("a", "1", "2", "3", "4"), {Name: "y", Kind: table.Number, Max: 1}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := m.Declared()
	if err != nil {
		t.Fatal(err)
	}
	if l1, l2 := d.Norms(); l1 != 2 || l2 != math.Sqrt2 {
		t.Errorf("norms %v and %v of an intercept and one of three indicators", l1, l2)
	}
	if got := d.WithIntercept([]bool{false, true, false, false}); got[0] {
		t.Error("the intercept rests on an indicator")
	}
}
