package poisson_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/poisson"
	"hmsp.center/hmsp/table"
)

func TestRefusals(t *testing.T) {
	s := append(table.Schema{{Name: "rate", Kind: table.Number, Min: 0, Max: 9}, whole("change", -5, 5)}, schemas["warpbreaks"]...)
	for formula, say := range map[string]string{
		"rate ~ wool": "type integer", "change ~ wool": "min of 0", "wool ~ breaks": "logistic", "breaks ~ wool + offset(log(rate))": "log1p",
		"breaks ~ strata(wool)": "as a term", "log(breaks + 1) ~ wool": "must be a count",
	} {
		_, _, err := poisson.New().Start(analysis.Params{"formula": formula}, s)
		var r *analysis.Refusal
		if !errors.As(err, &r) || r.Param != "formula" || !strings.Contains(r.Text, say) {
			t.Errorf("%s: got %v, want a refusal with %q", formula, err, say)
		}
	}
}

// A group without any event has the rate 0: its coefficient is -Inf and said,
// and the other groups are what R gives without that group.
func TestGroupWithoutEvents(t *testing.T) {
	s := schemas["InsectSprays"]
	x := analysistest.CSV(t, "testdata/InsectSprays.csv", s)
	var others []int
	counts, spray := x.Numbers("count"), x.Codes("spray")
	for i, c := range spray {
		if c == 2 {
			counts[i] = 0
		} else {
			others = append(others, i)
		}
	}
	p := analysis.Params{"formula": "count ~ spray"}
	res := analysistest.Drive(t, poisson.New(), p, s, analysistest.Deal(x, 4)...)
	want := analysistest.Drive(t, poisson.New(), p, s, x.Take(others))
	names, b := res.Tables[0].Columns[0].Text, res.Tables[0].Columns[1].Numbers
	k := 0
	for i, name := range names {
		if name == "sprayC" {
			if !math.IsInf(b[i], -1) {
				t.Errorf("sprayC: %v, want -Inf", b[i])
			}
			continue
		}
		if w := want.Tables[0].Columns[1].Numbers[k]; want.Tables[0].Columns[0].Text[k] != name || math.Abs(b[i]-w) > 1e-6 {
			t.Errorf("%s: %v, want %v", name, b[i], w)
		}
		k++
	}
	if !strings.Contains(strings.Join(res.Notes, "\n"), "Firth") {
		t.Errorf("notes: %q", res.Notes)
	}
}
