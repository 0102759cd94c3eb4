package crosstab

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/plot"
	"hmsp.center/hmsp/table"
)

func category(name string, levels int) table.Variable {
	v := table.Variable{Name: name, Kind: table.Category}
	for i := range levels {
		v.Levels = append(v.Levels, table.Level{Code: string(rune('a' + i))})
	}
	return v
}

// opened is the run and result of a table of such cells; the last is people
// without a value.
func opened(t interface{ Fatal(...any) }, cells []float64, shape ...int) (run, *analysis.Result) {
	s := table.Schema{category("r", shape[0]), category("c", shape[1])}
	p := analysis.Params{"rows": "r", "columns": "c"}
	if len(shape) == 3 {
		s = append(s, category("s", shape[2]))
		p["strata"] = "s"
	}
	started, _, err := New().Start(p, s)
	if err != nil {
		t.Fatal(err)
	}
	r := started.(run)
	st := state{Round: 1, Cells: cells}
	return r, r.result(st, r.stratified(st))
}

func js(t interface{ Fatal(...any) }, r *analysis.Result) string {
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func numbers(t *testing.T, r *analysis.Result, name, column string) analysis.Numbers {
	t.Helper()
	x, err := r.Table(name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x.Column(column)
	if err != nil {
		t.Fatal(err)
	}
	return c.Numbers
}

// TestASmallCellAndWhatGivesItBack: one cell of one; neither counts, margins,
// shares, expected counts, tests nor bars tell it.
func TestASmallCellAndWhatGivesItBack(t *testing.T) {
	r, res := opened(t, []float64{1, 20, 30, 40, 50, 60, 0}, 2, 3)
	out, actions, err := r.Disclose(res, disclosure.DefaultRules())
	if err != nil {
		t.Fatal(err)
	}
	if got := numbers(t, out, "counts", "count"); !math.IsNaN(got[0]) || !math.IsNaN(got[1]) || !math.IsNaN(got[3]) || !math.IsNaN(got[4]) || got[2] != 30 || got[5] != 60 {
		t.Errorf("counts %v", got)
	}
	if got := numbers(t, out, "margins", "count"); got[0] != 51 || got[2] != 41 {
		t.Errorf("margins %v", got)
	}
	for _, c := range []string{"row.share", "column.share", "share"} {
		if got := numbers(t, out, "counts", c); !math.IsNaN(got[0]) || !math.IsNaN(got[1]) || math.IsNaN(got[2]) {
			t.Errorf("%s %v", c, got)
		}
	}
	// a and b of c together are 21 and 90, against 30 and 60: all of it is shown.
	want, _, _ := pearson(grid{[][]float64{{30, 21}, {60, 90}}}, false)
	if got := numbers(t, out, "tests", "statistic")[0]; math.Abs(got-want) > 1e-12 {
		t.Errorf("chi-square %v, of the joined table %v", got, want)
	}
	for _, f := range out.Figures {
		if f.Series[0].Y[0] != 0 || f.Series[1].Y[0] != 0 || f.Series[2].Y[0] == 0 {
			t.Errorf("bars %v", f.Series)
		}
	}
	if len(actions) < 2 || actions[0].Suppressed == 0 {
		t.Errorf("actions %v", actions)
	}
}

func TestATwoByTwoTableHasNoTestLeft(t *testing.T) {
	r, res := opened(t, []float64{1, 20, 30, 40, 2}, 2, 2)
	out, _, err := r.Disclose(res, disclosure.DefaultRules())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Table("tests"); err == nil {
		t.Error("with its margins any test of the table gives the cell back")
	}
	if _, err := out.Table("effects"); err == nil {
		t.Error("ratios are shown")
	}
	if !strings.Contains(strings.Join(out.Notes, "\n"), "Fewer than 5 people without a value") {
		t.Errorf("notes %q", out.Notes)
	}
}

func TestTablesOfTooFewAreRefused(t *testing.T) {
	for name, cells := range map[string][]float64{
		"few people":             {1, 1, 0, 1, 0},
		"nobody to hide between": {3, 0, 0, 20, 0},
	} {
		r, res := opened(t, cells, 2, 2)
		if _, _, err := r.Disclose(res, disclosure.DefaultRules()); err == nil || !strings.Contains(err.Error(), "larger cohort") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestWhatIsShownAgreesWithEveryFilling: each number of the released tables and
// figure, and every table that a test is made of, is the same for the tables in
// which the small counts are something else. So none of them tells.
func TestWhatIsShownAgreesWithEveryFilling(t *testing.T) {
	fillings := 0
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SampledFrom([][]int{{2, 2}, {2, 4}, {4, 3}, {2, 2, 3}, {3, 3, 2}}).Draw(t, "shape")
		n := 1
		for _, s := range shape {
			n *= s
		}
		cells := make([]float64, n+1)
		for i := range cells {
			cells[i] = float64(rapid.SampledFrom([]int{0, 1, 3, 6, 9, 15, 22, 40}).Draw(t, "count"))
		}
		r, res := opened(t, cells, shape...)
		before := js(t, res)
		rules := disclosure.Rules{MinimumCell: rapid.IntRange(0, 6).Draw(t, "m"), Round: rapid.SampledFrom([]int{0, 0, 3, 10}).Draw(t, "round")}
		out, actions, err := r.Disclose(res, rules)
		if js(t, res) != before {
			t.Fatal("the result was changed")
		}
		if err != nil {
			return
		}
		if rules.MinimumCell < 2 && rules.Round == 0 && (out != res || actions != nil) {
			t.Fatal("changed without a rule")
		}
		again, more, err := r.Disclose(out, rules)
		if err != nil || js(t, again) != js(t, out) || len(more) > 0 {
			t.Fatalf("a second time it gives %v, %v", err, more)
		}
		for _, f := range out.Figures {
			if svg := plot.SVG(f, plot.Options{}); len(svg) < 100 {
				t.Fatal("not drawn")
			}
		}
		d := &disclosure.Draft{Result: res, Rules: rules}
		p, err := r.protected(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range p.f.Fillings() {
			fillings++
			agrees(t, r, p, x, out)
		}
	})
	if !t.Failed() && fillings < 50 && !testing.Short() { // rapid draws fewer in short tests
		t.Errorf("%d fillings only", fillings)
	}
}

func agrees(t *rapid.T, r run, p protectedTable, x disclosure.Filling, out *analysis.Result) {
	round := p.rules.Rounded
	counts, _ := out.Table("counts")
	at := 0
	for k := range max(p.strata, 1) {
		for i := range r.axes[0].Len() {
			for j := range r.axes[1].Len() {
				v := func(i, j int) float64 { return x.At(p.at(i, j, k)...) }
				for _, c := range counts.Columns {
					var want float64
					switch c.Name {
					case "count":
						want = round(v(i, j))
					case "row.share":
						want = part(round(v(i, j)), round(v(i, total)))
					case "column.share":
						want = part(round(v(i, j)), round(v(total, j)))
					case "share":
						want = part(round(v(i, j)), round(v(total, total)))
					case "expected":
						want = part(round(v(i, total))*round(v(total, j)), round(v(total, total)))
					default:
						continue
					}
					if got := c.Numbers[at]; got != want && !math.IsNaN(got) {
						t.Fatalf("%s of row %d is %v, %v for another table", c.Name, at, got, want)
					}
				}
				at++
			}
		}
	}
	for _, strata := range []bool{false, true} {
		m, ok := r.join(p, strata)
		if !ok {
			continue
		}
		layers := []int{total}
		for k := range p.strata {
			if strata {
				layers = append(layers, k)
			}
		}
		for _, k := range layers {
			for i, rows := range m.rows {
				for j, columns := range m.columns {
					sum := 0.0
					for _, a := range rows {
						for _, b := range columns {
							sum += x.At(p.at(a, b, k)...)
						}
					}
					if want := m.grid(p, k).n[i][j]; round(sum) != want {
						t.Fatalf("a joined count of the tests is %v, %v for another table", want, round(sum))
					}
				}
			}
		}
	}
}

func TestRoundedTablesTestWhatIsShown(t *testing.T) {
	r, res := opened(t, []float64{11, 22, 33, 44, 0}, 2, 2)
	out, _, err := r.Disclose(res, disclosure.Rules{Round: 10})
	if err != nil {
		t.Fatal(err)
	}
	if got := numbers(t, out, "counts", "count"); !reflect.DeepEqual(got, analysis.Numbers{10, 20, 30, 40}) {
		t.Errorf("counts %v", got)
	}
	want, _, _ := pearson(grid{[][]float64{{10, 20}, {30, 40}}}, false)
	if got := numbers(t, out, "tests", "statistic")[0]; got != want {
		t.Errorf("chi-square %v, of the rounded table %v", got, want)
	}
}
