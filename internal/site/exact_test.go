package site

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/disclosure"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/table"
)

// Dominance is of patients: one who comes a hundred times must not make up a sum.
func TestDominanceIsOfPatients(t *testing.T) {
	const n = 120
	s := table.Schema{{Name: "cost", Kind: table.Number, Max: 1000}}
	c := table.Column{Numbers: make([]float64, n)}
	few, many := make([]int32, n), make([]int32, n)
	var rows table.Subset
	for i := range n {
		c.Numbers[i] = float64(1 + i%3)
		few[i], many[i] = int32(max(0, i-100)), int32(i)
		rows.Add(i)
	}
	for what, x := range map[string]struct {
		patients []int32
		want     string
	}{"a hundred rows of one": {few, "cost"}, "one row each": {many, ""}, "no names": {nil, ""}} {
		t1, err := table.New(s, []table.Column{c}, x.patients)
		if err != nil {
			t.Fatal(err)
		}
		if got := dominated(t1, []string{"cost"}, rows, disclosure.DefaultRules()); got != x.want {
			t.Errorf("%s: %q dominates, want %q", what, got, x.want)
		}
	}
}

// The median that is counted is the one of a sorted list.
func TestMedianIsTheMiddle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(rapid.OneOf(rapid.Float64(), rapid.Float64Range(-2, 2), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), math.NaN(), math.Inf(-1), 1})), 1, 40).Draw(t, "xs")
		var rows table.Subset
		var there []float64
		for i, x := range xs {
			if i%5 == 3 {
				continue
			}
			if rows.Add(i); x == x {
				there = append(there, x)
			}
		}
		got, ok := median(xs, rows)
		if slices.Sort(there); ok != (len(there) > 0) || ok && got != there[len(there)/2] {
			t.Fatalf("%v of %v", got, there)
		}
	})
}

// One file under two names would have two budgets and two histories.
func TestAFileIsRegisteredOnce(t *testing.T) {
	d := newDesk(t)
	link := filepath.Join(d.Home("east"), "link.csv")
	if err := os.Symlink(d.path(), link); err != nil {
		t.Fatal(err)
	}
	again := func(name, path string) error {
		set := dataset.File(name, path)
		set.Patient = "id"
		_, err := d.site.registry().Add(t.Context(), set, d.Charter.Dictionary, true, dataset.Build{})
		return err
	}
	for _, path := range []string{d.path(), link} {
		if err := again("twin", path); err == nil || !strings.Contains(err.Error(), ledger.File) {
			t.Errorf("registered twice: %v", err)
		}
	}
	if err := again("people", link); err != nil {
		t.Errorf("the same name, replaced: %v", err)
	}
	budget := "hmsp: budget/v1\ndatasets:\n  twin: {with: people}\n"
	if err := os.WriteFile(filepath.Join(d.Home("east"), ledger.File), []byte(budget), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := again("twin", d.path()); err != nil {
		t.Errorf("on one account: %v", err)
	}
}

// A file of a registered folder, the folder of a registered file, and a database under
// another user's name are the same patients.
func TestASourceIsRegisteredOnce(t *testing.T) {
	d := newDesk(t)
	r := d.site.registry()
	for _, c := range []struct{ registered, path string }{
		{filepath.Dir(d.path()), d.path()},
		{"postgres://reader@db.example/omop?schema=cdm", "postgres://db.example:5432/omop?schema=cdm&sslmode=verify-full"},
		{"postgres://127.0.0.1/omop", "postgresql://me@localhost/omop?schema=public"},
	} {
		for _, pair := range [][2]string{{c.registered, c.path}, {c.path, c.registered}} {
			set := dataset.File("first", pair[0])
			if err := manifest.Replace(r.path("first"), set, ""); err != nil {
				t.Fatal(err)
			}
			if err := r.alone(dataset.File("second", pair[1])); err == nil || !strings.Contains(err.Error(), ledger.File) {
				t.Errorf("%s beside %s: %v", pair[1], pair[0], err)
			}
		}
	}
	for _, other := range []string{"postgres://db.example/other?schema=cdm", "postgres://db.example:5433/omop?schema=cdm", filepath.Join(filepath.Dir(d.path()), "nothing.csv")} {
		if err := manifest.Replace(r.path("first"), dataset.File("first", "postgres://db.example/omop?schema=cdm"), ""); err != nil {
			t.Fatal(err)
		}
		if err := r.alone(dataset.File("second", other)); err != nil {
			t.Errorf("%s: %v", other, err)
		}
	}
}
