package dicom

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
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
)

// slice is slice k of a scan as a file.
func slice(t testing.TB, s Scan, k int) []byte {
	var b bytes.Buffer
	if err := Write(&b, s, k); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func put(t testing.TB, dir, name string, b []byte) string {
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// notes are what a source says once its measurements were read.
func notes(t *testing.T, path string) string {
	r, err := New().(format.Tables).OpenTables(t.Context(), path, format.Options{}, map[string][]string{format.MeasurementTable: {format.Code}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		if _, _, err := r.Next(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if read, of := r.Progress(); read != of || of == 0 {
		t.Errorf("%d of %d bytes were read", read, of)
	}
	return strings.Join(r.(format.Noted).Notes(), "; ")
}

// The files of a real file set, however deep and in whatever order they lie, give the
// series that its README lists.
func TestFileSet(t *testing.T) {
	root := data(t, "imaging/dicom/pydicom-test_files/dicomdirtests")
	list, err := source{}.Images(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range list.Images {
		got = append(got, fmt.Sprint(m.Patient, " ", m.Modality, " ", m.Shape))
	}
	want := []string{"77654033 CR [16 16]", "77654033 CR [16 16]", "77654033 CR [16 16]", "77654033 CT [4 16 16]", "98890234 CT [16 16]", "98890234 CT [16 16]", // scouts across each other
		"98890234 CT [5 16 16]", "98890234 MR [16 16]", "98890234 MR [16 16]", "98890234 MR [16 16]"}
	for _, w := range want {
		i := slices.Index(got, w)
		if i < 0 {
			t.Errorf("no image %s; there are %q", w, got)
			continue
		}
		got = slices.Delete(got, i, i+1)
	}
	for _, rest := range got { // localisers in several directions
		if rest != "98890234 MR [16 16]" {
			t.Errorf("an image too many: %s", rest)
		}
	}
	if len(list.Images) < len(want) || New().(format.Folder).SniffFolder(root, []string{"98892003/MR1/4919"}) != 90 {
		t.Errorf("%d images", len(list.Images))
	}
}

// A slice that is missing, copies, other files and other patients are told.
func TestSeries(t *testing.T) {
	s := ball("CT")
	dir := t.TempDir()
	for k := range 12 {
		if k != 5 {
			put(t, dir, fmt.Sprintf("deep/er/%02d/%d", 20-k, k), slice(t, s, k)) // from the top down
		}
	}
	if gap := measured(t, dir)[images.CodeSliceGap]; math.Abs(gap-2) > 1e-9 {
		t.Errorf("slice gap %v, want 2", gap)
	}
	put(t, dir, "copy/3.dcm", slice(t, s, 3))
	put(t, dir, "deep/README.txt", []byte("not an image"))
	if says := notes(t, dir); !strings.Contains(says, "1 files repeat an instance") || !strings.Contains(says, "1 files are no DICOM") {
		t.Errorf("notes: %s", says)
	}
	other := s
	other.Patient = "somebody-else"
	put(t, dir, "copy/5.dcm", slice(t, other, 5))
	if _, err := (source{}).Images(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "name different patients") || strings.Contains(err.Error(), other.Patient) {
		t.Errorf("two patients in a series: %v", err)
	}
	put(t, dir, "copy/5.dcm", []byte("not an image"))
	if _, err := (source{}).Images(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "does not begin like a DICOM file") {
		t.Errorf("a .dcm that is none: %v", err)
	}
}

// Instances in the same place become frames, the slowest axis.
func TestFrames(t *testing.T) {
	s := ball("MR")
	dir := t.TempDir()
	for k := range 12 {
		put(t, dir, fmt.Sprint("a", k), slice(t, s, k))
		again := s
		again.Series = s.Series + ".1"
		b := bytes.Replace(slice(t, again, k), []byte(again.Series+strings.Repeat("\x00", len(again.Series)%2)), []byte(s.Series+strings.Repeat("\x00", len(again.Series)-len(s.Series)+len(again.Series)%2)), 1)
		put(t, dir, fmt.Sprint("b", k), b)
	}
	list, err := source{}.Images(t.Context(), dir)
	if err != nil || len(list.Images) != 1 || !slices.Equal(list.Images[0].Shape, []int{2, 12, 16, 20}) {
		t.Fatalf("%d images, %v, %v", len(list.Images), list.Images[0].Shape, err)
	}
	m, err := list.Images[0].Read(t.Context())
	if err != nil || !slices.Equal(m.Values[:12*16*20], s.Image.Values) || !slices.Equal(m.Values[12*16*20:], s.Image.Values) {
		t.Errorf("frames are mixed up: %v", err)
	}
}

// Every folder of real files is read as a source, or refused naming the broken file.
func TestRealFolders(t *testing.T) {
	root := data(t, "imaging/dicom")
	for _, dir := range []string{"burned-in-text", "deid-data", "pydicom-data"} {
		b, err := formattest.ReadAll(t.Context(), New(), filepath.Join(root, dir), format.Options{Table: format.ImagingTable, Columns: []string{format.Patient, images.Encoding}})
		if err != nil || b.Rows == 0 {
			t.Errorf("%s: %d images, %v", dir, b.Rows, err)
		}
	}
	if testing.Short() {
		return
	}
	says := notes(t, filepath.Join(root, "pydicom-data"))
	for _, want := range []string{"JPEG-LS", "JPEG 2000", "High-Throughput JPEG 2000"} {
		if !strings.Contains(says, want) {
			t.Errorf("notes do not tell %s: %s", want, says)
		}
	}
	_, err := source{}.Images(t.Context(), filepath.Join(root, "pydicom-test_files"))
	var fe *format.Error
	if !errors.As(err, &fe) || !strings.HasSuffix(fe.File, ".dcm") {
		t.Errorf("a folder with broken files: %v", err)
	}
}

// Compressed with gzip, as a real file is, a file is the same.
func TestPacked(t *testing.T) {
	root := data(t, "imaging/dicom/pydicom-test_files")
	a, err := Read(t.Context(), filepath.Join(root, "MR_small.dcm"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Read(t.Context(), filepath.Join(root, "zipMR.gz"))
	if err != nil || !slices.Equal(a.Values, b.Values) {
		t.Errorf("packed: %v", err)
	}
	if m, err := Read(t.Context(), data(t, "imaging/nifti/nibabel/siemens_dwi_0.dcm.gz")); err != nil || m.Voxels() == 0 {
		t.Errorf("siemens: %v", err)
	}
	// one image in three codings
	le, err := load(t.Context(), filepath.Join(root, "../pydicom-data/liver.dcm"))
	if err != nil {
		t.Fatal(err)
	}
	if d, err := load(t.Context(), filepath.Join(root, "../pydicom-data/liver_deflate.dcm")); err != nil || !bytes.Equal(d.data, le.data) {
		t.Errorf("deflated frames: %v", err)
	}
}

// Copies that are cut or changed are refused or read, and never panic; those that are cut
// are refused unless nothing but padding is gone.
func TestDamaged(t *testing.T) {
	root := data(t, "imaging/dicom")
	rng := rand.New(rand.NewPCG(9, 10))
	dir := t.TempDir()
	for i, name := range real(t) {
		if testing.Short() && i%10 > 0 {
			continue
		}
		path := filepath.Join(root, filepath.FromSlash(name))
		if broken(name) != "" {
			continue
		}
		h, err := ReadHeader(path)
		if err != nil || unread(name, h) != "" || h.size > 1<<17 {
			continue
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for k := range 6 {
			b := slices.Clone(whole[:len(whole)*k/6+1])
			if k%2 == 1 {
				b = slices.Clone(whole)
				for range 3 {
					b[132+rng.IntN(min(len(b)-132, 2000))] ^= byte(1 + rng.IntN(255))
				}
			}
			cut := put(t, dir, "x.dcm", b)
			m, err := Read(t.Context(), cut)
			switch {
			case err != nil && !strings.Contains(err.Error(), cut):
				t.Errorf("%s: an error without the name: %v", name, err)
			case err == nil && m.Check() != nil:
				t.Errorf("%s: %v", name, m.Check())
			case err == nil && k%2 == 0:
				t.Errorf("%s cut to %d of %d bytes is read", name, len(b), len(whole))
			}
		}
	}
}

// rle compresses a plane of bytes as literals of PackBits.
func rle(planes ...[]byte) []byte {
	head := make([]byte, 64)
	binary.LittleEndian.PutUint32(head, uint32(len(planes)))
	for i, p := range planes {
		binary.LittleEndian.PutUint32(head[4+4*i:], uint32(len(head)))
		for len(p) > 0 {
			n := min(len(p), 128)
			head = append(append(head, byte(n-1)), p[:n]...)
			p = p[n:]
		}
	}
	return head
}

func TestRLE(t *testing.T) {
	high, low := bytes.Repeat([]byte{1}, 200), bytes.Repeat([]byte{9}, 200)
	got, err := unRLE(rle(high, low), 200, 1, 2)
	if err != nil || len(got) != 400 || got[0] != 9 || got[1] != 1 {
		t.Errorf("%v", err)
	}
	for _, b := range [][]byte{nil, rle(high), rle(high, low)[:200], rle(high[:100], low)} {
		if _, err := unRLE(b, 200, 1, 2); err == nil {
			t.Errorf("%d bytes are read", len(b))
		}
	}
	if _, err := unRLE(rle(high, low), 1<<27, 1, 2); err == nil {
		t.Error("a frame of 268 million bytes is in 500")
	}
}

// JPEG Lossless is decoded to what dcmdjpeg makes of it.
func TestLossless(t *testing.T) {
	dcmdjpeg, err := exec.LookPath("dcmdjpeg")
	if err != nil {
		t.Skip("no dcmdjpeg (dcmtk) here")
	}
	root := data(t, "imaging/dicom")
	for _, name := range []string{"pydicom-data/JPEG-LL.dcm", "pydicom-data/JPGLosslessP14SV1_1s_1f_8b.dcm", "pydicom-test_files/SC_rgb_jpeg_gdcm.dcm"} {
		path := filepath.Join(root, filepath.FromSlash(name))
		plain := filepath.Join(t.TempDir(), "x.dcm")
		if out, err := exec.Command(dcmdjpeg, path, plain).CombinedOutput(); err != nil {
			t.Errorf("%s: dcmdjpeg: %v %s", name, err, out)
			continue
		}
		want, err := load(t.Context(), plain)
		if err != nil {
			t.Fatal(err)
		}
		got, err := load(t.Context(), path)
		if err != nil || !bytes.Equal(got.data, want.data) {
			t.Errorf("%s: other pixels, %v", name, err)
		}
	}
}

func FuzzLossless(f *testing.F) {
	// 2 x 2 samples of 8 bits, by one code of one bit: no difference.
	f.Add([]byte("\xff\xd8\xff\xc4\x00\x14\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xc3\x00\x0b\x08\x00\x02\x00\x02\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x01\x00\x00\x0f\xff\xd9"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := unLossless(b, Header{Rows: 2, Columns: 2, Samples: 1}, 1)
		if err == nil && len(got) != 4 {
			t.Error("another size")
		}
	})
}

// Sizes beyond what a file holds are refused before anything is allocated for them.
func TestBombs(t *testing.T) {
	b := slice(t, ball("CT"), 0)
	for _, at := range [][2]string{{"\x28\x00\x10\x00US\x02\x00", "rows"}, {"\x28\x00\x11\x00US\x02\x00", "columns"}} {
		big := slices.Clone(b)
		i := bytes.Index(big, []byte(at[0]))
		big[i+8], big[i+9] = 0xff, 0xff
		if _, err := Read(t.Context(), put(t, t.TempDir(), "x.dcm", big)); err == nil || !strings.Contains(err.Error(), "fewer pixels than rows, columns") {
			t.Errorf("%s: %v", at[1], err)
		}
	}
	i := bytes.Index(b, []byte("\xe0\x7f\x10\x00OW\x00\x00"))
	binary.LittleEndian.PutUint32(b[i+8:], 0xfffffff0)
	if _, err := Read(t.Context(), put(t, t.TempDir(), "x.dcm", b[:len(b)-2])); err == nil || !strings.Contains(err.Error(), "ends within an element") {
		t.Errorf("length of the pixels: %v", err)
	}
}

func TestSuite(t *testing.T) {
	o := format.Options{Table: format.ImagingTable}
	path := put(t, t.TempDir(), "x.dcm", slice(t, ball("CT"), 3))
	d, err := New().Describe(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	formattest.Suite(t, New(), []formattest.Sample{{Path: path, Options: o, Columns: d.Columns, Rows: 1}}, []formattest.Broken{
		{Name: "a.dcm", Data: []byte("Anna Muster, not an image"), Options: o, Says: "does not begin like a DICOM file", Canary: "Anna"},
		{Name: "a.dcm", Data: slice(t, ball("CT"), 3)[:500], Options: o, Says: "ends within an element", Canary: "nne-7"},
	})
	if len(New().(format.Checked).Checks()) == 0 {
		t.Error("no checks")
	}
}

func FuzzRead(f *testing.F) {
	small := ball("CT")
	small.Image.Shape, small.Image.Values = []int{1, 2, 2}, small.Image.Values[:4]
	plain := slice(f, small, 0)
	f.Add(plain)
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(plain)
	w.Close()
	f.Add(z.Bytes())
	f.Add(bytes.Replace(plain, []byte(explicitLittle+"\x00"), []byte(rleLossless+"\x00"), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		f, err := images.Over("x.dcm", bytes.NewReader(b), int64(len(b)), headBuffer)
		if err != nil {
			return
		}
		h, in, err := begin("x.dcm", f, headBuffer)
		if err != nil {
			return
		}
		s, err := in.pixels(t.Context(), h)
		if err == nil {
			s, err = s.colour()
		}
		for i := 0; err == nil && i < h.Frames; i++ {
			var out []float32
			if out, err = s.values(nil, i); err == nil && len(out) != h.Rows*h.Columns*s.header.Samples {
				t.Error("another size")
			}
		}
	})
}

func FuzzRLE(f *testing.F) {
	f.Add(rle([]byte{1, 2, 3, 4}, []byte{5, 6, 7, 8}), uint8(4), uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, pixels, width uint8) {
		n, w := int(pixels)+1, 1+int(width)%4
		if got, err := unRLE(b, n, 1, w); err == nil && len(got) != n*w {
			t.Error("another size")
		}
	})
}

// BenchmarkHeaders is files/s of the headers of a real folder; BenchmarkDcmdump the
// alternative of a run of dcmdump a file.
func BenchmarkHeaders(b *testing.B) {
	root := data(b, "imaging/dicom/pydicom-test_files/dicomdirtests")
	names, err := images.Walk(b.Context(), root)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := headers(b.Context(), root, names); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(names)*b.N)/b.Elapsed().Seconds(), "files/s")
}

func BenchmarkDcmdump(b *testing.B) {
	dcmdump, err := exec.LookPath("dcmdump")
	if err != nil {
		b.Skip("no dcmdump (dcmtk) here")
	}
	path := filepath.Join(data(b, "imaging/dicom/pydicom-test_files/dicomdirtests"), "77654033/CT2/17106")
	for b.Loop() {
		if err := exec.Command(dcmdump, path).Run(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "files/s")
}
