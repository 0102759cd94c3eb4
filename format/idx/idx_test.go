package idx

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

// data is a real file; the test is skipped where it is not there.
func data(t testing.TB, name string) string {
	path := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skip("the real data are not beside the checkout: ", name)
	}
	return path
}

// Counts of classes and mean pixels of the three parts of PneumoniaMNIST.
func TestPneumonia(t *testing.T) {
	raw, err := os.ReadFile(data(t, "reference/imaging/pneumoniamnist.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Counts map[string]struct {
			N, Positive int
			Mean        float64 `json:"mean_pixel"`
		}
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	for part, w := range want.Counts {
		path := data(t, "imaging/pneumoniamnist/"+part+"-images-idx3-ubyte.gz")
		s, err := Read(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		positive, sum := 0, 0.0
		for _, l := range s.Labels {
			positive += int(l)
		}
		for _, x := range s.Values {
			sum += float64(x)
		}
		if mean := sum / 255 / float64(len(s.Values)); len(s.Labels) != w.N || positive != w.Positive || math.Abs(mean-w.Mean) > 1e-12 || s.Rows != 28 || s.Columns != 28 {
			t.Errorf("%s: %d images of %d x %d, %d positive, mean %v; want %+v", part, len(s.Labels), s.Rows, s.Columns, positive, mean, w)
		}
		b, err := formattest.ReadAll(t.Context(), New(), path, format.Options{Columns: []string{Label, "mean"}})
		if err != nil || b.Rows != w.N {
			t.Fatal(b.Rows, err)
		}
		sum, positive = 0, 0
		for i := range b.Rows {
			sum += b.Columns[1].Float[i]
			positive += int(b.Columns[0].Int[i])
		}
		if mean := sum / 255 / float64(b.Rows); math.Abs(mean-w.Mean) > 1e-9 || positive != w.Positive {
			t.Errorf("%s: mean %v of the column, %d positive; want %+v", part, mean, positive, w)
		}
	}
}

func build(kind byte, body []byte, sizes ...int) []byte {
	b := []byte{0, 0, kind, byte(len(sizes))}
	for _, n := range sizes {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return append(b, body...)
}

func counted(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(i * 7)
	}
	return out
}

func write(t testing.TB, dir, name string, b []byte) string {
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func packed(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

func TestSuite(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "x-images-idx3-ubyte", build(8, counted(30*12), 30, 3, 4))
	write(t, dir, "x-labels-idx1-ubyte", build(8, counted(30), 30))
	zipped := write(t, dir, "y-images-idx3-ubyte.gz", packed(build(8, counted(9*12), 9, 3, 4)))
	plain := columns(zipped)
	labelled := columns(path)
	if len(plain) != 21 || len(labelled) != 22 || len(New().(Format).Companions(path)) != 1 {
		t.Errorf("%d and %d columns", len(plain), len(labelled))
	}
	broken := func(says string, b []byte) formattest.Broken {
		return formattest.Broken{Name: "b-idx3-ubyte", Data: b, Says: says}
	}
	formattest.Suite(t, New(), []formattest.Sample{{Path: path, Columns: labelled, Rows: 30}, {Path: zipped, Columns: plain, Rows: 9}},
		[]formattest.Broken{
			broken("does not begin like an IDX file", []byte("x,y\n1,2\n")),
			broken("fewer values", build(8, counted(11), 1, 3, 4)),
			broken("fewer values", build(8, counted(12), 1<<20, 1<<12, 1<<11)),
			broken("more than 268 million", build(8, counted(12), 1<<30, 3, 4)),
			broken("more values", build(8, counted(13), 1, 3, 4)),
			broken("a file of labels", build(8, counted(12), 12)),
			broken("no images of rows and columns", build(8, counted(16), 2, 2, 2, 2)),
		})
}

// Every type of numbers is read, and labels that do not fit are refused.
// A packed file is told by what is in it; one that cannot be unpacked by its name.
func TestSniffOfPacked(t *testing.T) {
	images := build(0x08, make([]byte, 8), 2, 2, 2)
	for _, c := range []struct {
		name string
		head []byte
		want int
	}{
		{"t-images-idx3-ubyte", images, 95}, {"t-images-idx3-ubyte.gz", packed(images), 95}, {"x.gz", packed(images), 60},
		{"t-images-idx3-ubyte.gz", packed(images)[:8], 90}, {"t-images-idx3-ubyte.gz", packed([]byte("sample,gene and more")), 0}, {"x.gz", packed(images)[:8], 0},
	} {
		if got := New().Sniff(c.head, c.name); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestTypes(t *testing.T) {
	for kind, one := range map[byte][]byte{8: {200}, 9: {0xfe}, 0x0b: {0xff, 0xfe}, 0x0c: {0xff, 0xff, 0xff, 0xfe}, 0x0d: {0xc0, 0, 0, 0}, 0x0e: {0xc0, 0, 0, 0, 0, 0, 0, 0}} {
		want := float32(-2)
		if kind == 8 {
			want = 200
		}
		s, err := Read(t.Context(), write(t, t.TempDir(), "a-idx3", build(kind, bytes.Repeat(one, 6), 1, 2, 3)))
		if err != nil || len(s.Values) != 6 || s.Values[5] != want {
			t.Errorf("type %x: %v, %v", kind, s.Values, err)
		}
	}
	dir := t.TempDir()
	path := write(t, dir, "z-images-idx3", build(8, counted(12), 2, 2, 3))
	for says, b := range map[string][]byte{"not as many labels": build(8, counted(3), 3), "no file of labels": build(8, counted(4), 2, 2), "fewer values": build(8, counted(1), 2)} {
		write(t, dir, "z-labels-idx1", b)
		var fe *format.Error
		if _, err := Read(t.Context(), path); !errors.As(err, &fe) || !strings.Contains(fe.Text, says) || !strings.HasSuffix(fe.File, "z-labels-idx1") {
			t.Errorf("%v; want %q", err, says)
		}
	}
}

// Copies of a real file that are cut or changed are refused.
func TestDamaged(t *testing.T) {
	whole, err := os.ReadFile(data(t, "imaging/pneumoniamnist/val-images-idx3-ubyte.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 5, 30, 1000, len(whole) / 2, len(whole) - 1} {
		if _, err := Read(t.Context(), write(t, t.TempDir(), "a-idx3.gz", whole[:n])); err == nil {
			t.Errorf("cut to %d bytes it is read", n)
		}
	}
	for _, at := range []int{100, 5000, len(whole) / 2, len(whole) - 7} {
		b := bytes.Clone(whole)
		b[at] ^= 0x55
		if _, err := Read(t.Context(), write(t, t.TempDir(), "a-idx3.gz", b)); err == nil {
			t.Errorf("with byte %d changed it is read", at)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(build(8, counted(12), 1, 3, 4))
	f.Add(build(0x0d, counted(48), 1, 3, 4))
	f.Add(packed(build(8, counted(12), 1, 2, 2, 3)))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Read(t.Context(), write(t, t.TempDir(), "a-idx3", b))
		if err == nil && len(s.Values)%(s.Rows*s.Columns*s.Channels) != 0 {
			t.Error("a part of an image")
		}
	})
}
