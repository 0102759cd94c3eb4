package analysistest

import (
	"encoding/csv"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/table"
)

// Guess writes a dictionary for the variables of test files with one header:
// whole numbers and numbers with a range that is wider than the data, as a
// dictionary's is; everything else a category with its codes sorted. A product
// never guesses.
func Guess(t testing.TB, paths ...string) table.Schema {
	t.Helper()
	var s table.Schema
	cells := map[string][]string{}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for j, name := range lines[0] {
			if name = strings.TrimSpace(name); name == "" {
				continue // R's row numbers
			}
			if s.Index(name) < 0 {
				s = append(s, table.Variable{Name: name})
			}
			for _, line := range lines[1:] {
				if line[j] != "" && line[j] != "NA" {
					cells[name] = append(cells[name], line[j])
				}
			}
		}
	}
	for i := range s {
		s[i] = guess(s[i].Name, cells[s[i].Name])
	}
	return s
}

func guess(name string, cells []string) table.Variable {
	lo, hi, whole := math.Inf(1), math.Inf(-1), true
	for _, c := range cells {
		x, err := strconv.ParseFloat(c, 64)
		if err != nil {
			return category(name, cells)
		}
		lo, hi, whole = min(lo, x), max(hi, x), whole && x == math.Trunc(x)
	}
	v := table.Variable{Name: name, Kind: table.Number, Min: math.Floor(lo) - 1, Max: math.Ceil(hi) + 2}
	if whole {
		v.Kind = table.Integer
	}
	return v
}

func category(name string, cells []string) table.Variable {
	v := table.Variable{Name: name, Kind: table.Category}
	slices.Sort(cells)
	for _, c := range slices.Compact(cells) {
		v.Levels = append(v.Levels, table.Level{Code: c})
	}
	return v
}

// As makes categories of the named variables of a guessed dictionary, with the
// codes as they stand in the files.
func As(t testing.TB, s table.Schema, names ...string) table.Schema {
	t.Helper()
	out := slices.Clone(s)
	for _, name := range names {
		i := out.Index(name)
		if i < 0 {
			t.Fatalf("no variable %q", name)
		}
		if v := out[i]; v.Kind == table.Integer {
			var codes []string
			for x := v.Min + 1; x <= v.Max-2; x++ { // as wide as the data were
				codes = append(codes, strconv.Itoa(int(x)))
			}
			out[i] = table.Variable{Name: name, Kind: table.Category}
			for _, c := range codes {
				out[i].Levels = append(out[i].Levels, table.Level{Code: c})
			}
		}
	}
	return out
}
