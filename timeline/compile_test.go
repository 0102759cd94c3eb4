package timeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/table"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

// Each problem is told once, at its key.
func TestProblems(t *testing.T) {
	const indexed = `"index": {"event": "dm"}, `
	for spec, want := range map[string]string{
		`{"index": {}}`: "index: needs",
		`{"index": {"event": "dm", "date": "2020-01-01"}}`:                                                     "index.date: not both",
		`{"index": {"take": "first", "date": "2020-01-01"}}`:                                                   "index.date: not both",
		`{"index": {"event": "diabetes"}}`:                                                                     `index.event: "diabetes" is no variable`,
		`{"index": {"event": "hba1"}}`:                                                                         `did you mean "hba1c"?`,
		`{"index": {"event": "daeth"}}`:                                                                        `did you mean "death"?`,
		`{"index": {"event": "dm", "take": "mean"}}`:                                                           "index.take: first or the last",
		`{"index": {"event": "dm", "from": "2020-01-02", "to": "2020-01-01"}}`:                                 "index.to: end before they begin",
		`{"variables": {"x": {"of": "hba1c", "take": "last", "from": "1d"}}}`:                                  "variables.x: add an index",
		`{"variables": {"x": {"take": "age"}}}`:                                                                "variables.x: add an index",
		`{"variables": {"x": {"of": "mi", "take": "time", "to": "1y"}}}`:                                       "variables.x: add an index",
		`{` + indexed + `"variables": {"x": {"of": "mi", "take": "time"}}}`:                                    "variables.x: needs to",
		`{` + indexed + `"variables": {"x": {"of": "mi", "take": "event", "to": "0d"}}}`:                       "variables.x.to: watched for a day",
		`{` + indexed + `"variables": {"x": {"of": "mi", "take": "time", "from": "-1d", "to": "1y"}}}`:         "variables.x.from: from the index day on",
		`{` + indexed + `"variables": {"x": {"of": "hba1c", "take": "last", "from": "1d", "to": "0d"}}}`:       "variables.x.to: ends before it begins",
		`{` + indexed + `"variables": {"x": {"of": "hba1c", "take": "last", "from": "2m", "to": "58d"}}}`:      "variables.x.to: ends before it begins",
		`{` + indexed + `"variables": {"x": {"of": "hba1c", "take": "last", "from": "2m", "to": "59d"}}}`:      "",
		`{` + indexed + `"variables": {"x": {"take": "age", "from": "1d"}}}`:                                   "variables.x: has no window",
		`{"variables": {"x": {"of": "hba1c"}}}`:                                                                "variables.x: needs take",
		`{"variables": {"x": {"of": "hba1c", "take": "lst"}}}`:                                                 `variables.x.take: did you mean "last"?`,
		`{"variables": {"x": {"of": "stage", "take": "mean"}}}`:                                                "variables.x.take: is of numbers, and stage is a category",
		`{"variables": {"x": {"of": "dm", "take": "sum", "max": 5}}}`:                                          "variables.x.take: is of numbers",
		`{"variables": {"x": {"of": "visit", "take": "sum", "max": 5}}}`:                                       "variables.x.take: is of what is not negative",
		`{"variables": {"x": {"of": "dose", "take": "sum"}}}`:                                                  "variables.x.max: needs max",
		`{"variables": {"x": {"of": "dose", "take": "sum", "max": 0.5}}}`:                                      "",
		`{"variables": {"x": {"of": "dose", "take": "count"}}}`:                                                "variables.x.max: needs max",
		`{"variables": {"x": {"of": "dose", "take": "count", "max": 1.5}}}`:                                    "variables.x.max: whole number",
		`{"variables": {"x": {"of": "dose", "take": "count", "max": 2000000}}}`:                                "variables.x.max: 1000000",
		`{"variables": {"x": {"of": "dose", "take": "mean", "max": 2}}}`:                                       "variables.x.max: leave it out",
		`{"variables": {"x": {"take": "mean"}}}`:                                                               "variables.x.of: name a variable",
		`{"variables": {"x": {"of": "hba", "take": "mean"}}}`:                                                  "variables.x.of: no variable of the dictionary",
		`{"variables": {"hba1c": {"of": "hba1c", "take": "mean"}}}`:                                            "variables.hba1c: has this name already",
		`{"variables": {"death": {"of": "death", "take": "any"}}}`:                                             "variables.death: has this name already",
		`{"variables": {"1x": {"of": "death", "take": "any"}}}`:                                                "variables.1x: a letter and",
		`{"variables": {"x": {"of": "death", "take": "any"}}}`:                                                 "",
		`{"index": {"date": "2020-02-29"}, "variables": {"x": {"of": "death", "take": "time", "to": "200y"}}}`: "",
	} {
		var s Spec
		if err := json.Unmarshal([]byte(spec), &s); err != nil {
			t.Errorf("%s: %v", spec, err)
			continue
		}
		_, err := Compile(s, dictionary(), nil)
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", spec, err)
			}
			continue
		}
		var ps Problems
		if !errors.As(err, &ps) || len(ps) != 1 {
			t.Errorf("%s: %v", spec, err)
			continue
		}
		path, text, both := strings.Cut(want, ": ")
		if !both {
			path, text = "", want
		}
		if !strings.HasPrefix(err.Error(), path) || !contains(ps[0].Text, text) {
			t.Errorf("%s: %v, want %s", spec, err, want)
		}
	}
	if _, err := Compile(Spec{}, dictionary(), []string{"hba1c", "nothing"}); err == nil {
		t.Error("an unknown plain variable passes")
	}
	many := Spec{Variables: map[string]Derived{}}
	for i := range MaxVariables + 1 {
		many.Variables[fmt.Sprint("v", i)] = Derived{Of: "dm", Take: Any}
	}
	if _, err := Compile(many, dictionary(), nil); err == nil {
		t.Error("too many variables pass")
	}
}

// What a plan declares is a valid entry of a dictionary, and holds every value.
func TestSchema(t *testing.T) {
	spec := Spec{Index: &Index{Event: "dm"}, Variables: map[string]Derived{
		"g_age":    {Take: Age},
		"a_last":   {Of: "hba1c", Take: Last, From: duration(t, "-365d"), To: duration(t, "0d")},
		"b_mean":   {Of: "visit", Take: Mean},
		"c_count":  {Of: "visit", Take: Count, Max: 50},
		"d_any":    {Of: "stage", Take: Any},
		"e_stage":  {Of: "stage", Take: First},
		"f_sum":    {Of: "dose", Take: Sum, Max: 300},
		"h_time":   {Of: "death", Take: TimeTo, To: duration(t, "5y")},
		"i_event":  {Of: "death", Take: EventSeen, To: duration(t, "5y")},
		"j_month":  {Of: "mi", Take: TimeTo, To: duration(t, "1m")},
		"k_weeks":  {Of: "mi", Take: TimeTo, To: duration(t, "2w")},
		"l_visits": {Of: "visit", Take: Min},
	}}
	p, err := Compile(spec, dictionary(), []string{"mi"})
	if err != nil {
		t.Fatal(err)
	}
	d := dictionary()
	want := table.Schema{
		{Name: "a_last", Label: "last of hba1c from -365d to 0d", Kind: table.Number, Unit: "%", Max: 20},
		{Name: "b_mean", Label: "mean of visit", Kind: table.Number, Min: -5, Max: 5},
		{Name: "c_count", Label: "count of visit", Kind: table.Integer, Max: 50},
		{Name: "d_any", Label: "any of stage", Kind: table.Flag},
		{Name: "e_stage", Label: "first of stage", Kind: table.Category, Levels: d[5].Levels},
		{Name: "f_sum", Label: "sum of dose", Kind: table.Number, Unit: "mg", Max: 300},
		{Name: "g_age", Label: "age", Kind: table.Integer, Unit: "a", Max: 130},
		{Name: "h_time", Label: "time of death to 5y", Kind: table.Integer, Unit: "d", Max: 1827},
		{Name: "i_event", Label: "event of death to 5y", Kind: table.Flag},
		{Name: "j_month", Label: "time of mi to 1m", Kind: table.Integer, Unit: "d", Max: 31},
		{Name: "k_weeks", Label: "time of mi to 2w", Kind: table.Integer, Unit: "d", Max: 14},
		{Name: "l_visits", Label: "min of visit", Kind: table.Integer, Min: -5, Max: 5},
		d[4],
	}
	for i, v := range p.Schema() {
		if err := v.Valid(); err != nil {
			t.Error(err)
		}
		if i >= len(want) || fmt.Sprint(v) != fmt.Sprint(want[i]) {
			t.Errorf("got %v", v)
		}
	}
	if got := p.Reads(); !slices.Equal(got, []string{"dm", "hba1c", "visit", "stage", "dose", "mi"}) {
		t.Error(got)
	}
}

// A duration moves a day as the time package and the calendar say, and its span holds
// every move.
func TestDurations(t *testing.T) {
	for text, days := range map[string][2]int64{"0d": {0, 0}, "-7d": {-7, -7}, "2w": {14, 14}, "1m": {28, 31}, "-1m": {-31, -28}, "1y": {365, 366}, "-1y": {-366, -365}, "4y": {1460, 1461}, "13m": {393, 397}} {
		least, greatest := duration(t, text).span()
		if least != days[0] || greatest != days[1] {
			t.Errorf("%s spans %d to %d days, want %v", text, least, greatest, days)
		}
	}
	for _, text := range []string{"1m", "-1m", "7m", "-13m", "1y", "-4y", "200y", "5d", "-3w"} {
		d := duration(t, text)
		least, greatest := d.span()
		sawLeast, sawGreatest := int64(math.MaxInt64), int64(math.MinInt64)
		for day := int64(-146097); day < 146097; day++ {
			moved := d.after(day)
			sawLeast, sawGreatest = min(sawLeast, moved-day), max(sawGreatest, moved-day)
			if n, months := d.steps(); months {
				a, b := time.Unix(day*table.Day, 0).UTC(), time.Unix(moved*table.Day, 0).UTC()
				if int64(b.Year()*12+int(b.Month()))-int64(a.Year()*12+int(a.Month())) != n || b.Day() > a.Day() || b.Day() < a.Day() && b.AddDate(0, 0, 1).Day() != 1 {
					t.Fatalf("%s after %s is %s", text, a, b)
				}
			}
		}
		if sawLeast != least || sawGreatest != greatest {
			t.Errorf("%s spans %d to %d, seen %d to %d", text, least, greatest, sawLeast, sawGreatest)
		}
	}
	for _, bad := range []string{"", "d", "1", "+1d", "01d", "-0d", "1.5d", "1h", "1D", " 1d", "1d ", "1 d", "d1", "201y", "-2401m", "73201d", "99999999999999999999d", "--1d", "1dd"} {
		var d Duration
		if err := d.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is read as %s", bad, d)
		}
	}
	for _, bad := range []string{"", "2020", "2020-1-1", "2021-02-29", "0000-01-01", "2020-01-01T00:00:00", "10000-01-01", "-001-01-01"} {
		var d Date
		if err := d.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is read as %s", bad, d)
		}
	}
}

// Whatever is read is written as it was.
func FuzzDuration(f *testing.F) {
	for _, s := range []string{"-365d", "2w", "0d", "5y", "-0d", "1.5d", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var d Duration
		if d.UnmarshalText([]byte(s)) == nil {
			if d.String() != s {
				t.Errorf("%q is written %q", s, d)
			}
			least, greatest := d.span()
			if moved := d.after(18000); moved-18000 < least || moved-18000 > greatest {
				t.Errorf("%s is outside its span", d)
			}
		}
		var day Date
		if day.UnmarshalText([]byte(s)) == nil && day.String() != s {
			t.Errorf("%q is written %q", s, day)
		}
	})
}

// No spec makes Compile panic; what it lets pass is evaluated, and its values are in
// the declared ranges.
func FuzzSpec(f *testing.F) {
	f.Add(`{"index": {"event": "dm", "take": "first"}, "variables": {"a": {"of": "hba1c", "take": "mean", "from": "-1y", "to": "0d"}, "b": {"of": "death", "take": "time", "to": "5y"}, "c": {"of": "visit", "take": "count", "max": 3}}}`)
	f.Add(`{"index": {"date": "2020-02-29"}, "variables": {"a": {"take": "age"}, "b": {"of": "stage", "take": "first", "from": "-200y"}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var s Spec
		if json.Unmarshal([]byte(text), &s) != nil {
			return
		}
		p, err := Compile(s, dictionary(), []string{"mi", "stage"})
		if err != nil {
			var ps Problems
			if !errors.As(err, &ps) || len(ps) == 0 {
				t.Fatal(err)
			}
			return
		}
		for _, d := range []Dialect{DuckDB, PostgreSQL} {
			if query, args := p.SQL(d); d == DuckDB && strings.Count(query, "?") != len(args) {
				t.Errorf("%d parameters for %s", len(args), query)
			}
		}
		got, err := p.Eval(one(t, [3]string{"1960-02-29", "2024-02-29", "2023-01-01"}, "dm 2020-02-29 1", "hba1c 2020-01-01 7", "hba1c - 5", "visit 2020-03-03 3", "stage - a", "mi 2021-01-01 1", "dose 2020-02-29 80"))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got.Schema {
			if err := v.Valid(); err != nil {
				t.Fatal(err)
			}
			for r := range got.Rows() {
				if v.Kind == table.Category {
					if c := got.Columns[i].Codes[r]; c < -1 || int(c) >= len(v.Levels) {
						t.Fatalf("%s is level %d", v.Name, c)
					}
				} else if lo, hi := v.Range(); got.Columns[i].Numbers[r] < lo || got.Columns[i].Numbers[r] > hi {
					t.Fatalf("%s is %v, outside %v..%v", v.Name, got.Columns[i].Numbers[r], lo, hi)
				}
			}
		}
	})
}
