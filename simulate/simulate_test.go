package simulate_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/internal/demo"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/simulate"
)

// write makes a simulation in a new folder.
func write(t testing.TB, o simulate.Options) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "out")
	if err := simulate.Write(context.Background(), o, dir, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

// digest is SHA-256 over the names and bytes of the files below dir.
func digest(t testing.TB, dir string) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		b, err := os.ReadFile(path)
		h.Write([]byte(filepath.ToSlash(name) + "\n"))
		h.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

var show = flag.Bool("golden", false, "print the digest of the tiny run instead of comparing it")

// golden is the digest of the tiny run. A change of the model changes it: then
// simulate.Version changes too, once a version has been released.
const golden = "ef06210cf8942fe3a0b5e8b5d992772bb6f05e0784daae86c9867f1dfa963a40"

func tiny() simulate.Options {
	return simulate.Options{Seed: 1, People: 24, Years: 4, Variants: 500}
}

func TestSameSeedSameBytes(t *testing.T) {
	a := digest(t, write(t, tiny()))
	old := runtime.GOMAXPROCS(1)
	b := digest(t, write(t, tiny()))
	runtime.GOMAXPROCS(old)
	if a != b {
		t.Error("the number of processors changes the bytes")
	}
	other := tiny()
	other.Seed = 2
	if digest(t, write(t, other)) == a {
		t.Error("the seed does not change the bytes")
	}
	if *show {
		t.Log(a)
		return
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("the digest was taken on amd64; others fuse multiplications and additions")
	}
	if a != golden {
		t.Errorf("digest %s, want %s", a, golden)
	}
}

// The same people come from a site whether it is alone or one of seven.
func TestPartitionInvariance(t *testing.T) {
	o := simulate.Options{Seed: 3, People: 40, Years: 3, Variants: 500, Sites: []string{"plains"}}
	alone := write(t, o)
	o.Sites = []string{"hills", "plains", "east", "lakes", "north", "south", "west"}
	o.People = 280
	seven := write(t, o)
	for _, part := range []string{"plains", filepath.Join("truth", "plains")} {
		if digest(t, filepath.Join(alone, part)) != digest(t, filepath.Join(seven, part)) {
			t.Errorf("%s differs between 1 and 7 sites", part)
		}
	}
	o.Sites, o.People = []string{"plains"}, 30
	few := write(t, o)
	x, _ := os.ReadFile(filepath.Join(few, "plains", "csv", "labs.csv"))
	y, _ := os.ReadFile(filepath.Join(alone, "plains", "csv", "labs.csv"))
	if !strings.HasPrefix(string(y), string(x)) {
		t.Error("more people change those who were there")
	}
}

func TestRefusals(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := simulate.Write(context.Background(), tiny(), full, nil); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a folder that holds something: %v", err)
	}
	if err := simulate.Write(context.Background(), tiny(), t.TempDir(), nil); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	for _, c := range []struct {
		o    simulate.Options
		want string
	}{
		{simulate.Options{People: 3}, "3 people for 6 sites"},
		{simulate.Options{People: -1}, "-1 people"},
		{simulate.Options{Years: 41}, "41 years"},
		{simulate.Options{Variants: 10}, "10 variants"},
		{simulate.Options{Formats: []string{"fihr"}}, `did you mean "fhir"`},
		{simulate.Options{Formats: []string{}}, "no format"},
		{simulate.Options{Formats: []string{"csv", "csv"}}, "named twice"},
		{simulate.Options{Sites: []string{"../north"}}, "lower-case letter"},
		{simulate.Options{Sites: []string{"truth"}}, "not \"truth\""},
		{simulate.Options{Sites: []string{"a", "a"}}, "named twice"},
		{simulate.Options{Sites: []string{}}, "0 sites"},
	} {
		dir := filepath.Join(t.TempDir(), "out")
		err := simulate.Write(context.Background(), c.o, dir, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.o, err, c.want)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%+v: a folder was made", c.o)
		}
	}
}

// A cancelled run leaves nothing behind.
func TestCancel(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	o := simulate.Options{Seed: 1, People: 2000}
	dir := filepath.Join(t.TempDir(), "out")
	err := simulate.Write(ctx, o, dir, func(done, of int) { stop() })
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Error("the folder is still there")
	}
}

func TestProgress(t *testing.T) {
	last := 0
	o := tiny()
	err := simulate.Write(context.Background(), o, filepath.Join(t.TempDir(), "out"), func(done, of int) {
		if done <= last || of != o.People {
			t.Errorf("%d of %d after %d", done, of, last)
		}
		last = done
	})
	if err != nil || last != o.People {
		t.Errorf("%d people in the end, %v", last, err)
	}
}

func TestSitesAreTheDemos(t *testing.T) {
	if !reflect.DeepEqual(simulate.Sites(), demo.Sites()) {
		t.Error("the sites differ from the demo's")
	}
}

// The dictionary reads as one, and says what Dictionary says.
func TestDictionary(t *testing.T) {
	dir := write(t, tiny())
	path := filepath.Join(dir, "dictionary.yaml")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d, err := manifest.Parse(path, b)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Validate(charter.DictionarySchema()); err != nil {
		t.Fatal(err)
	}
	var c charter.Charter
	if err := d.Into(&c); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c.Dictionary, simulate.Dictionary()) {
		t.Errorf("the file says %+v", c.Dictionary)
	}
	for _, v := range c.Dictionary {
		if err := v.Valid(); err != nil {
			t.Error(err)
		}
	}
}

func readTruth(t testing.TB, dir string) simulate.Truth {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "truth", "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var truth simulate.Truth
	if err := json.Unmarshal(b, &truth); err != nil {
		t.Fatal(err)
	}
	return truth
}

// BenchmarkWrite says how many people and bytes a second are written.
func BenchmarkWrite(b *testing.B) {
	for _, formats := range [][]string{{"fhir", "omop", "csv"}, {"fhir"}, {"omop"}, {"csv"}} {
		b.Run(strings.Join(formats, "+"), func(b *testing.B) {
			o := simulate.Options{Seed: 1, People: 600, Formats: formats}
			var size int64
			for b.Loop() {
				dir := write(b, o)
				b.StopTimer()
				size = 0
				filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
					if info, err := d.Info(); err == nil && !d.IsDir() {
						size += info.Size()
					}
					return err
				})
				os.RemoveAll(dir)
				b.StartTimer()
			}
			b.SetBytes(size)
			b.ReportMetric(float64(o.People*b.N)/b.Elapsed().Seconds(), "people/s")
		})
	}
}
