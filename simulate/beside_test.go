package simulate_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/bed"
	"hmsp.center/hmsp/format/biom"
	csvformat "hmsp.center/hmsp/format/csv"
	"hmsp.center/hmsp/format/dicom"
	"hmsp.center/hmsp/format/fit"
	"hmsp.center/hmsp/format/fitbit"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/format/nifti"
	"hmsp.center/hmsp/format/text"
	"hmsp.center/hmsp/format/vcf"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/simulate"
	"hmsp.center/hmsp/simulate/microbiome"
	"hmsp.center/hmsp/simulate/modality"
	"hmsp.center/hmsp/simulate/record"
	"hmsp.center/hmsp/table"
)

// everything is a small run in every format: one site that writes German, one of both.
func everything() simulate.Options {
	return simulate.Options{Seed: 1, People: 24, Years: 4, Variants: 500, Sites: []string{"east", "north"}, Formats: []string{simulate.All}}
}

// contents is SHA-256 of the files of one format at all sites; packed files are unpacked,
// for other versions of a library may pack the same otherwise.
func contents(t testing.TB, dir, format string) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		parts := strings.Split(filepath.ToSlash(name), "/")
		if err != nil || d.IsDir() || len(parts) < 3 || parts[1] != format || strings.HasSuffix(name, ".tbi") {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && strings.HasSuffix(name, ".gz") {
			z, e := gzip.NewReader(bytes.NewReader(b))
			if e != nil {
				return e
			}
			b, err = io.ReadAll(z)
		}
		h.Write([]byte(filepath.ToSlash(name) + "\n"))
		h.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// goldens are the contents of everything, by format, on amd64.
func goldens() map[string]string {
	return map[string]string{
		"vcf":    "1934a67f0c98f9e8",
		"bed":    "851017ad308c8aae",
		"biom":   "1aaea2cde4fd9949",
		"fit":    "ed22cb3ddc81641c",
		"fitbit": "8a94bfc6c2910577",
		"dicom":  "b422c9ee7bcd5efe",
		"nifti":  "7af6e7b822b486d1",
		"text":   "a627c8a16ab39300",
	}
}

// What is written beside records is the same whatever the processors, and what it was.
func TestBesideIsReproducible(t *testing.T) {
	dir := write(t, everything())
	old := runtime.GOMAXPROCS(1)
	again := write(t, everything())
	runtime.GOMAXPROCS(old)
	if digest(t, dir) != digest(t, again) {
		t.Error("the number of processors changes the bytes")
	}
	got := map[string]string{}
	for _, name := range simulate.Modalities() {
		got[name] = contents(t, dir, name)
	}
	if *show {
		for _, name := range simulate.Modalities() {
			t.Logf("%q: %q,", name, got[name])
		}
		return
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("the digests were taken on amd64; others fuse multiplications and additions")
	}
	if !maps.Equal(got, goldens()) {
		t.Errorf("digests %v, want %v", got, goldens())
	}
}

// Clinical records are the same with and without what is beside them.
func TestBesideChangesNoRecord(t *testing.T) {
	o := everything()
	dir := write(t, o)
	o.Formats = nil
	alone := write(t, o)
	for _, name := range simulate.Formats() {
		if contents(t, dir, name) != contents(t, alone, name) {
			t.Errorf("%s differs", name)
		}
	}
	for _, name := range []string{"people.csv", "faults.csv"} {
		a, _ := os.ReadFile(filepath.Join(dir, "truth", "east", name))
		b, _ := os.ReadFile(filepath.Join(alone, "truth", "east", name))
		if !bytes.Equal(a, b) {
			t.Errorf("truth: %s differs", name)
		}
	}
}

// What is written is read back by the formats, and is what was made.
func TestBesideIsReadBack(t *testing.T) {
	o := everything()
	dir := write(t, o)
	for _, site := range o.Sites {
		in := func(names ...string) string { return filepath.Join(append([]string{dir, site}, names...)...) }
		subjects := made(t, o, site)
		for name, f := range map[string]format.Wide{in("vcf", site+".vcf.gz"): vcf.New().(format.Wide), in("bed", site+".bed"): bed.New().(format.Wide)} {
			t.Run(site+" "+f.Name(), func(t *testing.T) { genotypesAre(t, o, f, name, subjects) })
		}
		t.Run(site+" biom", func(t *testing.T) { countsAre(t, in("biom", site+".biom"), subjects) })
		t.Run(site+" watches", func(t *testing.T) { stepsAre(t, in("fit"), in("fitbit"), subjects) })
		t.Run(site+" heads", func(t *testing.T) { lesionsAre(t, in("dicom"), in("nifti"), subjects) })
		t.Run(site+" letters", func(t *testing.T) {
			lettersSay(t, in("text"), filepath.Join(dir, "truth", site, "notes.ndjson"), subjects)
		})
	}
}

// made makes the people of a site again. Each has a maker of its own, for a record is
// valid until the next one.
func made(t *testing.T, o simulate.Options, site string) []*modality.Subject {
	t.Helper()
	s, err := o.Site(site)
	if err != nil {
		t.Fatal(err)
	}
	var out []*modality.Subject
	population, codes, community := o.Population(), record.NewCodes(), microbiome.New(o.Seed)
	for i := range s.People {
		out = append(out, modality.NewSubject(record.NewMaker(population, codes, &s).Record(i), community))
	}
	return out
}

// columns reads features of a wide format by their names.
func columns(t *testing.T, f format.Wide, path string, wanted [][]string) (samples []string, values [][]float64) {
	t.Helper()
	found, err := f.Find(t.Context(), path, format.Options{}, wanted)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{format.SampleColumn}
	for i, c := range found.Columns {
		if c.Name == "" {
			t.Fatalf("%v is not found: %v", wanted[i], found.Problems[i])
		}
		names = append(names, c.Name)
	}
	b, err := formattest.ReadAll(t.Context(), f, path, format.Options{Columns: names})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range b.Columns[1:] {
		x := v.Float
		for i, n := range v.Int {
			if i == 0 {
				x = nil
			}
			x = append(x, float64(n))
		}
		for i := range x {
			if v.Missing(i) {
				x[i] = math.NaN()
			}
		}
		values = append(values, x)
	}
	return b.Columns[0].Text, values
}

func genotypesAre(t *testing.T, o simulate.Options, f format.Wide, path string, subjects []*modality.Subject) {
	panel := o.Population().Panel
	var wanted [][]string
	for i := range panel.Variants {
		wanted = append(wanted, strings.Fields(modality.Code(panel, i))[:1])
	}
	if f.Name() == "bed" { // which says no build
		for i := range wanted {
			wanted[i] = []string{modality.VariantName(i)}
		}
	}
	samples, values := columns(t, f, path, wanted)
	if len(samples) != len(subjects) {
		t.Fatalf("%d samples, want %d", len(samples), len(subjects))
	}
	for k, s := range subjects {
		if samples[k] != s.Person.ID {
			t.Fatalf("sample %d is another person", k)
		}
		c := s.Carrier()
		for i, call := range panel.Genotypes(c.Key, c.Male, c.Ancestry).Calls {
			if got := values[i][k]; call < 0 && got == got || call >= 0 && got != float64(call) {
				t.Fatalf("person %d, variant %d: %v, want %d", k, i, got, call)
			}
		}
	}
}

func countsAre(t *testing.T, path string, subjects []*modality.Subject) {
	var wanted [][]string
	for i := range microbiome.TaxonCount {
		wanted = append(wanted, []string{fmt.Sprintf("taxon%03d", i+1)})
	}
	samples, values := columns(t, biom.New().(format.Wide), path, append(wanted, []string{"hmsp:shannon"}))
	for k, s := range subjects {
		if samples[k] != modality.StoolName(s.Person.ID) {
			t.Fatalf("sample %d is another", k)
		}
		shannon := 0.0
		for i, n := range s.Taxa().Counts {
			if values[i][k] != float64(n) {
				t.Fatalf("sample %d, taxon %d: %v, want %d", k, i, values[i][k], n)
			}
			if p := float64(n) / float64(s.Taxa().Depth); n > 0 {
				shannon -= p * math.Log(p)
			}
		}
		if got := values[microbiome.TaxonCount][k]; math.Abs(got-shannon) > 1e-9 {
			t.Errorf("sample %d: Shannon index %v, want %v", k, got, shannon)
		}
	}
}

// measured sums a measurement table's values of a code by patient.
func measured(t *testing.T, f format.Format, path, code string) (sums map[string]float64, rows map[string]int) {
	t.Helper()
	b, err := formattest.ReadAll(t.Context(), f, path, format.Options{Table: format.MeasurementTable, Columns: []string{format.Patient, format.Code, format.Value}})
	if err != nil {
		t.Fatal(err)
	}
	sums, rows = map[string]float64{}, map[string]int{}
	for i := range b.Rows {
		if b.Columns[1].Text[i] == code {
			sums[b.Columns[0].Text[i]] += b.Columns[2].Float[i]
			rows[b.Columns[0].Text[i]]++
		}
	}
	return sums, rows
}

func stepsAre(t *testing.T, fitPath, fitbitPath string, subjects []*modality.Subject) {
	for _, f := range []struct {
		format format.Format
		path   string
	}{{fit.New(), fitPath}, {fitbit.New(), fitbitPath}} {
		steps, _ := measured(t, f.format, f.path, "loinc:41950-7")
		sleep, _ := measured(t, f.format, f.path, "loinc:93832-4")
		resting, _ := measured(t, f.format, f.path, "loinc:40443-4")
		worn := 0
		for _, s := range subjects {
			m := s.Minutes()
			if m == nil {
				continue
			}
			worn++
			sum, asleep := 0.0, 0
			for i, n := range m.Steps {
				sum += float64(n)
				if m.Worn[i] && m.Asleep[i] {
					asleep++
				}
			}
			if steps[s.Person.ID] != sum {
				t.Errorf("%s: %v steps, want %v", f.format.Name(), steps[s.Person.ID], sum)
			}
			if hours := sleep[s.Person.ID]; math.Abs(hours-float64(asleep)/60) > 0.02*float64(asleep)/60 {
				t.Errorf("%s: %v hours asleep, want %v", f.format.Name(), hours, float64(asleep)/60)
			}
			if resting[s.Person.ID] == 0 {
				t.Errorf("%s: no resting heart rate", f.format.Name())
			}
		}
		if len(steps) != worn || worn == 0 {
			t.Errorf("%s: %d people with steps, want %d", f.format.Name(), len(steps), worn)
		}
	}
}

func lesionsAre(t *testing.T, dicomPath, niftiPath string, subjects []*modality.Subject) {
	for _, f := range []struct {
		format format.Format
		path   string
	}{{dicom.New(), dicomPath}, {nifti.New(), niftiPath}} {
		if _, err := os.Stat(f.path); os.IsNotExist(err) {
			t.Fatalf("no %s", f.format.Name())
		}
		volume, rows := measured(t, f.format, f.path, "hmsp:volume-above-800")
		images := 0
		for _, s := range subjects {
			v := s.Head()
			if v == nil {
				continue
			}
			images++
			want := 0.0
			if v.Lesion != nil {
				want = float64(v.Lesion.Voxels) * 27 / 1000
			}
			if got := volume[s.Person.ID]; math.Abs(got-want) > 1e-6 || rows[s.Person.ID] != 1 {
				t.Errorf("%s: a lesion of %v mL in %d images, want %v in one", f.format.Name(), got, rows[s.Person.ID], want)
			}
		}
		if len(rows) != images {
			t.Errorf("%s: %d people with images, want %d", f.format.Name(), len(rows), images)
		}
	}
}

func lettersSay(t *testing.T, path, truth string, subjects []*modality.Subject) {
	const has = "affirms((?i)diabetes mellitus)"
	b, err := formattest.ReadAll(t.Context(), text.New(), path, format.Options{Table: format.NoteTable, Columns: []string{format.Patient, format.Time, format.Language, format.NoteText, has}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(truth)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for i, s := range subjects {
		n := s.Letter()
		var told modality.LetterTruth
		if !lines.Scan() || json.Unmarshal(lines.Bytes(), &told) != nil || told.Patient != s.Person.ID || told.Language != n.Language {
			t.Fatalf("line %d of the truth is another", i+1)
		}
		affirmed := int64(0)
		runes := []rune(b.Columns[3].Text[i])
		for k, x := range told.Facts {
			if string(runes[x.From:x.To]) != n.Text[n.Facts[k].From:n.Facts[k].To] {
				t.Fatalf("letter %d: a fact is in another place", i)
			}
			if x.Code == "snomed:44054006" && !x.Negated {
				affirmed = 1
			}
		}
		if b.Columns[0].Text[i] != s.Person.ID || b.Columns[1].Text[i] != string(record.AppendDate(nil, s.LetterTime())) ||
			b.Columns[2].Text[i] != string(n.Language) || b.Columns[3].Text[i] != n.Text || b.Columns[4].Int[i] != affirmed {
			t.Fatalf("letter %d is read as another, or told wrongly", i)
		}
	}
}

// The dictionary of the run is read as one, and every variable of it is found where it
// was written.
func TestBesideIsRegistered(t *testing.T) {
	o := everything()
	o.Formats = append([]string{}, simulate.Modalities()...)
	dir := write(t, o)
	path := filepath.Join(dir, "dictionary.yaml")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d, err := manifest.Parse(path, b)
	if err != nil {
		t.Fatal(err)
	}
	var c charter.Charter
	if err := errors.Join(d.Validate(charter.DictionarySchema()), d.Into(&c)); err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(c.Dictionary, o.Dictionary(), func(a, b table.Variable) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) {
		t.Error("the file says another dictionary")
	}
	loader := dataset.Loader{Formats: []format.Format{vcf.New(), bed.New(), biom.New(), fit.New(), fitbit.New(), dicom.New(), nifti.New(), text.New(), csvformat.Format{}}}
	find := func(d dataset.Dataset, want ...string) {
		t.Helper()
		p, err := loader.Check(t.Context(), d, c.Dictionary)
		if err != nil {
			t.Errorf("%s: %v", d.Name, err)
			return
		}
		for _, q := range p.Problems {
			t.Errorf("%s: %s", d.Name, q)
		}
		for _, v := range want {
			if !slices.ContainsFunc(p.Variables, func(q dataset.Quality) bool { return q.Variable == v && q.Present > 0 }) {
				t.Errorf("%s: no values of %s", d.Name, v)
			}
		}
	}
	in := func(names ...string) string { return filepath.Join(append([]string{dir, "north"}, names...)...) }
	mapped := func(name string) dataset.Dataset {
		d, err := dataset.ReadFile(in(name + ".dataset.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	genome := dataset.File("genome", in("vcf", "north.vcf.gz"))
	genome.Patient = format.SampleColumn
	find(genome, "ldl_variant_1", "bmi_variant_6", "t2d_variant_8")
	find(mapped("biom"), "shannon", "clr_taxon013")
	find(dataset.File("watch", in("fit")), "steps", "resting_heart_rate", "sleep", "wear_time")
	find(dataset.File("watch", in("fitbit")), "steps", "resting_heart_rate", "sleep", "wear_time")
	find(dataset.File("heads", in("dicom")), "lesion_volume", "head_mean", "head_entropy", "sex")
	find(mapped("nifti"), "lesion_volume")
	find(mapped("text"), "note_diabetes", "note_words")
}

// Nothing stays behind of a run that is cancelled while people, or their genomes, are
// written.
func TestCancelBeside(t *testing.T) {
	for _, formats := range [][]string{{simulate.All}, {"vcf", "bed"}} {
		ctx, stop := context.WithCancel(t.Context())
		o := everything()
		o.Formats, o.People = formats, 80
		if len(formats) == 2 {
			o.Sites = []string{"east"}
		}
		dir := filepath.Join(t.TempDir(), "out")
		err := simulate.Write(ctx, o, dir, func(done, of int) {
			if len(formats) == 1 || done == of {
				stop()
			}
		})
		stop()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Error("the folder is still there")
		}
	}
}

func TestRefusedFormats(t *testing.T) {
	for want, formats := range map[string][]string{`did you mean "vcf"`: {"vfc"}, "stands for all": {"all", "vcf"}, "named twice": {"fit", "fit"}} {
		o := everything()
		o.Formats = formats
		if err := o.Valid(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", formats, err, want)
		}
	}
	o := simulate.Options{People: 2_000_000, Sites: []string{"east"}, Formats: []string{"bed"}}.Defaults()
	if err := o.Valid(); err == nil || !strings.Contains(err.Error(), "genotypes in one file") {
		t.Errorf("two million genomes: %v", err)
	}
}

// number is a cell.
func number(t *testing.T, s string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}
