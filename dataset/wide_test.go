package dataset_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/csv"
	"hmsp.center/hmsp/table"
)

// genes is a wide format of files that say how many samples they have: of sample i the
// feature "gene K" is 10*i + K.
type genes struct{ beside string }

func (genes) Name() string { return "genes" }

func (genes) Sniff(head []byte, _ string) int {
	if strings.HasPrefix(string(head), "genes ") {
		return 100
	}
	return 0
}

func (genes) Checks() []format.Check {
	return []format.Check{{Column: "call_rate", Label: "call rate", Unit: "1", Low: 0.95, High: 1}}
}

func (g genes) Companions(string) []string { return []string{g.beside} }

func (genes) Describe(context.Context, string, format.Options) (format.Description, error) {
	return format.Description{Columns: []format.Column{{Name: format.SampleColumn, Kind: format.Text}, {Name: format.SexColumn, Kind: format.Text}, {Name: "call_rate", Kind: format.Float}},
		Notes: []string{"1000000 genes"}}, nil
}

func (genes) Find(_ context.Context, _ string, _ format.Options, wanted [][]string) (format.Found, error) {
	f := format.Found{Columns: make([]format.Column, len(wanted)), Notes: []string{"1 gene is written in another way"}, Problems: map[int]format.Error{}}
	for i, names := range wanted {
		for _, n := range names {
			if k, ok := strings.CutPrefix(n, "hmsp:gene"); ok {
				f.Columns[i] = format.Column{Name: "gene " + k, Kind: format.Int}
			}
			if n == "hmsp:other" {
				f.Problems[i] = format.Error{Text: "the file has other alleles there", Mend: "check the build"}
			}
		}
	}
	return f, nil
}

func (genes) Open(_ context.Context, path string, o format.Options) (format.Reader, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &genesReader{columns: o.Columns}
	fmt.Sscanf(string(b), "genes %d", &r.rows)
	return r, nil
}

type genesReader struct {
	columns []string
	rows    int
	done    int
}

func (r *genesReader) Columns() []format.Column {
	var out []format.Column
	for _, c := range r.columns {
		kind := format.Int
		switch c {
		case format.SampleColumn, format.SexColumn:
			kind = format.Text
		case "call_rate":
			kind = format.Float
		}
		out = append(out, format.Column{Name: c, Kind: kind})
	}
	return out
}

func (r *genesReader) Next() (format.Batch, error) {
	n := min(3, r.rows-r.done)
	if n == 0 {
		return format.Batch{}, io.EOF
	}
	b := format.Batch{Rows: n, First: r.done + 1}
	for _, c := range r.columns {
		var v format.Values
		var k int64
		fmt.Sscanf(c, "gene %d", &k)
		for i := range n {
			at := r.done + i
			switch c {
			case format.SampleColumn:
				v.Text = append(v.Text, fmt.Sprintf("s%d", at))
			case format.SexColumn:
				v.Text = append(v.Text, []string{"male", "female"}[at%2])
			case "call_rate":
				v.Float = append(v.Float, 1-float64(at)*0.01)
			default:
				v.Int = append(v.Int, int64(10*at)+k)
			}
		}
		b.Columns = append(b.Columns, v)
	}
	r.done += n
	return b, nil
}

func (*genesReader) Close() error { return nil }

func wideDictionary() table.Schema {
	return table.Schema{
		{Name: "bdnf", Kind: table.Integer, Min: 0, Max: 1000, Code: "hmsp:gene4"},
		{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "f"}, {Code: "m"}}},
		{Name: "height", Kind: table.Number, Min: 0, Max: 3, Code: "loinc:8302-2"},
	}
}

func wideSource(t *testing.T) (dataset.Loader, string) {
	dir := t.TempDir()
	path, beside := filepath.Join(dir, "a.genes"), filepath.Join(dir, "a.people")
	for p, text := range map[string]string{path: "genes 7", beside: "x"} {
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := dataset.Loader{Formats: []format.Format{csv.Format{}, genes{beside}}, Pseudonym: func(s string) uint64 { return uint64(len(s))<<32 | uint64(s[len(s)-1]) }}
	return l, path
}

func TestWideSource(t *testing.T) {
	l, path := wideSource(t)
	p, err := l.Propose(t.Context(), dataset.File("genome", path), wideDictionary())
	if err != nil || len(p.Asks) > 0 || p.Shape != dataset.Rows || p.Dataset.Patient != format.SampleColumn {
		t.Fatalf("%+v, %v", p, err)
	}
	k, err := l.Keep(t.Context(), p.Dataset, wideDictionary()[:2], dataset.Build{Path: filepath.Join(t.TempDir(), "pool")})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	rows, err := k.Rows(t.Context(), k.Variables)
	if err != nil || rows.Rows() != 7 || rows.People() != 7 {
		t.Fatalf("%d rows, %v", rows.Rows(), err)
	}
	for i := range 7 {
		if rows.Numbers("bdnf")[i] != float64(10*i+4) || rows.Codes("sex")[i] != int32(1-i%2) {
			t.Errorf("row %d: %v, %v", i, rows.Numbers("bdnf")[i], rows.Codes("sex")[i])
		}
	}
	c := k.Profile.Checks
	if len(c) != 1 || c[0].Values != 7 || c[0].People != 7 || c[0].Outside != 1 || c[0].Name != "call rate" {
		t.Errorf("checks: %+v", c)
	}
	if notes := strings.Join(k.Profile.Notes, "; "); notes != "1000000 genes; 1 gene is written in another way" {
		t.Errorf("notes: %s", notes)
	}
}

// A change of a file that belongs to the source is a change of the source.
func TestWideSourceOfSeveralFiles(t *testing.T) {
	l, path := wideSource(t)
	d := dataset.File("genome", path)
	d.Patient = format.SampleColumn
	k, err := l.Keep(t.Context(), d, wideDictionary()[:1], dataset.Build{Path: filepath.Join(t.TempDir(), "pool")})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if same, err := k.Snapshot.Same(t.Context(), path); !same || err != nil {
		t.Fatalf("%v, %v", same, err)
	}
	beside := filepath.Join(filepath.Dir(path), "a.people")
	if err := os.WriteFile(beside, []byte("y!"), 0o600); err != nil {
		t.Fatal(err)
	}
	if same, err := k.Snapshot.Same(t.Context(), path); same || err != nil {
		t.Errorf("a changed companion: %v, %v", same, err)
	}
	if os.Remove(beside); true {
		if _, err := k.Snapshot.Same(t.Context(), path); err == nil || !strings.Contains(err.Error(), "belongs to the source") {
			t.Errorf("a lost companion: %v", err)
		}
	}
}

// With a list of samples that says when they were taken, the source is a history.
func TestWideSourceWithSamples(t *testing.T) {
	l, path := wideSource(t)
	list := filepath.Join(t.TempDir(), "samples.csv")
	if err := os.WriteFile(list, []byte("sample,patient,time\ns0,anna,2020-01-01\ns3,anna,2021-01-01\ns5,bert,2020-06-01\ns6,cleo,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := dataset.File("genome", path)
	d.Samples = list
	p, err := l.Propose(t.Context(), d, wideDictionary())
	if err != nil || p.Shape != dataset.History || p.Dataset.Time != "time" {
		t.Fatalf("%+v, %v", p, err)
	}
	k, err := l.Keep(t.Context(), p.Dataset, wideDictionary()[:1], dataset.Build{Path: filepath.Join(t.TempDir(), "pool")})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	h, err := k.History(t.Context(), "bdnf")
	if err != nil || len(h.Pseudonyms) != 3 {
		t.Fatalf("%+v, %v", h, err)
	}
	e, _ := h.Lookup("bdnf")
	if fmt.Sprint(e.Values.Numbers) != "[4 34 54]" && fmt.Sprint(e.Values.Numbers) != "[4 34 54 64]" {
		t.Errorf("events %v at %v", e.Values.Numbers, e.Times)
	}
	if notes := strings.Join(k.Profile.Notes, "; "); !strings.Contains(notes, "3 samples are not in the list of samples, and are left out") {
		t.Errorf("notes: %s", notes)
	}
	if c := k.Profile.Checks; len(c) != 1 || c[0].Values != 4 || c[0].People != 3 || fmt.Sprintf("%.4f", c[0].PerPerson) != "0.6667" {
		t.Errorf("checks: %+v", c)
	}
	for text, says := range map[string]string{
		"sample,person\na,b\n":         `no such column`,
		"sample,patient\ns0,\n":        "names no sample",
		"sample,patient\ns0,a\ns0,b\n": "listed twice",
		"sample,patient,time\n":        "empty",
	} {
		if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		d.Patient, d.Time = "", ""
		if _, err := l.Propose(t.Context(), d, wideDictionary()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}

// Samples that were exchanged show in the sex of whom they are said to be.
func TestExchanged(t *testing.T) {
	l, path := wideSource(t)
	clinic := filepath.Join(t.TempDir(), "clinic.csv")
	if err := os.WriteFile(clinic, []byte("patient,sex\ns0,m\ns1,f\ns2,f\ns3,m\nz,m\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var kept []*dataset.Kept
	for i, d := range []dataset.Dataset{{Hmsp: dataset.Version, Name: "clinic", Path: clinic, Patient: "patient"}, dataset.File("genome", path)} {
		k, err := l.Keep(t.Context(), d, wideDictionary()[1:2], dataset.Build{Path: filepath.Join(t.TempDir(), fmt.Sprint("pool", i))})
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		kept = append(kept, k)
	}
	got, err := dataset.Exchanged(t.Context(), kept)
	if err != nil || len(got) != 1 || got[0] != (dataset.Difference{Datasets: [2]string{"clinic", "genome"}, Variable: "sex", Patients: 4, Differ: 2}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// One dataset knows the sex by a flag, the other by levels; of who is neither female nor
// male it cannot be said to differ.
func TestExchangedByOtherVariables(t *testing.T) {
	l, path := wideSource(t)
	clinic := filepath.Join(t.TempDir(), "clinic.csv")
	if err := os.WriteFile(clinic, []byte("patient,gender\ns0,male\ns1,female\ns2,unknown\ns3,male\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	gender := table.Variable{Name: "gender", Kind: table.Category, Levels: []table.Level{{Code: "unknown"}, {Code: "male"}, {Code: "female"}}}
	flag := table.Variable{Name: "female", Kind: table.Flag}
	for _, v := range []table.Variable{flag, wideDictionary()[1]} {
		var kept []*dataset.Kept
		for i, d := range []dataset.Dataset{{Hmsp: dataset.Version, Name: "clinic", Path: clinic, Patient: "patient"}, dataset.File("genome", path)} {
			k, err := l.Keep(t.Context(), d, table.Schema{[]table.Variable{gender, v}[i]}, dataset.Build{Path: filepath.Join(t.TempDir(), fmt.Sprint("pool", i))})
			if err != nil {
				t.Fatal(err)
			}
			defer k.Close()
			kept = append(kept, k)
		}
		got, err := dataset.Exchanged(t.Context(), kept)
		if err != nil || len(got) != 1 || got[0].Patients != 3 || got[0].Differ != 1 {
			t.Errorf("%s: %+v, %v", v.Name, got, err)
		}
	}
}

// What the source has and what is not what the dictionary means is refused.
func TestWideSourceRefused(t *testing.T) {
	l, path := wideSource(t)
	dictionary := append(wideDictionary(), table.Variable{Name: "apoe", Kind: table.Integer, Max: 2, Code: "hmsp:other"})
	p, err := l.Check(t.Context(), dataset.File("genome", path), dictionary)
	if err != nil || len(p.Problems) != 1 || p.Problems[0].Variable != "apoe" || !strings.Contains(p.Problems[0].Text, "other alleles") {
		t.Fatalf("%+v, %v", p, err)
	}
}
