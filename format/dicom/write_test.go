package dicom

import (
	"bytes"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/format/internal/images"
	"hmsp.center/hmsp/radiomics"
	"hmsp.center/hmsp/table"
)

// ball is a scan with a bright ball of 1000 in tissue of 40.
func ball(modality string) Scan {
	m := radiomics.Image{Shape: []int{12, 16, 20}, Spacing: []float64{2.5, 0.8, 0.75}, Values: make([]float32, 12*16*20)}
	for z := range 12 {
		for y := range 16 {
			for x := range 20 {
				v := float32(40 + x)
				if d := math.Hypot(math.Hypot(float64(z-6), float64(y-8)), float64(x-10)); d < 4 {
					v = 1000
				}
				m.Values[(z*16+y)*20+x] = v
			}
		}
	}
	if modality == "CT" {
		m.Values[0] = -1024
	}
	return Scan{Patient: "Änne-7", Birth: "1980-05-17", Sex: "female", Modality: modality, Study: UID("study"), Series: UID("series", modality),
		Description: "ball", Time: 1706688000, Image: m, Origin: [3]float64{-10, -20, 5.125}}
}

func folder(t testing.TB, s Scan) string {
	dir := filepath.Join(t.TempDir(), "scan")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	err := WriteSeries(s, func(name string) (io.WriteCloser, error) { return os.Create(filepath.Join(dir, name)) })
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// What is written is read as it was.
func TestWriteRead(t *testing.T) {
	for _, modality := range []string{"CT", "MR"} {
		s := ball(modality)
		dir := folder(t, s)
		n := 0
		err := ReadSeries(t.Context(), dir, func(id string, m radiomics.Image) error {
			n++
			if id != s.Series || !equal(m.Shape, s.Image.Shape) || !equal(m.Spacing, s.Image.Spacing) || !equal(m.Values, s.Image.Values) {
				t.Errorf("%s: another image: %v %v", modality, m.Shape, m.Spacing)
			}
			return nil
		})
		if err != nil || n != 1 {
			t.Fatalf("%d images, %v", n, err)
		}
		imaging, err := formattest.ReadAll(t.Context(), New(), dir, format.Options{Table: format.ImagingTable, Columns: []string{
			format.Patient, format.Time, format.Code, format.Modality, format.Visit, format.ID, images.SliceSpacing, images.Slices, images.PixelSpacing}})
		if err != nil || imaging.Rows != 1 {
			t.Fatal(imaging.Rows, err)
		}
		var got []string
		for _, c := range imaging.Columns[:6] {
			got = append(got, c.Text[0])
		}
		if want := []string{s.Patient, "2024-01-31T08:00:00", "dcm:" + modality, modality, s.Study, s.Series}; !equal(got, want) {
			t.Errorf("imaging: %q, want %q", got, want)
		}
		if imaging.Columns[6].Float[0] != 2.5 || imaging.Columns[7].Int[0] != 12 || imaging.Columns[8].Float[0] != 0.75 {
			t.Errorf("geometry: %v", imaging.Columns[6:])
		}
		person, err := formattest.ReadAll(t.Context(), New(), dir, format.Options{Table: format.PersonTable, Columns: []string{format.Patient, format.Birth, format.Sex}})
		if err != nil || person.Rows != 1 || person.Columns[1].Text[0] != s.Birth || person.Columns[2].Text[0] != s.Sex {
			t.Errorf("person: %v, %v", person, err)
		}
		values := measured(t, dir)
		voxels := 0
		for _, v := range s.Image.Values {
			if v > images.Bright {
				voxels++
			}
		}
		if ml := float64(voxels) * 2.5 * 0.8 * 0.75 / 1000; math.Abs(values[images.CodeBright()]-ml) > 1e-9 || values[images.CodeSliceGap] != 1 || values["ibsi:84IY"] != 1000 {
			t.Errorf("features: %v, want a volume of %v", values, ml)
		}
	}
}

func equal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// measured are the measurements of a source of one image, by code.
func measured(t testing.TB, path string) map[string]float64 {
	b, err := formattest.ReadAll(t.Context(), New(), path, format.Options{Table: format.MeasurementTable, Columns: []string{format.Code, format.Value}})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for i := range b.Rows {
		out[b.Columns[0].Text[i]] = b.Columns[1].Float[i]
	}
	return out
}

// dcmdump and pydicom read what is written, and agree on the values.
func TestOthersRead(t *testing.T) {
	s := ball("CT")
	dir := folder(t, s)
	if dcmdump, err := exec.LookPath("dcmdump"); err != nil {
		t.Log("no dcmdump (dcmtk) here")
	} else if out, err := exec.Command(dcmdump, filepath.Join(dir, "0001.dcm")).CombinedOutput(); err != nil || bytes.Contains(out, []byte("W:")) || bytes.Contains(out, []byte("E:")) {
		t.Errorf("dcmdump: %v\n%s", err, out)
	}
	script := `
import sys, glob, pydicom, numpy
from pydicom import config
config.settings.reading_validation_mode = config.RAISE
total = 0
for p in sorted(glob.glob(sys.argv[1] + "/*.dcm")):
    d = pydicom.dcmread(p)
    for e in d.iterall(): e.value
    total += int(d.pixel_array.astype(int).sum())
    assert d.pixel_array.shape == (16, 20), d.pixel_array.shape
print(total, d.PatientID, d.PatientBirthDate, d.Modality, d.SliceThickness, d.ImagePositionPatient[2])`
	if err := exec.Command("/usr/bin/python3", "-c", "import pydicom, numpy").Run(); err != nil {
		t.Skip("no python3 with pydicom and numpy here")
	}
	cmd := exec.Command("/usr/bin/python3", "-c", script, dir)
	cmd.Env = append(os.Environ(), "PYTHONIOENCODING=utf-8")
	out, err := cmd.CombinedOutput()
	sum := 0
	for _, v := range s.Image.Values {
		sum += int(v)
	}
	if want := strings.Join([]string{strconv.Itoa(sum), s.Patient, "19800517", "CT", "2.5", "32.625"}, " "); err != nil || strings.TrimSpace(string(out)) != want {
		t.Errorf("pydicom: %v\n%s\nwant %s", err, out, want)
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, change := range map[string]func(*Scan){
		"modality": func(s *Scan) { s.Modality = "US" },
		"uid":      func(s *Scan) { s.Series = "x" },
		"spacing":  func(s *Scan) { s.Image.Spacing = []float64{1, 1, 0} },
		"shape":    func(s *Scan) { s.Image.Shape = []int{12 * 16, 20}; s.Image.Spacing = []float64{1, 1} },
		"values":   func(s *Scan) { s.Image.Values[5] = 40000 },
		"nothing":  func(s *Scan) { s.Image.Values[5] = float32(math.NaN()) },
	} {
		s := ball("MR")
		s.Time = table.NoTime
		change(&s)
		if err := Write(io.Discard, s, 0); err == nil {
			t.Errorf("%s: it was written", name)
		}
	}
}
