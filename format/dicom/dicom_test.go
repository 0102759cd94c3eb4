package dicom

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
)

// data is the folder of real files; the test is skipped where it is not there.
func data(t testing.TB, name string) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		t.Fatal("no go.mod above")
	}
	path := filepath.Join(dir, "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skip("the real data are not beside the checkout: ", name)
	}
	return path
}

func real(t testing.TB) []string {
	root := data(t, "imaging/dicom")
	var out []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(root, path)
			out = append(out, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// broken says why a file of the real ones is refused before its pixels.
func broken(name string) string {
	switch filepath.Base(name) {
	case "no_meta.dcm": // begins with a byte too many
		return "this does not begin like a DICOM file"
	case "rtplan_truncated.dcm":
		return "the file ends within an element"
	case "INVENTORY.csv", "burned_in_text_truth.json", "README.txt", "crayons.icc", "test1.json", "test_PN.json":
		return "this does not begin like a DICOM file"
	}
	return ""
}

// Every field of the inventory, which pydicom read, equals ours.
func TestInventory(t *testing.T) {
	root := data(t, "imaging/dicom")
	f, err := os.Open(filepath.Join(root, "INVENTORY.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	equal := 0
	for _, want := range records[1:] {
		h, err := ReadHeader(filepath.Join(root, filepath.FromSlash(want[0])))
		if says := broken(want[0]); says != "" { // which pydicom reads as far as it goes
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v; want %q", want[0], err, says)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", want[0], err)
			continue
		}
		s := h.set
		got := []string{want[0], h.Modality, h.TransferSyntax, number(h.Rows), number(h.Columns), s.ascii(frameCount), number(h.Samples), number(h.Bits),
			h.Photometric, h.Name, h.Patient, s.ascii(birthDate), h.Institution, h.BurnedIn}
		same := true
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s, %s: %q, want %q", want[0], records[0][i], got[i], want[i])
				same = false
			}
		}
		if same {
			equal++
		}
	}
	t.Logf("%d of %d files are equal in every field", equal, len(records)-1)
}

// The pixels of every file that is not compressed, or by RLE or deflate, hash to what
// pydicom decodes.
func TestPixelHashes(t *testing.T) {
	root := data(t, "imaging/dicom")
	raw, err := os.ReadFile(data(t, "reference/imaging/dicom_pixels.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]struct {
		Shape []int
		Dtype string
		Hash  string `json:"sha256_of_little_endian_array"`
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	for name, w := range want {
		s, err := load(t.Context(), filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if filepath.Base(name) == "SC_rgb_small_odd_big_endian.dcm" {
			// pydicom before 2.4 does not swap samples of 8 bits in words (PS3.5 section 8.1.1,
			// pydicom's issue 1687): what is right is the little-endian original.
			w = want["pydicom-test_files/SC_rgb_small_odd.dcm"]
		}
		hash := sha256.Sum256(s.data)
		if hex.EncodeToString(hash[:]) != w.Hash {
			t.Errorf("%s: other pixels: %d bytes of %d, shape %v %s", name, len(s.data), s.width, w.Shape, w.Dtype)
		}
	}
	t.Logf("%d files", len(want))
}

// Every file is read, or refused for the reason that it is.
func TestEveryFile(t *testing.T) {
	root := data(t, "imaging/dicom")
	for _, name := range real(t) {
		path := filepath.Join(root, filepath.FromSlash(name))
		h, err := ReadHeader(path)
		if says := broken(name); says != "" || err != nil {
			refused(t, path, err, says)
			continue
		}
		m, err := Read(t.Context(), path)
		if says := unread(name, h); says != "" || err != nil {
			refused(t, path, err, says)
			continue
		}
		if f, err := format.Detect([]format.Format{New()}, path); err != nil && h.size > 0 && !strings.HasSuffix(name, ".gz") {
			t.Errorf("%s: %v, %v", name, f, err)
		}
		if n := h.Rows * h.Columns * h.Frames; m.Check() != nil || m.Voxels() != n {
			t.Errorf("%s: %v of %d voxels", name, m.Shape, n)
		}
	}
}

func refused(t *testing.T, path string, err error, says string) {
	t.Helper()
	var fe *format.Error
	if !errors.As(err, &fe) || fe.File != path || fe.Mend == "" || says == "" || !strings.Contains(fe.Text, says) {
		t.Errorf("%s: got %v; want a *format.Error that says %q", path, err, says)
	}
}

// unread says why the pixels of a real file are refused.
func unread(name string, h Header) string {
	if !h.HasPixels {
		return "the file has no pixels"
	}
	switch h.TransferSyntax {
	case "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81":
		return "JPEG-LS (transfer syntax " + h.TransferSyntax
	case "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91":
		return "JPEG 2000 (transfer syntax " + h.TransferSyntax
	case "1.2.840.10008.1.2.4.203":
		return "High-Throughput JPEG 2000"
	}
	switch filepath.Base(name) {
	case "JPEG-lossy.dcm", "JPGExtended.dcm":
		return "JPEG Extended of 12 bits"
	case "MR_truncated.dcm":
		return "the file ends within an element"
	case "meta_missing_tsyntax.dcm", "nested_priv_SQ.dcm":
		return "rows (0028,0010), columns or samples a pixel are missing"
	case "badVR.dcm":
		return "Number of Frames (0028,0008) is not a number"
	}
	return ""
}
