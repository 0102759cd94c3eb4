package site_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/internal/warehouse"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
)

// shared is a path in the public data beside the repository.
func shared(t testing.TB, parts ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{"..", "..", "..", "shared", "data"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the shared data is not here: %v", err)
	}
	return path
}

func reference(t testing.TB, into any, parts ...string) {
	t.Helper()
	b, err := os.ReadFile(shared(t, append([]string{"reference"}, parts...)...))
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// registry is one of a home that nobody else has.
func registry(t testing.TB) site.Registry {
	return site.Registry{Home: t.TempDir(), Loader: dataset.Loader{Formats: standard.Catalog().Formats}}
}

// register proposes and registers a source as `dataset add` does.
func add(t testing.TB, r site.Registry, d dataset.Dataset, dictionary table.Schema) (dataset.Profile, error) {
	t.Helper()
	p, err := r.Loader.Propose(t.Context(), d, dictionary)
	if err != nil {
		return dataset.Profile{}, err
	}
	if len(p.Asks) > 0 {
		return dataset.Profile{}, errors.New(strings.Join(p.Asks, "; "))
	}
	return r.Add(t.Context(), p.Dataset, dictionary, false, dataset.Build{})
}

// Every flat clinical file is registered, profiled and read back; what was kept equals
// what another reader of CSV finds in the file.
func TestEveryFlatFileIsRegistered(t *testing.T) {
	var files []string
	root := shared(t, "clinical")
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".csv") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) < 35 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) { registered(t, path) })
	}
}

func registered(t *testing.T, path string) {
	r := registry(t)
	schema, _, err := r.Loader.Infer(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := add(t, r, dataset.File("flat", path), schema)
	if err != nil {
		t.Fatal(err)
	}
	k, err := r.Open(t.Context(), "flat", schema)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	got, err := k.Rows(t.Context(), schema)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := csv.NewReader(f)
	head, err := in.Read()
	if err != nil {
		t.Fatal(err)
	}
	type sum struct {
		n     int
		total float64
	}
	want, rows := make([]sum, len(head)), 0
	for {
		cells, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		rows++
		for i, c := range cells {
			if c == "" || c == "NA" {
				continue
			}
			want[i].n++
			x, _ := strconv.ParseFloat(c, 64)
			want[i].total += x
		}
	}
	if got.Rows() != rows || p.Rows != rows {
		t.Errorf("%d rows kept, %d profiled; the file has %d", got.Rows(), p.Rows, rows)
	}
	q, err := r.Quality("flat")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range schema {
		at := slices.Index(head, v.Name)
		if at < 0 {
			continue // row names have no header
		}
		n, total := 0, 0.0
		for i := range rows {
			if v.Kind == table.Category {
				if got.Codes(v.Name)[i] >= 0 {
					n++
				}
			} else if x := got.Numbers(v.Name)[i]; !math.IsNaN(x) {
				n++
				total += x
			}
		}
		if n != want[at].n || v.Kind != table.Category && v.Kind != table.Flag && math.Abs(total-want[at].total) > 1e-9*max(1, math.Abs(total)) {
			t.Errorf("%s: %d values with sum %v; the file has %d with %v", v.Name, n, total, want[at].n, want[at].total)
		}
		if f, ok := q.Lookup(v.Name); !ok || f.Values != n {
			t.Errorf("%s: the quality profile counts %d values, want %d", v.Name, f.Values, n)
		}
	}
}

// lab is a laboratory value as the references compute it.
type lab struct {
	LOINC    string  `json:"loinc"`
	Values   int     `json:"values"`
	Mean     float64 `json:"mean_all"`
	Min      float64 `json:"min"`
	Max      float64 `json:"max"`
	Patients int     `json:"patients"`
	Last     float64 `json:"mean_of_last_value_per_patient"`
}

// The FHIR bundles of three sites, registered together: counts and statistics equal
// those of the references, computed in Python.
func TestFHIRBundlesEqualTheReference(t *testing.T) {
	var want struct {
		Observations map[string]lab
		Conditions   map[string]struct {
			Code      string
			Resources int `json:"condition_resources"`
			Patients  int
		}
		Patients struct{ Gender map[string]int }
	}
	reference(t, &want, "fhir", "synthea_bundles.json")
	dictionary := table.Schema{{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "male"}, {Code: "female"}}}}
	for name, o := range want.Observations {
		dictionary = append(dictionary, table.Variable{Name: name, Kind: table.Number, Code: "loinc:" + o.LOINC, Min: -1e6, Max: 1e6})
	}
	for name, c := range want.Conditions {
		dictionary = append(dictionary, table.Variable{Name: name, Kind: table.Flag, Code: "snomed:" + c.Code})
	}
	r := registry(t)
	p, err := add(t, r, dataset.File("clinic", shared(t, "fhir", "synthea-bundles")), dictionary)
	if err != nil {
		t.Fatal(err)
	}
	if p.People != 180 {
		t.Errorf("%d people, want 180", p.People)
	}
	k, err := r.Open(t.Context(), "clinic", dictionary)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	h, err := k.History(t.Context(), dictionary.Names()...)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := timeline.Compile(timeline.Spec{}, dictionary, dictionary.Names())
	if err != nil {
		t.Fatal(err)
	}
	asked, done, err := warehouse.Ask(t.Context(), h, warehouse.Question{Timeline: plan, Variables: plan.Schema()}, warehouse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer done.Close()
	close := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(b)) } // sums in another order
	for name, o := range want.Observations {
		e, _ := h.Lookup(name)
		total, lo, hi := 0.0, math.Inf(1), math.Inf(-1)
		for _, x := range e.Values.Numbers {
			total, lo, hi = total+x, min(lo, x), max(hi, x)
		}
		if e.Len() != o.Values || !close(total/float64(e.Len()), o.Mean) || lo != o.Min || hi != o.Max {
			t.Errorf("%s: %d values, mean %v, %v..%v; want %+v", name, e.Len(), total/float64(e.Len()), lo, hi, o)
		}
		n, last := 0, 0.0
		for _, x := range asked.Numbers(name) {
			if !math.IsNaN(x) {
				n++
				last += x
			}
		}
		if n != o.Patients || !close(last/float64(n), o.Last) {
			t.Errorf("%s: last value of %d patients, mean %v; want %d, %v", name, n, last/float64(n), o.Patients, o.Last)
		}
	}
	for name, c := range want.Conditions {
		e, _ := h.Lookup(name)
		n := 0.0
		for _, x := range asked.Numbers(name) {
			n += x
		}
		if e.Len() != c.Resources || int(n) != c.Patients {
			t.Errorf("%s: %d diagnoses of %v patients; want %d of %d", name, e.Len(), n, c.Resources, c.Patients)
		}
	}
	for i, l := range dictionary[0].Levels {
		n := 0
		for _, c := range asked.Codes("sex") {
			if int(c) == i {
				n++
			}
		}
		if n != want.Patients.Gender[l.Code] {
			t.Errorf("%s: %d, want %d", l.Code, n, want.Patients.Gender[l.Code])
		}
	}
}

// OMOP data sets, registered: the cohorts that Eunomia publishes, and those of
// conditions by the references.
func TestOMOPEqualsTheReference(t *testing.T) {
	var want struct {
		Conditions []struct{ Concept, Records, Persons int } `json:"-"`
		Top        []struct {
			Concept int `json:"concept_id"`
			Records int
			Persons int
		} `json:"condition_occurrence_top25"`
		Tables map[string]struct{ Persons int }
	}
	for _, name := range []string{"gibleed", "synthea27nj"} {
		reference(t, &want, "omop", name+".json")
		var dictionary table.Schema
		for _, c := range want.Top {
			if c.Concept != 0 {
				dictionary = append(dictionary, table.Variable{Name: "c" + strconv.Itoa(c.Concept), Kind: table.Flag, Code: "omop:" + strconv.Itoa(c.Concept)})
			}
		}
		r := registry(t)
		d := dataset.File("clinic", shared(t, "omop", name))
		d.Mapping = map[string]dataset.Source{}
		for _, v := range dictionary { // counted in one table, as the reference does
			d.Mapping[v.Name] = dataset.Source{Table: "condition", Events: []string{v.Code}}
		}
		if _, err := add(t, r, d, dictionary); err != nil {
			t.Fatal(err)
		}
		k, err := r.Open(t.Context(), "clinic", dictionary)
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		h, err := k.History(t.Context(), dictionary.Names()...)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range want.Top {
			if c.Concept == 0 {
				continue
			}
			e, _ := h.Lookup("c" + strconv.Itoa(c.Concept))
			people := map[int32]bool{}
			for _, p := range e.Patients {
				people[p] = true
			}
			if e.Len() != c.Records || len(people) != c.Persons {
				t.Errorf("%s, concept %d: %d records of %d persons; want %d of %d", name, c.Concept, e.Len(), len(people), c.Records, c.Persons)
			}
		}
	}
}

// Copies of real sources that were cut short, damaged or named as something else are
// refused with one error, and nothing of them stays.
func TestDamagedCopiesAreRefused(t *testing.T) {
	flat := table.Schema{{Name: "age", Kind: table.Integer, Min: 0, Max: 130}, {Name: "time", Kind: table.Integer, Min: 0, Max: 1e6}}
	clinic := table.Schema{{Name: "hba1c", Kind: table.Number, Code: "loinc:4548-4", Min: 0, Max: 100}, {Name: "prediabetes", Kind: table.Flag, Code: "snomed:15777000"}}
	random := rand.New(rand.NewPCG(4, 4))
	cut := func(b []byte) []byte { // in the first half of a line
		n := len(b)/2 + random.IntN(len(b)/4)
		if at := bytes.LastIndexByte(b[:n], '\n'); at > 0 {
			n = at + 3
		}
		return b[:n]
	}
	flip := func(b []byte) []byte {
		b = slices.Clone(b)
		for i := range 64 {
			b[len(b)/2+i] = 0
		}
		return b
	}
	csvFile := shared(t, "clinical", "survival", "lung.csv")
	bundle := shared(t, "fhir", "synthea-bundles-plain")
	bundles, err := filepath.Glob(filepath.Join(bundle, "*.json"))
	if err != nil || len(bundles) == 0 {
		t.Fatal(bundles, err)
	}
	ndjson := shared(t, "fhir", "bulk-10-patients", "Condition.000.ndjson")
	omop := shared(t, "omop", "synthea27nj")
	gz := func(b []byte) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		w.Write(b)
		w.Close()
		return out.Bytes()
	}
	whole := func(b []byte) []byte { return b }
	half := func(b []byte) []byte { return b[:len(b)/2] }
	for name, c := range map[string]struct {
		from, as   string
		damage     func([]byte) []byte
		dictionary table.Schema
	}{
		"csv cut short":              {csvFile, "lung.csv", cut, flat},
		"csv with zeros in it":       {csvFile, "lung.csv", flip, flat},
		"csv named parquet":          {csvFile, "lung.parquet", whole, flat},
		"csv named ndjson":           {csvFile, "lung.ndjson", whole, flat},
		"csv named gz":               {csvFile, "lung.csv.gz", whole, flat},
		"gzip cut short":             {csvFile, "lung.csv.gz", func(b []byte) []byte { return half(gz(b)) }, flat},
		"bundle cut short":           {bundles[0], "b.json", cut, clinic},
		"bundle with zeros in it":    {bundles[0], "b.json", flip, clinic},
		"bundle named csv":           {bundles[0], "b.csv", whole, clinic},
		"gzip of bundle cut short":   {bundles[0], "b.json.gz", func(b []byte) []byte { return half(gz(b)) }, clinic},
		"ndjson cut short":           {ndjson, "Condition.ndjson", cut, clinic},
		"ndjson with zeros in it":    {ndjson, "Condition.ndjson", flip, clinic},
		"ndjson named csv":           {ndjson, "Condition.csv", whole, clinic},
		"omop person table cut":      {filepath.Join(omop, "person.csv"), "omop/person.csv", cut, clinic},
		"omop condition with zeros":  {filepath.Join(omop, "condition_occurrence.csv"), "omop/condition_occurrence.csv", flip, clinic},
		"omop measurement gzip cut":  {filepath.Join(omop, "measurement.csv.gz"), "omop/measurement.csv.gz", half, clinic},
		"omop without its persons":   {filepath.Join(omop, "person.csv"), "omop/person.csv", func([]byte) []byte { return []byte("x\n") }, clinic},
		"omop concepts are a bundle": {bundles[0], "omop/concept.csv", whole, clinic},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			source := filepath.Join(dir, c.as)
			if folder := filepath.Dir(c.as); folder != "." {
				if err := os.CopyFS(filepath.Join(dir, folder), os.DirFS(omop)); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(source, 0o600); err != nil {
					t.Fatal(err)
				}
				defer func(path string) { source = path }(source)
				source = filepath.Join(dir, folder)
			}
			b, err := os.ReadFile(c.from)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, c.as), c.damage(b), 0o600); err != nil {
				t.Fatal(err)
			}
			r := registry(t)
			_, err = add(t, r, dataset.File("copy", source), c.dictionary)
			if err == nil {
				t.Fatal("registered")
			}
			if text := err.Error(); len(text) > 1500 || !strings.Contains(text, filepath.Base(source)) && !strings.Contains(text, filepath.Base(c.as)) {
				t.Errorf("the error is long, or names no file: %v", err)
			}
			if names, _ := r.List(); len(names) > 0 {
				t.Errorf("registered all the same: %v", names)
			}
			left, _ := filepath.Glob(filepath.Join(r.Home, "pools", "*"))
			hidden, _ := filepath.Glob(filepath.Join(r.Home, "pools", ".*"))
			if left = append(left, hidden...); len(left) > 0 {
				t.Errorf("something of it stays: %v", left)
			}
		})
	}
}
