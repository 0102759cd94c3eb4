package wfdb

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

func refused(t *testing.T, what string, err error) {
	t.Helper()
	var fe *format.Error
	if !errors.As(err, &fe) || fe.File == "" || fe.Mend == "" {
		t.Errorf("%s: %v; want a *format.Error that says how to mend it", what, err)
	}
}

// A record of which any file was cut or changed is refused, or gives what it gave: a bit of
// a comment, of a gain or of an annotation is not protected.
func TestDamaged(t *testing.T) {
	whole, err := read(t.Context(), filepath.Join(real(t), "100.hea"))
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t, "100.hea", "100.dat", "100.atr")
	for _, name := range []string{"100.hea", "100.dat", "100.atr"} {
		path := filepath.Join(dir, name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		check := func(what string, at int, damaged []byte) {
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := read(t.Context(), filepath.Join(dir, "100.hea"))
			if err != nil {
				refused(t, name, err)
			} else if what == "cut" && name != "100.hea" || name == "100.dat" && !slices.Equal(got, whole) {
				t.Errorf("%s %s at %d is read", name, what, at)
			}
		}
		step := 1 + len(data)/4 // each reads half an hour at 360 Hz
		for at := 1; at < len(data); at += step {
			check("cut", at, data[:at])
			changed := bytes.Clone(data)
			changed[at] ^= 0x04
			check("changed", at, changed)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHeaders(t *testing.T) {
	const line = "\nr.dat 16 200/mV 12 0 0 0 0 ECG\n"
	for _, s := range []string{
		"r 1 360 10" + line,
		"# comment\r\nr 1 360/360(0) 10 10:00:00 01/02/2003\r\nr.dat 212x2:3+16 200(0)/mV 12\r\n",
		"r 0 1000\n",
		"r 1" + line,
		"r 2 0.5 10\n~ 0x1 200" + "\nr.dat 16\n",
	} {
		if h, err := parseHeader("r.hea", []byte(s)); err != nil && s[0] != 'r' {
			t.Errorf("%q: %v %v", s, h, err)
		}
	}
	for what, s := range map[string]string{
		"nothing":        "\n# only a comment\n",
		"segments":       "r/3 1 360 10" + line,
		"no number":      "r x 360 10" + line,
		"too many":       "r 99999 360 10" + line,
		"frequency":      "r 1 0 10" + line,
		"infinite":       "r 1 1e400 10" + line,
		"samples":        "r 1 360 -1" + line,
		"date":           "r 1 360 10 10:00:00 32/01/2000" + line,
		"signals":        "r 2 360 10" + line,
		"a way out":      "r 1 360 10\n../r.dat 16\n",
		"another way":    "r 1 360 10\n/etc/passwd 16\n",
		"format":         "r 1 360 10\nr.dat 99\n",
		"no format":      "r 1 360 10\nr.dat\n",
		"no per frame":   "r 1 360 10\nr.dat 16x0\n",
		"checksum":       "r 1 360 10\nr.dat 16 200 12 0 0 x\n",
		"name":           "../r 1 360 10" + line,
		"binary":         "\x00\x01\x02",
		"too many words": "r 1 360 10 10:00:00 1/1/2000 more" + line,
	} {
		_, err := parseHeader("r.hea", []byte(s))
		refused(t, what, err)
	}
}

// A record without what it names is refused.
func TestMissing(t *testing.T) {
	dir := folder(t, "100.hea", "100.atr")
	_, err := read(t.Context(), filepath.Join(dir, "100.hea"))
	refused(t, "no signals", err)
	if err := os.WriteFile(filepath.Join(dir, "100.dat"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = read(t.Context(), filepath.Join(dir, "100.hea"))
	refused(t, "empty signals", err)
}

func TestCompanions(t *testing.T) {
	dir := real(t)
	if got, want := (Decoder{}).Companions(filepath.Join(dir, "100.hea")), []string{filepath.Join(dir, "100.dat"), filepath.Join(dir, "100.atr")}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestConformance(t *testing.T) {
	o := format.Options{Table: format.MeasurementTable}
	samples := make([]int64, 6000) // a minute of a heart that beats every 0.8 s
	for i := range samples {
		if i%80 < 5 {
			samples[i] = 500
		}
	}
	path := record(t, 212, samples)
	header, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(header, []byte("6000"), []byte("6000 8:30:00 31/1/2024"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := formattest.ReadAll(t.Context(), New(), path, o)
	if err != nil || all.Rows == 0 {
		t.Fatalf("%d rows, %v", all.Rows, err)
	}
	formattest.Suite(t, New(), []formattest.Sample{{Path: path, Options: o, Columns: format.ClinicalColumns(o.Table), Rows: all.Rows}},
		[]formattest.Broken{
			{Name: "a.hea", Data: []byte("a/2 1 360 10\nb 5\n"), Options: o, Says: "a record of several segments"},
			{Name: "b.hea", Data: []byte("b 1 360 10\nErika.dat 99\n"), Options: o, Says: "format 99 are not read", Canary: "Erika"},
			{Name: "c.hea", Data: []byte("c 1 360 10\nc.dat 16\n"), Options: o, Says: "not beside the header"},
		})
}

// Whatever a header, signals and annotations hold, reading ends, and never in a panic.
func FuzzRecord(f *testing.F) {
	f.Add([]byte("r 1 100 3\nr.dat 212 200/mV 12 0 0 0 0 ECG\n"), []byte{1, 2, 3, 4, 5}, []byte{0x12, 0x70, 3, 4, 0, 0})
	f.Add([]byte("r 1 100\nr.dat 310x2 200/mV 12 0 0 0 0 ECG\n"), []byte{1, 2, 3, 4, 5, 6}, []byte{})
	f.Add([]byte("r 1 100\nr.dat 80\n"), bytes.Repeat([]byte{0, 200}, 900), []byte{})
	f.Fuzz(func(t *testing.T, header, signals, marks []byte) {
		dir := t.TempDir()
		files := map[string][]byte{"r.hea": header, "r.dat": signals}
		if len(marks) > 0 {
			files["r.atr"] = marks
		}
		for name, data := range files {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_ = Decoder{}.Sniff(header, "r.hea")
		_ = Decoder{}.Decode(t.Context(), filepath.Join(dir, "r.hea"), func(string, activity.Sample) error { return nil })
	})
}

func BenchmarkRecord(b *testing.B) {
	for name, files := range map[string][]string{"annotated": {"100.hea", "100.dat", "100.atr"}, "detected": {"100.hea", "100.dat"}} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(folder(b, files...), "100.hea")
			b.SetBytes(1950000)
			for b.Loop() {
				if _, err := read(b.Context(), path); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
