package analysistest

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/table"
)

// CSV reads the schema's variables from a comma-separated file with a header.
// An empty cell and NA are missing; a category's cell is its code.
func CSV(t testing.TB, path string, s table.Schema) table.Table {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	columns := make([]table.Column, len(s))
	for i, v := range s {
		at := -1
		for j, name := range lines[0] {
			if strings.TrimSpace(name) == v.Name {
				at = j
			}
		}
		if at < 0 {
			t.Fatalf("%s has no column %q", path, v.Name)
		}
		for n, line := range lines[1:] {
			columns[i] = appendCell(t, columns[i], v, line[at], n+2)
		}
	}
	out, err := table.New(s, columns, nil)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out
}

func appendCell(t testing.TB, c table.Column, v table.Variable, cell string, line int) table.Column {
	t.Helper()
	missing := cell == "" || cell == "NA"
	if !v.Numeric() {
		k := int32(-1)
		if !missing {
			if x, err := strconv.ParseFloat(cell, 64); err == nil && v.Level(cell) < 0 {
				cell = strconv.FormatFloat(x, 'f', -1, 64) // 1.0 is code 1
			}
			if k = int32(v.Level(cell)); k < 0 {
				t.Fatalf("line %d: %s has no code %q", line, v.Name, cell)
			}
		}
		c.Codes = append(c.Codes, k)
		return c
	}
	x := math.NaN()
	if !missing {
		var err error
		if x, err = strconv.ParseFloat(cell, 64); err != nil {
			t.Fatalf("line %d: %s: %v", line, v.Name, err)
		}
	}
	c.Numbers = append(c.Numbers, x)
	return c
}

// Append joins tables of one schema, one below the other.
func Append(t testing.TB, tables ...table.Table) table.Table {
	t.Helper()
	s := tables[0].Schema
	columns := make([]table.Column, len(s))
	for _, x := range tables {
		for i := range s {
			columns[i].Numbers = append(columns[i].Numbers, x.Columns[i].Numbers...)
			columns[i].Codes = append(columns[i].Codes, x.Columns[i].Codes...)
		}
	}
	out, err := table.New(s, columns, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Deal splits a table over k sites, row i to site i mod k: every site gets a
// mixture.
func Deal(x table.Table, k int) []table.Table {
	rows := make([][]int, k)
	for i := range x.Rows() {
		rows[i%k] = append(rows[i%k], i)
	}
	out := make([]table.Table, k)
	for i := range out {
		out[i] = x.Take(rows[i])
	}
	return out
}

// Shared returns a path in the shared data folder beside the module, and skips
// the test where it is absent.
func Shared(t testing.TB, elem ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(append([]string{dir, "..", "shared", "data"}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the shared test data are not beside the module: %v", err)
	}
	return path
}
