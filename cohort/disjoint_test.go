package cohort

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/table"
)

func TestDisjoint(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"age < 50", "age >= 50", true},
		{"age <= 50", "age >= 50", false},
		{"age < 50", "50 <= age", true},
		{"age < 50 && diabetes", "age >= 50 && age < 60", true},
		{"age < 50", "weight >= 50", false},
		{"age in [40, 50]", "age in [60]", true},
		{"age in [40, 50]", "age == 50", false},
		{"age in [40, 50]", "age > 50", true},
		{"age > -1", "age < -1", true},
		{`sex == "f"`, `sex == "m"`, true},
		{`sex == "f"`, `sex != "f"`, true},
		{`sex != "f"`, `sex != "m"`, false}, // provable with the levels only
		{`ph.ecog in ["0", "1"]`, `ph.ecog in ["2", "3"]`, true},
		{`ph.ecog in ["0", "1"]`, `ph.ecog in ["1", "2"]`, false},
		{"diabetes", "!diabetes", true},
		{"!!diabetes", "!diabetes", true},
		{"diabetes", "smoker", false},
		{"missing(age)", "!missing(age)", true},
		{"missing(age)", "age > 3", true},
		{"missing(age)", "missing(age)", false},
		{"!missing(age)", "age > 3", false},
		{"missing(diabetes)", "diabetes", true},
		{`variable("Größe in cm") < 150`, `variable("Größe in cm") > 150`, true},
		// Not conjunctions, or not of one variable and a constant: never.
		{"age < 50 || diabetes", "age >= 50", false},
		{"!(age < 50)", "age < 50", false},
		{"age + 1 < 50", "age + 1 >= 50", false},
		{"(age < 50) == diabetes", "age >= 50", false},
		{"age < 50 ? diabetes : smoker", "age >= 50", false},
		{"icd10.startsWith('C')", "icd10.startsWith('I')", false},
		{"", "age < 50", false},
		{"", "", false},
		{"age <", "age >= 50", false},
	} {
		if got := Disjoint(c.a, c.b); got != c.want {
			t.Errorf("Disjoint(%q, %q) = %v", c.a, c.b, got)
		}
		if got := Disjoint(c.b, c.a); got != c.want {
			t.Errorf("Disjoint(%q, %q) = %v", c.b, c.a, got)
		}
	}
}

// TestDisjointIsSound: what is said to be disjoint has no row in common, missing
// values included.
func TestDisjointIsSound(t *testing.T) {
	terms := []string{"age < 50", "age >= 50", "age in [40, 50]", "age == 60", "40 < age", "diabetes", "!diabetes", "missing(age)", "!missing(age)",
		"missing(diabetes)", `sex == "f"`, `sex != "f"`, `sex in ["m"]`, "(age < 50 || diabetes)", "!(age > 40)", "diabetes == (age > 40)", `missing(sex)`}
	rows := everyRow(t)
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		pick := rapid.SliceOfN(rapid.SampledFrom(terms), 1, 3)
		var bound [2]func(int) Truth
		var canonical [2]string
		for i := range bound {
			e, err := Parse(strings.Join(pick.Draw(t, "terms"), " && "), schema())
			if err != nil {
				t.Fatal(err)
			}
			if bound[i], err = e.Bind(rows); err != nil {
				t.Fatal(err)
			}
			canonical[i] = e.String()
		}
		if !Disjoint(canonical[0], canonical[1]) {
			return
		}
		found++
		for r := range rows.Rows() {
			if bound[0](r) == True && bound[1](r) == True {
				t.Fatalf("%q and %q: both hold for row %d", canonical[0], canonical[1], r)
			}
		}
	})
	if found == 0 {
		t.Error("no pair was disjoint: the test tells nothing")
	}
}

// everyRow has every combination of the values that TestDisjointIsSound tells apart.
func everyRow(t *testing.T) table.Table {
	s := schema()
	columns := make([]table.Column, len(s))
	for _, age := range []float64{math.NaN(), 30, 40, 41, 49, 50, 51, 60} {
		for _, diabetes := range []float64{math.NaN(), 0, 1} {
			for sex := range int32(3) {
				for i, v := range s {
					switch {
					case v.Name == "age":
						columns[i].Numbers = append(columns[i].Numbers, age)
					case v.Name == "diabetes":
						columns[i].Numbers = append(columns[i].Numbers, diabetes)
					case v.Name == "sex":
						columns[i].Codes = append(columns[i].Codes, sex-1)
					case v.Numeric():
						columns[i].Numbers = append(columns[i].Numbers, math.NaN())
					default:
						columns[i].Codes = append(columns[i].Codes, -1)
					}
				}
			}
		}
	}
	rows, err := table.New(s, columns, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
