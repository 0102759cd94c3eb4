package format

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// detectFile is Detect for a source: a file that belongs to another is no source of its
// own, and one whose name says that it is something else than it is, is a mistake.
func detectFile(formats []Format, path string) (Format, error) {
	if main := beside(path); main != "" {
		return nil, &Error{File: path, Text: "this file belongs to " + filepath.Base(main) + " beside it", Mend: "name that one; a table that is read on its own is named with --format csv"}
	}
	f, tie, err := claimed(formats, path)
	switch {
	case err != nil:
		return nil, err
	case f != nil:
		return f, labelled(formats, f, path)
	}
	says := saysOf(formats, path)
	switch {
	case len(says) == 0 || tie:
		return Detect(formats, path)
	case strings.EqualFold(filepath.Ext(path), ".gz"):
		return nil, &Error{File: path, Text: inWords(path, says) + " packed with gzip, and the content is damaged, something else, or not read while it is packed", Mend: "unpack it, and name the unpacked file"}
	}
	return nil, &Error{File: path, Text: inWords(path, says) + ", and the content is not: it is damaged, or something else", Mend: "export it again, or name what it is with --format"}
}

// labelled refuses a file whose name says that it is something else than it is: one of
// the two is a mistake.
func labelled(formats []Format, is Format, path string) error {
	if strings.EqualFold(filepath.Ext(path), ".gz") {
		if f, err := os.Open(path); err == nil {
			defer f.Close()
			magic := make([]byte, 2)
			if n, _ := io.ReadFull(f, magic); n < 2 || magic[0] != 0x1f || magic[1] != 0x8b {
				return &Error{File: path, Text: "the name says gzip, and the file is not compressed", Mend: "rename it, or compress it"}
			}
		}
	}
	says := saysOf(formats, path)
	if len(says) == 0 || slices.Contains(says, is.Name()) {
		return nil
	}
	return &Error{File: path, Text: inWords(path, says) + ", and the content is " + is.Name(), Mend: "rename the file, or name its format with --format if it is right so"}
}

// inWords is what a name says. Of an ending that is not the format's own, what it may be.
func inWords(path string, says []string) string {
	ending := filepath.Ext(strings.TrimSuffix(strings.ToLower(path), ".gz"))
	if last := len(says) - 1; last > 0 && ending != "."+says[0] {
		return "a file that ends in " + ending + " is " + strings.Join(says[:last], ", ") + " or " + says[last]
	}
	return "the name says " + says[0]
}

// saysOf are the formats that a file's name says it may be, the most usual first; none
// where that is not among those known.
func saysOf(formats []Format, path string) []string {
	name := strings.TrimSuffix(strings.ToLower(filepath.Base(path)), ".gz")
	known := func(name string) bool {
		return slices.ContainsFunc(formats, func(f Format) bool { return f.Name() == name })
	}
	says := named(filepath.Ext(name))
	if len(says) == 0 || !known(says[0]) {
		return nil
	}
	return slices.DeleteFunc(says, func(name string) bool { return !known(name) })
}

// named are the formats of files whose names end so, the most usual first.
func named(ending string) []string {
	switch ending {
	case ".csv", ".tsv":
		return []string{"csv", "matrix", "metaphlan", "fitbit", "cgm", "acceleration", "text"}
	case ".json":
		return []string{"fhir", "biom", "openmhealth", "text"}
	case ".ndjson":
		return []string{"fhir", "openmhealth", "text"}
	case ".parquet", ".hl7", ".vcf", ".bed", ".pgen", ".bgen", ".biom", ".fit", ".tcx", ".gpx", ".edf":
		return []string{ending[1:]}
	case ".bcf":
		return []string{"vcf"}
	case ".bdf":
		return []string{"edf"}
	case ".hea":
		return []string{"wfdb"}
	case ".dcm":
		return []string{"dicom"}
	case ".nii":
		return []string{"nifti"}
	case ".qza":
		return []string{"qiime"}
	case ".png", ".jpg", ".jpeg":
		return []string{"picture"}
	}
	return nil
}

// beside is the file that a part of a source lies beside: variants and people of
// genotypes, the index of a file, the signals of a recording, the labels of images. It is
// "" of any other file, and where there is no such file.
func beside(path string) string {
	main := strings.TrimSuffix(path, filepath.Ext(path))
	switch filepath.Ext(path) {
	case ".bim", ".fam":
		main += ".bed"
	case ".pvar", ".psam":
		main += ".pgen"
	case ".zst":
		if !strings.HasSuffix(main, ".pvar") {
			return ""
		}
		main = strings.TrimSuffix(main, ".pvar") + ".pgen"
	case ".sample":
		main += ".bgen"
	case ".dat", ".atr":
		main += ".hea"
	case ".bgi", ".tbi", ".csi":
	default:
		name := filepath.Base(path)
		if !strings.Contains(name, "labels") || !strings.Contains(name, "idx1") {
			return ""
		}
		main = filepath.Join(filepath.Dir(path), strings.NewReplacer("labels", "images", "idx1", "idx3").Replace(name))
	}
	if info, err := os.Stat(main); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return main
}
