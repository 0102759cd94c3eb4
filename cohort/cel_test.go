package cohort

import (
	"fmt"
	"testing"

	"cel.dev/cel-go/cel"

	"hmsp.center/hmsp/table"
)

// On rows without missing values an expression means what CEL's own interpreter
// says, where both have it: real numbers, conditions, texts.
func TestMeansWhatCELMeans(t *testing.T) {
	env, err := cel.NewEnv(cel.CrossTypeNumericComparisons(true),
		cel.Variable("age", cel.DoubleType), cel.Variable("height", cel.DoubleType), cel.Variable("weight", cel.DoubleType),
		cel.Variable("diabetes", cel.BoolType), cel.Variable("smoker", cel.BoolType),
		cel.Variable("sex", cel.StringType), cel.Variable("ph.ecog", cel.StringType), cel.Variable("icd10", cel.StringType))
	if err != nil {
		t.Fatal(err)
	}
	var tab table.Table
	s, err := schema().Select("age", "height", "weight", "diabetes", "smoker", "sex", "ph.ecog", "icd10")
	if err != nil {
		t.Fatal(err)
	}
	const rows = 96
	cols := make([]table.Column, len(s))
	for i, v := range s {
		for r := range rows {
			k := (r*(2*i+3) + r/7) % 97
			switch v.Kind {
			case table.Category:
				cols[i].Codes = append(cols[i].Codes, int32(k%len(v.Levels)))
			case table.Flag:
				cols[i].Numbers = append(cols[i].Numbers, float64(k%2))
			default:
				cols[i].Numbers = append(cols[i].Numbers, v.Min+float64(k)/8)
			}
		}
	}
	if tab, err = table.New(s, cols, nil); err != nil {
		t.Fatal(err)
	}
	for _, expr := range []string{
		"age >= 40", "age < 5 || age > 9.5", "age - 2.0 * height >= 4.0", "weight / (height * height) > 1.5", "-age < -6.25",
		"age in [0.5, 2.0, 7.25]", "diabetes && !smoker || age > 6", "diabetes == smoker", "diabetes != (age > 6)",
		`sex == "f"`, `sex != 'f'`, `ph.ecog in ["1", '3']`, `!(ph.ecog in ["1"]) && sex == "m"`,
		`icd10.startsWith("C34")`, `icd10.endsWith("21") || icd10.contains("4.1")`, `sex == "m" ? age > 3 : smoker`,
		"(smoker ? age : height) + 0.25 > 4", "1 < 2 && age > 1", "true", "height - 1.0 - 2.0 < 0.5 && 8.0 / 4.0 / 2.0 == 1.0",
	} {
		e, err := Parse(expr, s)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		checked, issues := env.Compile(expr)
		if issues.Err() != nil {
			t.Errorf("%s: CEL: %v", expr, issues.Err())
			continue
		}
		program, err := env.Program(checked)
		if err != nil {
			t.Fatal(err)
		}
		holds, err := e.Bind(tab)
		if err != nil {
			t.Fatal(err)
		}
		for r := range rows {
			vars := map[string]any{}
			for i, v := range s {
				switch v.Kind {
				case table.Category:
					vars[v.Name] = v.Levels[cols[i].Codes[r]].Code
				case table.Flag:
					vars[v.Name] = cols[i].Numbers[r] == 1
				default:
					vars[v.Name] = cols[i].Numbers[r]
				}
			}
			want, _, err := program.Eval(vars)
			if err != nil || fmt.Sprint(want.Value()) != holds(r).String() {
				t.Errorf("%s, row %d: %s; CEL says %v, %v", expr, r, holds(r), want, err)
				break
			}
		}
	}
}
