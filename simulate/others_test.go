package simulate_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tool finds a program, or skips the test.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	b, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, b)
	}
	return string(b)
}

// Other programs read what is written, and find the same.
func TestOthersRead(t *testing.T) {
	o := everything()
	o.Formats = []string{"vcf", "bed", "dicom", "nifti"}
	dir := write(t, o)
	in := func(names ...string) string { return filepath.Join(append([]string{dir, "east"}, names...)...) }
	t.Run("plink2", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "p")
		output(t, tool(t, "plink2"), "--vcf", in("vcf", "east.vcf.gz"), "--make-bed", "--out", out)
		a, _ := os.ReadFile(out + ".bed")
		b, _ := os.ReadFile(in("bed", "east.bed"))
		if !bytes.Equal(a, b) || len(a) == 0 {
			t.Error("plink2 makes another .bed of the VCF")
		}
	})
	t.Run("bcftools", func(t *testing.T) {
		bcftools := tool(t, "bcftools")
		panel := o.Population().Panel
		on3 := 0
		for _, v := range panel.Variants {
			if v.Chromosome == 3 {
				on3++
			}
		}
		if n := strings.Count(output(t, bcftools, "view", "-H", "-r", "3", in("vcf", "east.vcf.gz")), "\n"); n != on3 {
			t.Errorf("%d variants on chromosome 3 by the index, want %d", n, on3)
		}
		if head := output(t, bcftools, "view", "-h", in("vcf", "east.vcf.gz")); !strings.Contains(head, "##reference=GRCh38") || !strings.Contains(head, "invented") {
			t.Error("the header does not say that the places are invented")
		}
	})
	lesions := map[string]string{}
	for _, r := range rows(t, filepath.Join(dir, "truth", "east", "heads.csv")) {
		lesions[r["patient"]] = r["lesion_voxels"]
	}
	t.Run("dcmdump", func(t *testing.T) {
		dump := tool(t, "dcmdump")
		for patient := range lesions {
			s := output(t, dump, in("dicom", patient, "0001.dcm"))
			if !strings.Contains(s, "["+patient+"]") || strings.Contains(s, "W:") || strings.Contains(s, "E:") {
				t.Errorf("dcmdump says %s", s)
			}
		}
	})
	t.Run("nibabel", func(t *testing.T) {
		const python = "/usr/bin/python3"
		if err := exec.Command(python, "-c", "import nibabel").Run(); err != nil {
			t.Skip("nibabel is not installed")
		}
		for patient, voxels := range lesions {
			got := strings.Fields(output(t, python, "-c", "import nibabel,sys\ni=nibabel.load(sys.argv[1])\nprint((i.get_fdata()>800).sum(), *nibabel.aff2axcodes(i.affine), *i.header.get_zooms())", in("nifti", patient+".nii.gz")))
			if voxels == "" {
				voxels = "0"
			}
			if want := []string{voxels, "L", "P", "S", "3.0", "3.0", "3.0"}; !slices.Equal(got, want) {
				t.Errorf("nibabel says %v, want %v", got, want)
			}
		}
	})
}
