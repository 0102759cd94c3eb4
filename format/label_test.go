package format_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
)

// magic is a format that knows its files by their first bytes.
type magic struct {
	format.Format
	name, head string
}

func (m magic) Name() string { return m.name }

func (m magic) Sniff(head []byte, _ string) int {
	if bytes.HasPrefix(head, []byte(m.head)) {
		return 100
	}
	return 0
}

func TestDetectSourceOfOneFile(t *testing.T) {
	formats := []format.Format{magic{name: "csv", head: "a,"}, magic{name: "bed", head: "l"}, magic{name: "dicom", head: "DICM"}, magic{name: "fhir", head: "{"}, magic{name: "biom", head: "{"}, magic{name: "idx", head: "\x00"}}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.csv": "a,b", "a.bed": "l", "a.bim": "a,b", "b.bim": "a,b", "c.csv.gz": "a,b", "d.dcm": "DICM", "e.dcm": "x", "e.dcm.gz": "x", "f.csv": "l", "g.json": "{", "h.json": "x", "i.bin": "x",
		"t-images-idx3-ubyte": "\x00", "t-labels-idx1-ubyte": "\x00",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"a.csv":               "csv",
		"a.bed":               "bed",
		"a.bim":               "!this file belongs to a.bed beside it; name that one",
		"b.bim":               "csv", // there is no b.bed
		"c.csv.gz":            "!the name says gzip, and the file is not compressed",
		"d.dcm":               "dicom",
		"e.dcm":               "!the name says dicom, and the content is not",
		"e.dcm.gz":            "!the name says dicom packed with gzip",
		"f.csv":               "!the name says csv, and the content is bed",
		"g.json":              "!cannot be told; name it with --format: csv, bed, dicom, fhir, biom, idx", // two claim it
		"h.json":              "!a file that ends in .json is fhir or biom, and the content is not",
		"i.bin":               "!cannot be told",
		"t-images-idx3-ubyte": "idx",
		"t-labels-idx1-ubyte": "!this file belongs to t-images-idx3-ubyte",
		"none.csv":            "!there is no such file",
	} {
		f, err := format.DetectSource(formats, filepath.Join(dir, name))
		says, refused := strings.CutPrefix(want, "!")
		var e *format.Error
		switch {
		case refused && (!errors.As(err, &e) || !strings.Contains(err.Error(), says) || e.Mend == "" || !strings.HasSuffix(e.File, name)):
			t.Errorf("%s: %v, want %q", name, err, says)
		case !refused && (err != nil || f.Name() != want):
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// shelf is a format of folders, in which it is sure of a file with its name.
type shelf struct{ magic }

func (s shelf) SniffFolder(_ string, names []string) int {
	if slices.Contains(names, s.name) {
		return 90
	}
	return 0
}

func TestDetectSourceOfAFolder(t *testing.T) {
	formats := []format.Format{magic{name: "csv"}, shelf{magic{name: "fit"}}, shelf{magic{name: "bed"}}, shelf{magic{name: "pgen"}}}
	for want, files := range map[string][]string{
		"bed": {"bed", "other"},
		"!this folder holds sources of several kinds: bed, pgen; name one of its files":                                      {"bed", "pgen"},
		"!what this folder holds cannot be told; name a file or a folder in it, or the format with --format: fit, bed, pgen": {"csv"},
	} {
		dir := t.TempDir()
		for _, name := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		f, err := format.DetectSource(formats, dir)
		if says, refused := strings.CutPrefix(want, "!"); refused && (err == nil || !strings.Contains(err.Error(), says)) || !refused && (err != nil || f.Name() != want) {
			t.Errorf("%v: %v", files, err)
		}
	}
}
