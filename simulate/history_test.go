package simulate_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/quality"
	"hmsp.center/hmsp/simulate"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
)

// keep reads a site's records in a format as `hmsp dataset add` does: what is to be
// said is said by the proposal, or by the mapping that is written beside CSV.
func keep(t *testing.T, dir, site, name string) (*dataset.Kept, dataset.Dataset) {
	t.Helper()
	path := filepath.Join(dir, site, name)
	d := dataset.File("clinic", path)
	if name == "csv" {
		var err error
		if d, err = dataset.ReadFile(filepath.Join(path, "dataset.yaml")); err != nil {
			t.Fatal(err)
		}
	}
	l := dataset.Loader{Formats: standard.Catalog().Formats}
	p, err := l.Propose(t.Context(), d, simulate.Dictionary())
	if err != nil || len(p.Asks) > 0 || p.Shape != dataset.History {
		t.Fatalf("%s as %s: %v, asks %v, %s", site, name, err, p.Asks, p.Shape)
	}
	k, err := l.Keep(t.Context(), p.Dataset, simulate.Dictionary(), dataset.Build{Path: filepath.Join(t.TempDir(), "pool")})
	if err != nil {
		t.Fatalf("%s as %s: %v", site, name, err)
	}
	t.Cleanup(func() { k.Close() })
	return k, p.Dataset
}

// people are the people of a history, each as one text that has all that is known, to
// the day; sorted, because formats name and order people differently.
func people(h table.History) []string {
	day := func(at int64) string {
		if at == table.NoTime {
			return "never"
		}
		return time.Unix(at, 0).UTC().Format(time.DateOnly)
	}
	of := make([][]string, h.People())
	for i := range of {
		of[i] = []string{fmt.Sprintf("born %s died %s seen %s to %s", day(h.Birth[i]), day(h.Death[i]), day(h.From[i]), day(h.To[i]))}
	}
	for _, e := range h.Events {
		for i, who := range e.Patients {
			value := ""
			if e.Variable.Numeric() {
				value = fmt.Sprint(e.Values.Numbers[i])
			} else {
				value = e.Variable.Levels[e.Values.Codes[i]].Code
			}
			of[who] = append(of[who], fmt.Sprintf("%s %s %s", e.Variable.Name, day(e.Times[i]), value))
		}
	}
	out := make([]string, len(of))
	for i, lines := range of {
		slices.Sort(lines[1:])
		out[i] = strings.Join(lines, "\n")
	}
	slices.Sort(out)
	return out
}

// outcome is a study's rows: who gets coronary heart disease after diabetes.
func outcome(t *testing.T, h table.History) []string {
	t.Helper()
	days, years := timeline.Days, func(n int) *timeline.Duration { d := timeline.Months(12 * n); return &d }
	none, before := days(0), days(-1)
	plan, err := timeline.Compile(timeline.Spec{
		Index: &timeline.Index{Event: "diabetes"},
		Variables: map[string]timeline.Derived{
			"age":     {Take: timeline.Age},
			"before":  {Of: "chd", Take: timeline.Any, To: &before},
			"days":    {Of: "chd", Take: timeline.TimeTo, To: years(5)},
			"event":   {Of: "chd", Take: timeline.EventSeen, To: years(5)},
			"died":    {Of: timeline.Death, Take: timeline.EventSeen, To: years(5)},
			"lipids":  {Of: "ldl", Take: timeline.Mean, From: years(-1), To: &none},
			"treated": {Of: "statin", Take: timeline.Any, To: &none},
		},
	}, simulate.Dictionary(), []string{"sex", "smoking"})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := plan.Eval(h)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, rows.Rows())
	for i := range out {
		var cells []string
		for k, v := range rows.Schema {
			if v.Numeric() {
				cells = append(cells, fmt.Sprint(v.Name, rows.Columns[k].Numbers[i]))
			} else {
				cells = append(cells, fmt.Sprint(v.Name, rows.Columns[k].Codes[i]))
			}
		}
		out[i] = strings.Join(cells, " ")
	}
	slices.Sort(out)
	return out
}

// The same people say the same as FHIR, OMOP and CSV: what is known of each, day by
// day, what a study makes of it, the quality of it, and whose consent is where.
func TestFormatsAreOneHistory(t *testing.T) {
	dir := write(t, small())
	for _, site := range simulate.Sites() {
		t.Run(site, func(t *testing.T) {
			type read struct {
				people, rows []string
				quality      quality.Profile
			}
			all := map[string]read{}
			for _, name := range simulate.Formats() {
				k, d := keep(t, dir, site, name)
				if d.Consent == nil || (d.Consent.From == "source") != (name == "fhir") {
					t.Errorf("%s: consent is not where it is", name)
				}
				h, err := k.History(t.Context(), k.Variables.Names()...)
				if err != nil {
					t.Fatal(err)
				}
				q, err := k.Measure(t.Context(), simulate.End()+table.Day)
				if err != nil {
					t.Fatal(err)
				}
				all[name] = read{people(h), outcome(t, h), q}
			}
			want := all["omop"]
			// The shorter form has so few people that a site may have nobody with an outcome.
			if len(want.people) == 0 || len(want.rows) == 0 && !testing.Short() {
				t.Fatal("nobody is there")
			}
			for name, got := range all {
				if !slices.Equal(got.people, want.people) {
					t.Errorf("%s: people are not those of omop: %s", name, difference(got.people, want.people))
				}
				if !slices.Equal(got.rows, want.rows) {
					t.Errorf("%s: a study's rows are not those of omop", name)
				}
				if g, w := shares(got.quality), shares(want.quality); !maps.Equal(g, w) {
					t.Errorf("%s: quality %v, of omop %v", name, g, w)
				}
			}
		})
	}
}

// difference names the first kind of line that differs. The people never existed.
func difference(a, b []string) string {
	if len(a) != len(b) {
		return fmt.Sprintf("%d and %d", len(a), len(b))
	}
	for i := range a {
		x, y := strings.Split(a[i], "\n"), strings.Split(b[i], "\n")
		for k := range min(len(x), len(y)) {
			if x[k] != y[k] {
				return fmt.Sprintf("%q and %q", x[k], y[k])
			}
		}
	}
	return "none"
}

// shares are what a profile says of each variable.
func shares(p quality.Profile) map[string]string {
	out := map[string]string{"people": fmt.Sprint(p.People)}
	for _, v := range p.Variables {
		out[v.Name] = fmt.Sprintf("complete %.6f conform %.6f plausible %.6f unique %.6f of %d", v.Completeness, v.Conformance, v.Plausibility, v.Uniqueness, v.Values)
	}
	return out
}
