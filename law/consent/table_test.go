package consent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/law/consent"
	"hmsp.center/hmsp/vocabulary"
)

// pseudonym stands for the site's keyed hash.
func pseudonym(patient string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(patient))
	return h.Sum64() * 0x9E3779B97F4A7C15
}

// A rows is a table in memory as a format.Reader, in batches of size.
type rows struct {
	columns []string
	cells   [][]string
	size    int
	next    int
}

func (r *rows) Columns() (out []format.Column) {
	for _, c := range r.columns {
		out = append(out, format.Column{Name: c, Kind: format.Text})
	}
	return out
}

func (r *rows) Next() (format.Batch, error) {
	if r.next == len(r.cells) {
		return format.Batch{}, io.EOF
	}
	n := min(max(r.size, 1), len(r.cells)-r.next)
	b := format.Batch{Rows: n, First: r.next + 1, Columns: make([]format.Values, len(r.columns))}
	for i := range r.columns {
		for _, row := range r.cells[r.next : r.next+n] {
			b.Columns[i].Text = append(b.Columns[i].Text, row[i])
			b.Columns[i].Null = append(b.Columns[i].Null, row[i] == "")
		}
	}
	r.next += n
	return b, nil
}

func (r *rows) Close() error { return nil }

// clinical makes a clinical table of rows that name their cells.
func clinical(list ...map[string]string) *rows {
	r := &rows{size: 3}
	for _, c := range format.ClinicalColumns(format.ConsentTable) {
		r.columns = append(r.columns, c.Name)
	}
	for _, m := range list {
		var row []string
		for _, c := range r.columns {
			row = append(row, m[c])
		}
		r.cells = append(r.cells, row)
	}
	return r
}

// listed makes a list of consents from lines of values with commas between.
func listed(lines ...string) *rows {
	r := &rows{columns: consent.ListColumns(), size: 2}
	for _, l := range lines {
		r.cells = append(r.cells, strings.Split(l, ","))
	}
	return r
}

// A failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatal(...any)
}

func load(t failer, r format.Reader) *consent.Register {
	t.Helper()
	reg, err := consent.Load(context.Background(), r, "consent.csv", pseudonym)
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

func day(t testing.TB, text string) consent.Day {
	t.Helper()
	d, ok := consent.ParseDay(text)
	if !ok {
		t.Fatalf("%q is no day", text)
	}
	return d
}

// A resource is as much of a FHIR consent as the table has.
type resource struct {
	Type       string    `json:"resourceType"`
	ID         string    `json:"id"`
	Status     string    `json:"status"`
	Scope      concept   `json:"scope"`
	Patient    reference `json:"patient"`
	DateTime   string    `json:"dateTime"`
	PolicyRule concept   `json:"policyRule"`
	Policy     []struct {
		URI string `json:"uri"`
	} `json:"policy"`
	Provision *provision `json:"provision"`
}

type reference struct {
	Reference string `json:"reference"`
}

type coding struct {
	System string `json:"system"`
	Code   string `json:"code"`
}

type concept struct {
	Coding []coding `json:"coding"`
}

type provision struct {
	Type   string `json:"type"`
	Period struct {
		Start string `json:"start"`
		End   string `json:"end"`
	} `json:"period"`
	Actor []struct {
		Reference reference `json:"reference"`
	} `json:"actor"`
	Action    []concept   `json:"action"`
	Purpose   []coding    `json:"purpose"`
	Class     []coding    `json:"class"`
	Code      []concept   `json:"code"`
	Provision []provision `json:"provision"`
}

func tokens(codings ...coding) string {
	var out []string
	for _, c := range codings {
		out = append(out, vocabulary.Token(c.System, c.Code))
	}
	return strings.Join(out, " ")
}

func flat(list []concept) string {
	var out []coding
	for _, c := range list {
		out = append(out, c.Coding...)
	}
	return tokens(out...)
}

// cells are a resource's rows, as package format/fhir gives them.
func (c resource) cells() (out []map[string]string) {
	policy := strings.Fields(tokens(c.PolicyRule.Coding...))
	for _, p := range c.Policy {
		policy = append(policy, p.URI)
	}
	var walk func(p provision, place string)
	walk = func(p provision, place string) {
		var actors []string
		for _, a := range p.Actor {
			actors = append(actors, a.Reference.Reference)
		}
		out = append(out, map[string]string{
			format.Patient: strings.TrimPrefix(c.Patient.Reference, "Patient/"), format.ID: c.ID, format.Status: c.Status, format.Time: c.DateTime,
			format.Scope: tokens(c.Scope.Coding...), format.Policy: strings.Join(policy, " "), format.Provision: place, format.Decision: p.Type,
			format.Start: p.Period.Start, format.End: p.Period.End, format.Purpose: tokens(p.Purpose...), format.Action: flat(p.Action),
			format.Code: flat(p.Code), format.Actor: strings.Join(actors, " "), format.Class: tokens(p.Class...),
		})
		for i, below := range p.Provision {
			walk(below, strings.TrimPrefix(fmt.Sprintf("%s.%d", place, i+1), "."))
		}
	}
	root := provision{}
	if c.Provision != nil {
		root = *c.Provision
	}
	walk(root, "")
	return out
}

// data is a path below the folder of real data; the test is skipped without it.
func data(t testing.TB, path string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	path = filepath.Join(dir, "..", "shared", "data", path)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the data are not here: %s", path)
	}
	return path
}

// resources reads the consents of a folder, in the order of its files.
func resources(t testing.TB, folder string) (out []resource) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(data(t, folder), "Consent-*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no consents in %s (%v)", folder, err)
	}
	slices.Sort(names)
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		var r resource
		if err := json.Unmarshal(b, &r); err != nil || r.Type != "Consent" {
			t.Fatalf("%s: %v", n, err)
		}
		out = append(out, r)
	}
	return out
}

// problem is the *format.Error that an error is.
func problem(t testing.TB, err error) *format.Error {
	t.Helper()
	var e *format.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a *format.Error", err)
	}
	return e
}
