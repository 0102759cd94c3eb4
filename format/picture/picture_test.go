package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

// drawn is a picture of each kind; grey ones count from 0.
func drawn(t testing.TB, kind string, grey bool) []byte {
	var img image.Image
	if grey {
		g := image.NewGray(image.Rect(0, 0, 5, 4))
		for i := range g.Pix {
			g.Pix[i] = byte(i)
		}
		img = g
	} else {
		c := image.NewRGBA(image.Rect(0, 0, 5, 4))
		for y := range 4 {
			for x := range 5 {
				c.Set(x, y, color.RGBA{200, byte(x), byte(y), 255})
			}
		}
		img = c
	}
	var b bytes.Buffer
	var err error
	switch kind {
	case "png":
		err = png.Encode(&b, img)
	case "jpeg":
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 100})
	case "tiff":
		err = tiff.Encode(&b, img, &tiff.Options{Compression: tiff.Deflate})
	case "bmp":
		err = bmp.Encode(&b, img)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t testing.TB, dir, name string, b []byte) string {
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestKinds(t *testing.T) {
	for _, kind := range []string{"png", "jpeg", "tiff", "bmp"} {
		for _, grey := range []bool{true, false} {
			m, err := Read(write(t, t.TempDir(), "a."+kind, drawn(t, kind, grey)))
			if err != nil || m.Check() != nil || !slices.Equal(m.Shape, []int{4, 5}) {
				t.Errorf("%s, grey %v: %v %v", kind, grey, m.Shape, err)
				continue
			}
			g := m.Grey()
			for i, x := range g.Values {
				want := float32(i)
				if !grey {
					want = 0.299*200 + 0.587*float32(i%5) + 0.114*float32(i/5)
				}
				if d := x - want; d > 3 || d < -3 || kind != "jpeg" && (d > 1e-3 || d < -1e-3) {
					t.Errorf("%s, grey %v: pixel %d is %v, want %v", kind, grey, i, x, want)
				}
			}
		}
	}
	deep := image.NewGray16(image.Rect(0, 0, 1, 1))
	deep.SetGray16(0, 0, color.Gray16{Y: 40000})
	var b bytes.Buffer
	if err := png.Encode(&b, deep); err != nil {
		t.Fatal(err)
	}
	if m, err := Read(write(t, t.TempDir(), "d.png", b.Bytes())); err != nil || m.Values[0] != 40000 {
		t.Errorf("16 bits: %v, %v", m.Values, err)
	}
}

// rows are patient, time, code and label of the labels of a folder.
func rows(t *testing.T, dir string) []string {
	b, err := formattest.ReadAll(t.Context(), New(), dir, format.Options{Table: format.MeasurementTable, Columns: []string{format.Patient, format.Time, format.Code, format.ValueCode, format.ValueText}})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range b.Rows {
		if b.Columns[2].Text[i] == CodeLabel {
			out = append(out, strings.Join([]string{b.Columns[0].Text[i], b.Columns[1].Text[i], b.Columns[3].Text[i], b.Columns[4].Text[i]}, ","))
		}
	}
	return out
}

func TestLabels(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "normal/p1.png", drawn(t, "png", true))
	write(t, dir, "pneumonia/p2.left.jpeg", drawn(t, "jpeg", true))
	if got, want := rows(t, dir), []string{"p1,,,normal", "p2,,,pneumonia"}; !slices.Equal(got, want) {
		t.Errorf("folders: %q, want %q", got, want)
	}
	write(t, dir, "labels.csv", []byte("\ufefffile,label,patient,time\nnormal/p1.png,snomed:17621005,x7,2024-02-03\npneumonia\\p2.left.jpeg,bad,,\n"))
	if got, want := rows(t, dir), []string{"x7,2024-02-03,snomed:17621005,", "p2,,,bad"}; !slices.Equal(got, want) {
		t.Errorf("list: %q, want %q", got, want)
	}
	one := t.TempDir()
	path := write(t, one, "q.png", drawn(t, "png", false))
	write(t, one, "labels.csv", []byte("label,file\nyes,q.png\nno,elsewhere.png\n"))
	if got, want := rows(t, path), []string{"q,,,yes"}; !slices.Equal(got, want) || len(New().(format.Companions).Companions(path)) != 1 {
		t.Errorf("one picture: %q, want %q", got, want)
	}
	for text, says := range map[string]string{"file,label\nnone.png,x\n": "is not there", "file\nq.png\n": `column "label"`, "file,label\nq.png\n": "same columns",
		"file,label\nq.png,a\nq.png,b\n": "stands twice", "": "is empty"} {
		write(t, one, "labels.csv", []byte(text))
		_, err := formattest.ReadAll(t.Context(), New(), one, format.Options{Table: format.ImagingTable})
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "none.png") {
			t.Errorf("%q: %v; want %q", text, err, says)
		}
	}
}

func TestSuite(t *testing.T) {
	o := format.Options{Table: format.ImagingTable}
	dir := t.TempDir()
	var samples []formattest.Sample
	for _, kind := range []string{"png", "jpeg", "tiff", "bmp"} {
		path := write(t, dir, "p7."+kind, drawn(t, kind, true))
		d, err := New().Describe(t.Context(), path, o)
		if err != nil {
			t.Fatal(err)
		}
		samples = append(samples, formattest.Sample{Path: path, Options: o, Columns: d.Columns, Rows: 1})
	}
	huge := drawn(t, "bmp", true)
	copy(huge[18:26], "\xff\xff\x00\x00\xff\xff\x00\x00")
	formattest.Suite(t, New(), samples, []formattest.Broken{
		{Name: "a.png", Data: []byte("Anna Muster"), Options: o, Says: "does not begin like", Canary: "Anna"},
		{Name: "a.png", Data: drawn(t, "png", true)[:20], Options: o, Says: "cut off"},
		{Name: "a.bmp", Data: huge, Options: o, Says: "67 million pixels"},
	})
}

// Pictures that are cut or changed are read or refused, and never panic.
func TestDamaged(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, kind := range []string{"png", "jpeg", "tiff", "bmp"} {
		whole := drawn(t, kind, false)
		dir := t.TempDir()
		for i := range 100 {
			b := slices.Clone(whole[:1+rng.IntN(len(whole))])
			if i%2 == 0 {
				b = slices.Clone(whole)
				b[rng.IntN(len(b))] ^= byte(1 + rng.IntN(255))
			}
			path := write(t, dir, "a", b)
			if m, err := Read(path); err == nil && m.Check() != nil {
				t.Errorf("%s: %v", kind, m.Check())
			} else if err != nil && !strings.Contains(err.Error(), path) {
				t.Errorf("%s: an error without the name: %v", kind, err)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, kind := range []string{"png", "jpeg", "tiff", "bmp"} {
		f.Add(drawn(f, kind, true))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 32 && kind(b[:32]) != "" {
			if m, err := Read(write(t, t.TempDir(), "a", b)); err == nil && m.Check() != nil {
				t.Error(m.Check())
			}
		}
	})
}
