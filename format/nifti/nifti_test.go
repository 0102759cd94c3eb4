package nifti

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/format/internal/images"
	"hmsp.center/hmsp/radiomics"
)

// data is a folder of real files; the test is skipped where it is not there.
func data(t testing.TB, name string) string {
	path := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skip("the real data are not beside the checkout: ", name)
	}
	return path
}

// Shape, spacing, affine map and statistics of every real file equal those of nibabel.
// The values are float32 here and float64 there: to 6e-8 of the largest.
func TestStatistics(t *testing.T) {
	raw, err := os.ReadFile(data(t, "reference/imaging/nifti_stats.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]struct {
		Shape          []int
		Voxel          []float64 `json:"voxel_mm"`
		Min, Max, Mean float64
		NonZero        int `json:"nonzero_voxels"`
		Affine         [][]float64
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	for name, w := range want {
		path := data(t, "imaging/"+name)
		h, err := ReadHeader(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m, err := Read(t.Context(), path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(h.Dims, w.Shape) {
			t.Errorf("%s: shape %v, want %v", name, h.Dims, w.Shape)
		}
		for i, mm := range w.Voxel {
			if math.Abs(h.Spacing[i]-mm) > 1e-4 {
				t.Errorf("%s: spacing %v, want %v", name, h.Spacing, w.Voxel)
			}
		}
		for i := range h.Affine {
			for k := range h.Affine[i] {
				if math.Abs(h.Affine[i][k]-w.Affine[i][k]) > 2e-5 {
					t.Errorf("%s: affine %v, want %v", name, h.Affine, w.Affine)
				}
			}
		}
		low, high, sum, nonzero := m.Values[0], m.Values[0], 0.0, 0
		for _, x := range m.Values {
			low, high, sum = min(low, x), max(high, x), sum+float64(x)
			if x != 0 {
				nonzero++
			}
		}
		tolerance := 6e-8 * math.Max(math.Abs(w.Min), math.Abs(w.Max))
		if math.Abs(float64(low)-w.Min) > tolerance || math.Abs(float64(high)-w.Max) > tolerance || math.Abs(sum/float64(len(m.Values))-w.Mean) > tolerance || nonzero != w.NonZero {
			t.Errorf("%s: %v to %v, mean %v, %d not zero; want %+v", name, low, high, sum/float64(len(m.Values)), nonzero, w)
		}
	}
	t.Logf("%d files", len(want))
}

// The folder of real files gives an image a file, whose it is by its folder.
func TestFolder(t *testing.T) {
	root := data(t, "imaging/nifti/nibabel")
	imaging, err := formattest.ReadAll(t.Context(), New(), root, format.Options{Table: format.ImagingTable, Columns: []string{format.Patient, format.ID, images.Encoding, images.Frames, images.Slices}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"anatomical", "example4d", "example_nifti2", "functional"}; !slices.Equal(imaging.Columns[0].Text, want) || !slices.Equal(imaging.Columns[1].Text, want) {
		t.Errorf("patients %q, images %q, want %q", imaging.Columns[0].Text, imaging.Columns[1].Text, want)
	}
	if want := []int64{0, 2, 2, 20}; !slices.Equal(imaging.Columns[3].Int, want) {
		t.Errorf("frames %v, want %v", imaging.Columns[3].Int, want)
	}
	b, err := formattest.ReadAll(t.Context(), New(), root, format.Options{Table: format.MeasurementTable, Columns: []string{format.Patient, format.Code, format.Value}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range b.Rows {
		if b.Columns[0].Text[i] == "example4d" && b.Columns[1].Text[i] == "ibsi:Q4LE" && math.Abs(b.Columns[2].Float[i]-172.90811496310764) > 1e-9 {
			t.Errorf("mean %v", b.Columns[2].Float[i])
		}
		if b.Columns[0].Text[i] == "example4d" && b.Columns[1].Text[i] == images.CodeNonZero+"volume" && math.Abs(b.Columns[2].Float[i]-229725*2*2*2.2/1000/2) > 1e-3 {
			t.Errorf("volume %v", b.Columns[2].Float[i])
		}
	}
}

// build makes a file of any kind with voxels that count from 1.
func build(t testing.TB, version, kind int, big, pair bool, slope, inter float64, dims ...int) []byte {
	t.Helper()
	var o interface {
		binary.ByteOrder
		binary.AppendByteOrder
	} = binary.LittleEndian
	if big {
		o = binary.BigEndian
	}
	size := map[int]int{1: size1, 2: size2}[version]
	b := make([]byte, size+4)
	o.PutUint32(b, uint32(size))
	bytes, _ := kindOf(kind)
	n := 1
	for i, d := range append([]int{len(dims)}, dims...) {
		if i > 0 {
			n *= d
		}
		if version == 1 {
			o.PutUint16(b[40+2*i:], uint16(d))
			o.PutUint32(b[76+4*i:], math.Float32bits(float32(1)))
		} else {
			o.PutUint64(b[16+8*i:], uint64(d))
			o.PutUint64(b[104+8*i:], math.Float64bits(1))
		}
	}
	if version == 1 {
		o.PutUint16(b[70:], uint16(kind))
		o.PutUint16(b[72:], uint16(8*bytes))
		o.PutUint32(b[112:], math.Float32bits(float32(slope)))
		o.PutUint32(b[116:], math.Float32bits(float32(inter)))
		copy(b[344:], map[bool]string{true: "ni1\x00", false: "n+1\x00"}[pair])
		if !pair {
			o.PutUint32(b[108:], math.Float32bits(float32(size+4)))
		}
	} else {
		copy(b[4:], map[bool]string{true: "ni2\x00\r\n\x1a\n", false: "n+2\x00\r\n\x1a\n"}[pair])
		o.PutUint16(b[12:], uint16(kind))
		o.PutUint16(b[14:], uint16(8*bytes))
		o.PutUint64(b[176:], math.Float64bits(slope))
		o.PutUint64(b[184:], math.Float64bits(inter))
		if !pair {
			o.PutUint64(b[168:], uint64(size+4))
		}
	}
	for i := range n {
		x := i + 1
		switch kind {
		case 16:
			b = o.AppendUint32(b, math.Float32bits(float32(x)))
		case 64:
			b = o.AppendUint64(b, math.Float64bits(float64(x)))
		case 128:
			b = append(b, byte(x), byte(x), byte(x))
		case 2304:
			b = append(b, byte(x), byte(x), byte(x), 255)
		default:
			switch bytes {
			case 1:
				b = append(b, byte(x))
			case 2:
				b = o.AppendUint16(b, uint16(x))
			case 4:
				b = o.AppendUint32(b, uint32(x))
			default:
				b = o.AppendUint64(b, uint64(x))
				b = append(b, make([]byte, bytes-8)...)
			}
		}
	}
	return b
}

func kindOf(t int) (int, string) { return kind(t) }

func write(t testing.TB, name string, b []byte) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every type of numbers, in both versions and byte orders, in a file or a pair.
func TestTypes(t *testing.T) {
	for _, kind := range []int{2, 4, 8, 16, 32, 64, 128, 256, 512, 768, 1024, 1280, 1536, 1792, 2048, 2304} {
		for _, version := range []int{1, 2} {
			for _, big := range []bool{false, true} {
				for _, pair := range []bool{false, true} {
					b := build(t, version, kind, big, pair, 2, 3, 3, 2, 2)
					path := write(t, "a.nii", b)
					if pair {
						path = write(t, "a.hdr", b[:len(b)-12*must(kindOf(kind))])
						if err := os.WriteFile(strings.TrimSuffix(path, "hdr")+"img", b[len(b)-12*must(kindOf(kind)):], 0o600); err != nil {
							t.Fatal(err)
						}
					}
					m, err := Read(t.Context(), path)
					what := fmt.Sprintf("type %d, version %d, big %v, pair %v", kind, version, big, pair)
					if kind == 32 || kind == 1536 || kind == 1792 || kind == 2048 {
						if err == nil || !strings.Contains(err.Error(), "which is not read") {
							t.Errorf("%s: %v", what, err)
						}
						continue
					}
					if err != nil {
						t.Errorf("%s: %v", what, err)
						continue
					}
					for i := range m.Voxels() {
						x := float32(i+1)*2 + 3
						if m.Channels == 3 {
							x = float32(i + 1)
						}
						if m.Values[i*m.Channels] != x {
							t.Errorf("%s: voxel %d is %v, want %v", what, i, m.Values[i], x)
						}
					}
					if pair && len(New().(format.Companions).Companions(path)) != 1 {
						t.Errorf("%s: no companion", what)
					}
				}
			}
		}
	}
}

func must(n int, _ string) int { return n }

// What is written is read as it was, by us and by nibabel.
func TestWriteRead(t *testing.T) {
	var paths, want []string
	for i, m := range []radiomics.Image{
		{Shape: []int{3, 4, 5}, Spacing: []float64{2.5, 0.75, 0.5}},
		{Shape: []int{4, 5}, Spacing: []float64{0.75, 0.5}},
		{Shape: []int{2, 3, 4, 5}, Spacing: []float64{0, 2.5, 0.75, 0.5}}} {
		n, sum := 1, 0.0
		for _, k := range m.Shape {
			n *= k
		}
		for k := range n {
			m.Values = append(m.Values, float32(k*k)-100)
			if i == 2 {
				m.Values[k] /= 8
			}
			sum += float64(m.Values[k])
		}
		for _, packed := range []bool{false, true} {
			var b bytes.Buffer
			affine := [3][4]float64{{-0.5, 0, 0, 10}, {0, 0.75, 0, -20}, {0, 0, 2.5, 30}}
			if err := Write(&b, Volume{Image: m, Affine: affine, Gzip: packed}); err != nil {
				t.Fatal(err)
			}
			path := write(t, map[bool]string{true: "a.nii.gz", false: "a.nii"}[packed], b.Bytes())
			got, err := Read(t.Context(), path)
			if err != nil || !slices.Equal(got.Values, m.Values) || !slices.Equal(got.Shape, m.Shape) || !slices.Equal(got.Spacing, m.Spacing) {
				t.Errorf("another image: %v %v, %v", got.Shape, got.Spacing, err)
			}
			if h, err := ReadHeader(path); err != nil || h.Affine != affine {
				t.Errorf("affine %v, %v", h.Affine, err)
			}
			paths = append(paths, path)
			want = append(want, fmt.Sprintf("%v %.3f [10.0, -20.0, 30.0] 348", m.Shape, sum))
		}
	}
	nibabel(t, paths, want)
}

// nibabel says what it reads in files, all of them at once: it is slow to start.
func nibabel(t *testing.T, paths, want []string) {
	const script = `
import sys
try: import nibabel, numpy
except ImportError: sys.exit(3)
for p in sys.argv[1:]:
    i = nibabel.load(p); a = numpy.asanyarray(i.dataobj).astype(float)
    print(str(list(a.shape[::-1])).replace(",", ""), "%.3f" % a.sum(), [float(x) for x in i.affine[:3, 3]], i.header["sizeof_hdr"])`
	out, err := exec.Command("/usr/bin/python3", append([]string{"-c", script}, paths...)...).Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() == 3) {
		t.Skip("no python3 with nibabel here")
	}
	if got := strings.Split(strings.TrimSpace(string(out)), "\n"); err != nil || !slices.Equal(got, want) {
		t.Errorf("nibabel: %v, %q; want %q", err, got, want)
	}
}

// Copies that are cut or changed are refused or equal, and never panic.
func TestDamaged(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, name := range []string{"imaging/nifti/nibabel/anatomical.nii", "imaging/nifti/nibabel/example4d.nii.gz", "imaging/nifti/nibabel/example_nifti2.nii.gz",
		"imaging/nifti/nibabel/functional.nii"} {
		path := data(t, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Read(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 3, 100, 347, 348, 400, len(whole) / 2, len(whole) - 9, len(whole) - 1} {
			cut := write(t, filepath.Base(name), whole[:n])
			if _, err := Read(t.Context(), cut); err == nil {
				t.Errorf("%s cut to %d bytes is read", name, n)
			} else if !strings.Contains(err.Error(), cut) {
				t.Errorf("%s: an error without the name: %v", name, err)
			}
		}
		packed := strings.HasSuffix(name, ".gz")
		for range 20 {
			b := slices.Clone(whole)
			at := 10 + rng.IntN(len(b)-10)
			b[at] ^= byte(1 + rng.IntN(255))
			if got, err := Read(t.Context(), write(t, filepath.Base(name), b)); err == nil && packed && !slices.Equal(got.Values, want.Values) {
				t.Errorf("%s with byte %d changed is read as another image", name, at)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	huge := build(t, 1, 4, false, false, 0, 0, 2, 2, 2)
	binary.LittleEndian.PutUint16(huge[42:], 32000)
	binary.LittleEndian.PutUint16(huge[44:], 8000)
	binary.LittleEndian.PutUint16(huge[46:], 1)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(huge)
	z.Close()
	analyze := build(t, 1, 4, false, false, 0, 0, 2, 2, 2)
	copy(analyze[344:], "\x00\x00\x00\x00")
	odd := build(t, 1, 4, false, false, 0, 0, 2, 2, 2)
	odd[72] = 8
	negative := build(t, 1, 4, false, false, 0, 0, 2, 2, 2)
	negative[43] = 0xff
	for _, b := range []struct{ name, says, data string }{
		{"a.nii", "fewer voxels", string(huge)}, {"a.nii.gz", "fewer voxels", packed.String()}, {"a.nii", "does not begin like a NIfTI file", string(analyze)},
		{"a.nii", "the type of numbers", string(odd)}, {"a.nii", "the dimensions", string(negative)}, {"a.nii", "does not begin", "hello, this is text"},
		{"a.hdr", "beside this header", string(build(t, 1, 4, false, true, 0, 0, 2, 2, 2))}, {"a.nii", "does not begin", strings.Repeat("x", 400)}} {
		path := write(t, b.name, []byte(b.data))
		_, err := Read(t.Context(), path)
		var fe *format.Error
		if !errors.As(err, &fe) || fe.Mend == "" || !strings.Contains(err.Error(), b.says) {
			t.Errorf("%v; want %q", err, b.says)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx, write(t, "a.nii", build(t, 1, 4, false, false, 0, 0, 2, 2, 2))); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context ended: %v", err)
	}
}

// A packed file is told by what is in it. One that cannot be unpacked is told by its name,
// and says so when it is opened.
func TestSniffOfPacked(t *testing.T) {
	pack := func(b []byte) []byte {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		z.Write(b)
		z.Close()
		return out.Bytes()
	}
	image := build(t, 1, 16, false, false, 0, 0, 3, 4, 5)
	broken := pack(image)
	broken[3] = 0xff // flags that gzip does not have
	for _, c := range []struct {
		name string
		head []byte
		want int
	}{
		{"a.nii", image, 100}, {"a.nii.gz", pack(image), 100}, {"a.gz", pack(image), 100}, {"a.nii.gz", broken[:12], 90},
		{"a.nii.gz", pack([]byte("sample,gene\na,1\n")), 0}, {"a.csv.gz", broken[:12], 0},
	} {
		if got := New().Sniff(c.head, c.name); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestSuite(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(build(t, 1, 16, false, false, 0, 0, 3, 4, 5))
	z.Close()
	o := format.Options{Table: format.ImagingTable}
	d, err := New().Describe(t.Context(), write(t, "p.nii.gz", packed.Bytes()), o)
	if err != nil {
		t.Fatal(err)
	}
	formattest.Suite(t, New(), []formattest.Sample{
		{Path: write(t, "p7.nii.gz", packed.Bytes()), Options: o, Columns: d.Columns, Rows: 1},
		{Path: write(t, "p7.nii", build(t, 2, 4, true, false, 0, 0, 3, 4, 5)), Options: o, Columns: d.Columns, Rows: 1},
	}, []formattest.Broken{{Name: "a.nii", Data: []byte("Anna Muster, not an image"), Options: o, Says: "does not begin like a NIfTI file", Canary: "Anna"}})
}

func FuzzRead(f *testing.F) {
	for _, kind := range []int{2, 4, 16, 128} {
		f.Add(build(f, 1, kind, false, false, 2, 1, 2, 3, 2))
		f.Add(build(f, 2, kind, true, false, 0, 0, 2, 3, 1, 2))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		f, err := images.Over("a.nii", bytes.NewReader(b), int64(len(b)), 4096)
		if err != nil {
			return
		}
		h, err := readHeader(f)
		if err != nil || h.refused() != "" {
			return
		}
		m, err := h.voxels(t.Context(), f, h.Offset-int64(h.headerBytes))
		if err == nil && m.Check() != nil {
			t.Error(m.Check())
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"imaging/nifti/colin27/ch2.nii.gz", "imaging/nifti/nibabel/anatomical.nii"} {
		b.Run(filepath.Base(name), func(b *testing.B) {
			path := data(b, name)
			for b.Loop() {
				m, err := Read(b.Context(), path)
				if err != nil {
					b.Fatal(err)
				}
				h, _ := ReadHeader(path)
				bytes, _ := kind(h.Type)
				b.SetBytes(int64(m.Voxels() * bytes))
			}
		})
	}
}

// BenchmarkNibabel is the alternative: the same files into float32, without the start of
// Python.
func BenchmarkNibabel(b *testing.B) {
	if err := exec.Command("/usr/bin/python3", "-c", "import nibabel").Run(); err != nil {
		b.Skip("no python3 with nibabel here")
	}
	path := data(b, "imaging/nifti/colin27/ch2.nii.gz")
	for b.Loop() {
		out, err := exec.Command("/usr/bin/python3", "-c", `
import sys, time, nibabel, numpy
best = 1e9
for k in range(5):
    t = time.perf_counter(); i = nibabel.load(sys.argv[1]); a = numpy.asanyarray(i.dataobj).astype(numpy.float32); best = min(best, time.perf_counter() - t)
print(a.size * i.header["bitpix"] / 8 / best / 1e6)`, path).Output()
		if err != nil {
			b.Fatal(err)
		}
		var rate float64
		fmt.Sscan(string(out), &rate)
		b.ReportMetric(rate, "nibabel-MB/s")
	}
}
