package local_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/internal/engine/local"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// A golden is one table of reference results and the entry of a study that must
// reproduce it.
type golden struct {
	key      string // where it stands in the reference file: "describe_per_site/va"
	analysis string
	params   analysis.Params
	agree    func(t *testing.T, got *analysis.Result, want reference)
	strata   bool // each site is a stratum of its own: additive over sites, so there is no pooled table
}

// Every reference table of the four multi-centre sets, from whole studies:
// planned, keyed, masked, summed, opened, verified and signed by real parties.
// The federated findings are those of the same code on the pooled table, to the
// last byte, and R's.
func TestGolden(t *testing.T) {
	for name, of := range map[string]func(t *testing.T) set{"lung": lung, "heart": heart, "cgd": cgd, "cnsim": cnsim, "dasim": dasim} {
		t.Run(name, func(t *testing.T) {
			s := of(t)
			p := s.plan(t)
			o, err := local.Run(t.Context(), p, s.consortium.Signers, s.tables, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			if o.Status != receipt.Released {
				t.Fatalf("%s: %s", o.Status, o.Reason)
			}
			if err := o.Check(); err != nil {
				t.Error(err)
			}
			if !o.Receipt.Verified || len(o.Contributors) != len(s.sites) || len(o.Receipt.Unsigned()) > 0 {
				t.Errorf("verified %v, contributors %v, not signed by %v", o.Receipt.Verified, o.Contributors, o.Receipt.Unsigned())
			}
			t.Run("bit for bit", func(t *testing.T) { s.bitForBit(t, p, o.Analyses) })
			for i, g := range s.tests {
				t.Run(g.key+"/"+entryName(i, g), func(t *testing.T) {
					f := o.Analyses[i]
					if f.Failed != "" {
						t.Fatal(f.Failed)
					}
					g.agree(t, f.Result, s.reference(t, g.key))
				})
			}
		})
	}
}

// entryName is unique in a study.
func entryName(i int, g golden) string { return fmt.Sprintf("%s-%d", g.analysis, i+1) }

func (s set) plan(t *testing.T) *plan.Plan {
	t.Helper()
	st := study.Study{Hmsp: study.Version, Name: "golden", Dataset: "golden", Purpose: "research", LegalBasis: "published data",
		Question: "Are these the numbers of the reference?", Participation: study.Participation{Patience: study.DefaultPatience}, Verify: true}
	for i, g := range s.tests {
		st.Analyses = append(st.Analyses, study.Entry{Name: entryName(i, g), Analysis: g.analysis, Params: g.params})
	}
	p, err := s.consortium.Plan(st, standard.Catalog(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// bitForBit holds the findings against those of one table with everybody's rows.
// Where each site is a stratum of its own, the sum over sites is the analysis,
// and its findings are held against the sites' tables summed without masks.
func (s set) bitForBit(t *testing.T, p *plan.Plan, got []receipt.Finding) {
	var each []table.Table
	for _, site := range s.sites {
		each = append(each, s.tables[site])
	}
	one, err := local.Pooled(context.Background(), p, concatenate(t, each))
	if err != nil {
		t.Fatal(err)
	}
	sums, err := local.Pooled(context.Background(), p, each...)
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range s.tests {
		want := one[i]
		if g.strata {
			want = sums[i]
		}
		a, b := encode(t, got[i]), encode(t, want)
		if a != b {
			t.Errorf("%s %v:\nfederated %.2000s\npooled    %.2000s", g.analysis, g.params, a, b)
		}
	}
}

func encode(t *testing.T, f receipt.Finding) string {
	t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func concatenate(t *testing.T, tables []table.Table) table.Table {
	t.Helper()
	columns := make([]table.Column, len(tables[0].Columns))
	var patients []int32
	for _, x := range tables {
		for i, c := range x.Columns {
			columns[i].Numbers = append(columns[i].Numbers, c.Numbers...)
			columns[i].Codes = append(columns[i].Codes, c.Codes...)
		}
		from := int32(len(patients)) // more than any patient's number so far
		for _, n := range x.Patients {
			patients = append(patients, from+n)
		}
	}
	out, err := table.New(tables[0].Schema, columns, patients)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A reference is a part of a reference file.
type reference map[string]any

// reference reads the part of the set's file under a key; a key that begins with
// "own/" stands in testdata/golden.json.
func (s set) reference(t *testing.T, key string) reference {
	t.Helper()
	path := filepath.Join("testdata", "golden.json")
	key, own := strings.CutPrefix(key, "own/")
	if !own {
		path = shared(t, "reference", "clinical", s.file)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	for _, k := range strings.Split(key, "/") {
		r = r.within(t, k)
	}
	return r
}

func (r reference) within(t *testing.T, key string) reference {
	t.Helper()
	m, ok := r[key].(map[string]any)
	if !ok {
		t.Fatalf("the reference has no %q", key)
	}
	return m
}

// number is a number of the reference; one that is absent is an error.
func (r reference) number(t *testing.T, key string) float64 {
	t.Helper()
	x, ok := r[key].(float64)
	if !ok {
		t.Fatalf("the reference has no number %q", key)
	}
	return x
}

// numbers is a list of the reference, lists in lists one after the other.
func (r reference) numbers(t *testing.T, key string) []float64 {
	t.Helper()
	var out []float64
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case float64:
			out = append(out, v)
		default:
			t.Fatalf("the reference's %q is not a list of numbers", key)
		}
	}
	walk(r[key])
	return out
}

func (r reference) texts(t *testing.T, key string) []string {
	t.Helper()
	list, ok := r[key].([]any)
	if !ok {
		t.Fatalf("the reference has no list %q", key)
	}
	var out []string
	for _, x := range list {
		out = append(out, fmt.Sprint(x))
	}
	return out
}

// shared is a path in the data shared between projects of this field; the test is
// skipped where they are not there.
func shared(t *testing.T, parts ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{"..", "..", "..", "..", "shared", "data"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the shared data are not here: %v", err)
	}
	return path
}
