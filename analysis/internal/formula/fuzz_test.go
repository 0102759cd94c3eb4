package formula

import (
	"errors"
	"math"
	"testing"
	"unicode/utf8"

	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/fixed"
)

// Whatever is written, Parse and Model end with a model or a SyntaxError whose
// column lies in the text; and what is accepted evaluates on a table with every
// scaled value within 1 and every count within its range.
func FuzzFormula(f *testing.F) {
	for _, text := range []string{
		"y ~ x", "y ~ 0 + a*b - a:b", "Surv(x, k, f) ~ strata(a, b) + offset(log(x))", "I(y > 2 & f) ~ (a + b + x)^3 / z", "~ . - x",
		"y ~ I(x^-2) + `odd name`:factor(k) + log1p(x) + -1", "Surv(event = f, time = x) ~ 1", "a == 'p' | !(f != 0) ~ ph.ecog %in% b", "y ~ I(1e308*10*x)", "y~(((x",
		"~ strata(k,k,k,k,k,k,k,k) + strata(k,k,k,k,k,k,k,k) + strata(k,k,k,k,k,k,k,k)",
	} {
		f.Add(text)
	}
	x := analysistest.CSV(f, "testdata/design.csv", designSchema)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse(text)
		if err != nil {
			checkError(t, text, err)
			return
		}
		for _, o := range []Options{{}, {Implicit: true}, {Implicit: true, Groups: true}} {
			m, err := m.Model(designSchema, o)
			if err != nil {
				checkError(t, text, err)
				continue
			}
			g, err := fixed.NewGrid(m.CountRanges(), 1<<20, 3)
			if err != nil {
				t.Fatalf("%q: grid: %v", text, err)
			}
			v := fixed.NewVector(g)
			if err := m.Count(x, v, 0); err != nil {
				t.Fatalf("%q: count: %v", text, err)
			}
			if err := v.Err(); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			d, err := m.Settle(fixed.Decode(g, v.Words))
			if err != nil {
				continue // one level, no complete row, too many columns
			}
			frame, err := d.Frame(x)
			if err != nil {
				t.Fatalf("%q: frame: %v", text, err)
			}
			row := make([]float64, len(d.Columns))
			for i := range frame.N {
				frame.Row(i, row)
				for j, value := range row {
					if !(math.Abs(value) <= 1+0x1p-40) {
						t.Fatalf("%q: %s exceeds 1", text, d.Columns[j].Name)
					}
				}
			}
		}
	})
}

func checkError(t *testing.T, text string, err error) {
	t.Helper()
	var at *SyntaxError
	if !errors.As(err, &at) {
		t.Fatalf("%q: %T %v, want a SyntaxError", text, err, err)
	}
	if at.Column < 1 || at.Column > utf8.RuneCountInString(text)+1 && len(text) <= maxText || at.Text == "" {
		t.Fatalf("%q: column %d: %q", text, at.Column, at.Text)
	}
}
