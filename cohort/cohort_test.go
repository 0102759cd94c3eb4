package cohort

import (
	"errors"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/table"
)

func schema() table.Schema {
	return table.Schema{
		{Name: "age", Kind: table.Integer, Min: 0, Max: 120},
		{Name: "height", Kind: table.Number, Unit: "m", Min: 0.5, Max: 2.5},
		{Name: "weight", Kind: table.Number, Unit: "kg", Min: 1, Max: 300},
		{Name: "diabetes", Kind: table.Flag},
		{Name: "smoker", Kind: table.Flag},
		{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "m", Label: "male"}, {Code: "f", Label: "female"}}},
		{Name: "ph.ecog", Kind: table.Category, Levels: []table.Level{{Code: "0"}, {Code: "1"}, {Code: "2"}, {Code: "3"}}},
		{Name: "icd10", Kind: table.Category, Levels: []table.Level{{Code: "C34.1"}, {Code: "C34.9"}, {Code: "I21"}}},
		{Name: "birthplace", Kind: table.Category, Levels: []table.Level{{Code: "Köln"}, {Code: "o'Neill; --"}}},
		{Name: "Größe in cm", Kind: table.Number, Min: 0, Max: 250},
		{Name: "in", Kind: table.Flag},
	}
}

// What researchers write, its canonical text and its SQL.
func TestParse(t *testing.T) {
	for _, c := range []struct{ expr, canonical, where string }{
		{"age >= 40", "age >= 40", "(c0 >= CAST(? AS DOUBLE))"},
		{"age>=40.0", "age >= 40", "(c0 >= CAST(? AS DOUBLE))"},
		{"40u <= age", "40 <= age", "(CAST(? AS DOUBLE) <= c0)"},
		{"age > -1", "age > -1", "(c0 > CAST(? AS DOUBLE))"},
		{"-age < -(40)", "-age < -40", "((CASE WHEN isfinite((- c0)) THEN (- c0) END) < CAST(? AS DOUBLE))"},
		{"  ", "", "TRUE"},
		{"true", "true", "TRUE"},
		{"diabetes", "diabetes", "c0"},
		{"!diabetes", "!diabetes", "(NOT c0)"},
		{"diabetes == 1", "diabetes == true", "(c0 = TRUE)"},
		{"0 != diabetes", "false != diabetes", "(FALSE <> c0)"},
		{"diabetes == smoker", "diabetes == smoker", "(c0 = c1)"},
		{"diabetes != (age > 40)", "diabetes != (age > 40)", "(c0 <> (c1 > CAST(? AS DOUBLE)))"},
		{"sex == 'f'", `sex == "f"`, "(c0 IN (CAST(? AS VARCHAR)))"},
		{"'f' != sex", `sex != "f"`, "(c0 NOT IN (CAST(? AS VARCHAR)))"},
		{"ph.ecog == 1", `ph.ecog == "1"`, "(c0 IN (CAST(? AS VARCHAR)))"},
		{"ph.ecog in [2, '1', 1.0]", `ph.ecog in ["1", "2"]`, "(c0 IN (CAST(? AS VARCHAR), CAST(? AS VARCHAR)))"},
		{"sex == birthplace", "sex == birthplace", "(c0 = c1)"},
		{"age in [60, 50, 60]", "age in [50, 60]", "(c0 IN (CAST(? AS DOUBLE), CAST(? AS DOUBLE)))"},
		{"!missing(ph.ecog)", "!missing(ph.ecog)", "(NOT (c0 IS NULL))"},
		{"icd10.startsWith('C34')", `icd10.startsWith("C34")`, "starts_with(c0, CAST(? AS VARCHAR))"},
		{"icd10.endsWith('21')", `icd10.endsWith("21")`, "ends_with(c0, CAST(? AS VARCHAR))"},
		{"icd10.contains('4.')", `icd10.contains("4.")`, "contains(c0, CAST(? AS VARCHAR))"},
		{"age > 1 && (age > 2 && age > 3) && true", "age > 1 && age > 2 && age > 3 && true",
			"((c0 > CAST(? AS DOUBLE)) AND (c0 > CAST(? AS DOUBLE)) AND (c0 > CAST(? AS DOUBLE)) AND TRUE)"},
		{"(diabetes || smoker) && !(diabetes && smoker)", "(diabetes || smoker) && !(diabetes && smoker)", "((c0 OR c1) AND (NOT (c0 AND c1)))"},
		{"weight/(height*height) > 30", "weight / (height * height) > 30",
			"((CASE WHEN isfinite((c0 / (c1 * c1))) THEN (c0 / (c1 * c1)) END) > CAST(? AS DOUBLE))"},
		{"weight - (height - 1) - 2 > 0", "weight - (height - 1) - 2 > 0",
			"((CASE WHEN isfinite(((c0 - (c1 - CAST(? AS DOUBLE))) - CAST(? AS DOUBLE))) THEN ((c0 - (c1 - CAST(? AS DOUBLE))) - CAST(? AS DOUBLE)) END) > CAST(? AS DOUBLE))"},
		{"sex=='f' ? age > 40 : diabetes", `sex == "f" ? age > 40 : diabetes`,
			"(CASE (c0 IN (CAST(? AS VARCHAR))) WHEN TRUE THEN (c1 > CAST(? AS DOUBLE)) WHEN FALSE THEN c2 END)"},
		{"(smoker ? 1 : 2) < age", "(smoker ? 1 : 2) < age",
			"((CASE WHEN isfinite((CASE c0 WHEN TRUE THEN CAST(? AS DOUBLE) WHEN FALSE THEN CAST(? AS DOUBLE) END)) THEN (CASE c0 WHEN TRUE THEN CAST(? AS DOUBLE) WHEN FALSE THEN CAST(? AS DOUBLE) END) END) < c1)"},
		{`variable("Größe in cm") > 150`, `variable("Größe in cm") > 150`, "(c0 > CAST(? AS DOUBLE))"},
		{`variable("in") && variable('age') > 1`, `variable("in") && age > 1`, "(c0 AND (c1 > CAST(? AS DOUBLE)))"},
	} {
		e, err := Parse(c.expr, schema())
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		where, args, columns := e.SQL()
		if e.String() != c.canonical || where != c.where {
			t.Errorf("%s:\n canonical %s\n      want %s\n sql  %s\n want %s", c.expr, e, c.canonical, where, c.where)
		}
		checkSQL(t, e, where, args, columns)
	}
}

var vocabulary = regexp.MustCompile(`^(c\d+|\?|\(|\)|,| |=|<>|<=|>=|<|>|\+|-|\*|/|TRUE|FALSE|AND|OR|NOT|IN|IS|NULL|CASE|WHEN|THEN|END|AS|CAST|DOUBLE|VARCHAR|isfinite|starts_with|ends_with|contains)*$`)

// checkSQL holds what SQL promises: fixed words, as many ? as arguments, and a
// canonical text that says the same.
func checkSQL(t *testing.T, e Expr, where string, args []any, columns []string) {
	t.Helper()
	if !vocabulary.MatchString(where) {
		t.Errorf("%s: SQL outside the vocabulary: %s", e, where)
	}
	if n := strings.Count(where, "?"); n != len(args) {
		t.Errorf("%s: %d parameters, %d arguments", e, n, len(args))
	}
	if !slices.Equal(columns, e.Columns()) {
		t.Errorf("%s: columns %v, want %v", e, columns, e.Columns())
	}
	again, err := Parse(e.String(), schema())
	if err != nil {
		t.Errorf("canonical text %s does not parse: %v", e, err)
		return
	}
	where2, args2, columns2 := again.SQL()
	if again.String() != e.String() || where2 != where || !slices.Equal(args, args2) || !slices.Equal(columns, columns2) {
		t.Errorf("canonical text %s parses to another expression: %s, %s", e, again, where2)
	}
}

// What is refused, where, and with which help.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		expr         string
		line, column int
		says         string
	}{
		{"agee >= 40", 1, 1, `no variable "agee" in the dictionary; did you mean "age"?`},
		{"age >= 40 &&\n  ph.ecogg == 1", 2, 3, `did you mean "ph.ecog"?`},
		{"ph == 1", 1, 1, `no variable "ph"`},
		{"sex == 'w'", 1, 8, `"w" is not a level of sex ("m", "f")`},
		{"sex == 'Female'", 1, 8, `did you mean "f"?`},
		{"sex in ['m', 'd']", 1, 14, `"d" is not a level`},
		{"sex == 1", 1, 8, `"1" is not a level of sex`},
		{"sex < 'm'", 1, 1, "levels have no order"},
		{"ph.ecog >= 2", 1, 1, `list the codes, as in ph.ecog in ["0"]`},
		{"sex == diabetes", 1, 8, "compare it with one of its codes"},
		{"age", 1, 1, "age is a number; a condition is needed here"},
		{"sex", 1, 1, "sex is a category; a condition"},
		{"age == 'old'", 1, 8, `"old" is a text; == needs a number`},
		{"'a' == 'a'", 1, 1, "needs a number"},
		{"age + sex > 1", 1, 7, "sex is a category; + needs a number"},
		{"diabetes + 1 > 1", 1, 1, "diabetes is a flag; + needs a number"},
		{"diabetes == 2", 1, 1, "needs a number"},
		{"age == null", 1, 8, "write missing(x)"},
		{"missing(age + 1)", 1, 13, "asks about one variable"},
		{"has(ph.ecog)", 1, 4, "write missing(x)"},
		{"age % 2 == 0", 1, 5, "% is not available"},
		{"icd10.matches('C.*')", 1, 14, "regular expressions are left out"},
		{"[1,2].all(x, x > age)", 1, 10, "loops are left out"},
		{"[1,2].exists(x, x > age)", 1, 13, "loops are left out"},
		{"icd10.startsWith('Z')", 1, 18, "no level of icd10"},
		{"icd10.startsWith(sex)", 1, 18, "takes a text"},
		{"age.startsWith('4')", 1, 1, "is for categories"},
		{"age in []", 1, 8, "stands a list"},
		{"age in age", 1, 8, "stands a list"},
		{"age in [1, 'x']", 1, 12, "the list holds numbers"},
		{"age in [age]", 1, 9, "the list holds numbers"},
		{"[1, 2]", 1, 1, "a list stands only"},
		{"{'a': 1}", 1, 1, "maps, messages and loops"},
		{"age[0] > 1", 1, 4, "not available"},
		{"missing(age).x", 1, 8, "a dot stands only in a variable's name"},
		{"b'abc' == sex", 1, 1, "only numbers, texts"},
		{"age > 1e999", 1, 7, ""},
		{"age >", 1, 6, "ends too early"},
		{"(age > 40", 1, 10, "ends too early"},
		{"age = 40", 1, 5, "write == to compare"},
		{"age > 1 & age < 3", 1, 9, "write && for and"},
		{"age > 1 and age < 3", 1, 9, "not a CEL expression"},
		{"age >= 40; DROP TABLE t", 1, 10, "not a CEL expression"},
		{"(diabetes ? smoker : diabetes) ? smoker : diabetes", 1, 11, "use && and ||"},
		{"diabetes ? 1 : smoker", 1, 10, "both branches"},
		{"variable(age) > 1", 1, 10, "takes a name in quotes"},
		{"variable('x; DROP') > 1", 1, 9, "no variable"},
		{"\xff", 1, 1, "not UTF-8"},
		{strings.Repeat("(", 200) + "age > 1" + strings.Repeat(")", 200), 1, 1, "nested deeper"},
		{"age > 1" + strings.Repeat(" ", MaxLength), 1, 1, "at most 4096"},
		{strings.Repeat("!(age+1>1)||", 300) + "true", 1, 1, "at most 1024"},
	} {
		_, err := Parse(c.expr, schema())
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%.60s: got %v, want an *Error", c.expr, err)
			continue
		}
		if e.Line != c.line || e.Column != c.column || !strings.Contains(e.Text, c.says) {
			t.Errorf("%.60s: got %q\n want %d:%d %q", c.expr, e, c.line, c.column, c.says)
		}
	}
}

func rowsOf(t *testing.T) table.Table {
	nan := math.NaN()
	s, err := schema().Select("age", "height", "diabetes", "sex")
	if err != nil {
		t.Fatal(err)
	}
	tab, err := table.New(s, []table.Column{
		{Numbers: []float64{40, nan, 60}}, {Numbers: []float64{2, 1, 0}}, {Numbers: []float64{1, 0, nan}}, {Codes: []int32{0, 1, -1}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

// The three-valued meaning of expressions on three rows: T, F or ? each.
func TestMeaning(t *testing.T) {
	for expr, want := range map[string]string{
		"age >= 50":                            "F?T",
		"!(age >= 50)":                         "T?F",
		"age != 40":                            "F?T",
		"age in [40, 60]":                      "T?T",
		"missing(age)":                         "FTF",
		"missing(diabetes) || missing(sex)":    "FFT",
		"diabetes":                             "TF?",
		"diabetes == false":                    "FT?",
		"diabetes || age > 50":                 "T?T",
		"diabetes && age > 50":                 "FF?",
		"sex == 'm'":                           "TF?",
		"sex != 'm'":                           "FT?",
		"sex.startsWith('f')":                  "FT?",
		"age / height >= 20":                   "T??",
		"height / height == 1":                 "TT?",
		"age * 1e300 * 1e300 > 0":              "???",
		"diabetes ? age > 30 : sex == 'f'":     "TT?",
		"(diabetes ? 1 : 2) + 0.5 == 2.5":      "FT?",
		"(age > 50) == diabetes":               "F??",
		"true":                                 "TTT",
		"":                                     "TTT",
		"-height <= -2 && 1.5 * height >= 3.0": "TFF",
		"height - 1 == 1 || height + 1 == 1":   "TFT",
	} {
		e, err := Parse(expr, schema())
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		holds, err := e.Bind(rowsOf(t))
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		got := ""
		for row := range 3 {
			got += map[Truth]string{True: "T", False: "F", Unknown: "?"}[holds(row)]
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", expr, got, want)
		}
	}
}

// A table that is not what the expression was checked with is refused.
func TestBindRefuses(t *testing.T) {
	e, err := Parse("weight > 2 && sex == 'm'", schema())
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Check(rowsOf(t)); err == nil || !strings.Contains(err.Error(), `"weight"`) {
		t.Errorf("a table without weight: %v", err)
	}
	tab := rowsOf(t)
	tab.Schema = slices.Clone(tab.Schema)
	tab.Schema[1] = table.Variable{Name: "weight", Kind: table.Number}
	tab.Schema[3].Levels = []table.Level{{Code: "f"}, {Code: "m"}}
	if err := e.Check(tab); err == nil || !strings.Contains(err.Error(), "other levels") {
		t.Errorf("levels in another order: %v", err)
	}
}

// Whatever text comes, Parse returns an error with a place, or an expression that
// keeps the promises of SQL and String.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"age >= 40 && !missing(ph.ecog)", "sex in ['m'] || weight/(height*height) > 30", "diabetes ? age > 1 : smoker == 1",
		`birthplace == "o'Neill; --"`, "variable('in')", "icd10.startsWith('C34')", "[1].map(x, x)", "a.b.c{d: 1}", "'\\u00e9' == sex",
		"-(-age) < 1e-7", "((((", "!!!!smoker", "age in [1,2,3.5]", "\"", "b'\\xff'", "0x10 > age", "1 ? 2 : 3", "age - -1 > 0",
	} {
		f.Add(s)
	}
	s := schema()
	f.Fuzz(func(t *testing.T, expr string) {
		e, err := Parse(expr, s)
		if err != nil {
			var at *Error
			if !errors.As(err, &at) || at.Line < 1 || at.Column < 1 || at.Text == "" {
				t.Fatalf("%q: error without a place: %v", expr, err)
			}
			return
		}
		where, args, columns := e.SQL()
		checkSQL(t, e, where, args, columns)
	})
}
