package qiime

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/biomtable"
)

// An archive is an opened artefact.
type archive struct {
	path  string
	file  *os.File
	zip   *zip.Reader
	root  string // its folder, which is named by its UUID
	kind  string // its type: "FeatureTable[Frequency]"
	names map[string]*zip.File
}

// metadataBytes is the largest metadata.yaml.
const metadataBytes = 1 << 20

// open reads the list of an artefact and its type.
func open(path string) (*archive, error) {
	f, err := format.OpenFile(path)
	if err != nil {
		return nil, err
	}
	a := &archive{path: path, file: f, names: map[string]*zip.File{}}
	if err := a.start(); err != nil {
		f.Close()
		return nil, err
	}
	return a, nil
}

func (a *archive) start() error {
	info, err := a.file.Stat()
	if err != nil {
		return biomtable.Damaged(a.path, err)
	}
	if a.zip, err = zip.NewReader(a.file, info.Size()); err != nil {
		return &format.Error{File: a.path, Text: "this is no zip archive, or it is not whole", Mend: "copy or export the artefact again"}
	}
	for _, f := range a.zip.File {
		root, inner, _ := strings.Cut(f.Name, "/")
		if a.root == "" {
			a.root = root
		}
		if root != a.root || a.names[inner] != nil {
			return &format.Error{File: a.path, Text: "the archive holds more than one artefact", Mend: "export the artefact again"}
		}
		if inner != "" {
			a.names[inner] = f
		}
	}
	return a.metadata()
}

// metadata reads the type. The file is YAML of one level, written by QIIME alone.
func (a *archive) metadata() error {
	in, err := a.open("metadata.yaml", metadataBytes)
	if err != nil {
		return err
	}
	defer in.Close()
	s := bufio.NewScanner(in)
	for s.Scan() {
		if value, ok := strings.CutPrefix(s.Text(), "type:"); ok {
			a.kind = strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	if err := s.Err(); err != nil {
		return biomtable.Damaged(a.path, err)
	}
	return nil
}

// open opens a file of the artefact, which may unfold to so many bytes.
func (a *archive) open(name string, most int64) (io.ReadCloser, error) {
	f := a.names[name]
	if f == nil {
		return nil, &format.Error{File: a.path, Text: fmt.Sprintf("the archive is no QIIME 2 artefact, or of another kind: it lacks %s", name), Mend: "name a .qza file of a feature table"}
	}
	if f.UncompressedSize64 > uint64(most) {
		return nil, &format.Error{File: a.path, Text: fmt.Sprintf("%s unfolds to more than %d MiB", name, most>>20), Mend: "keep the samples or features that are needed"}
	}
	in, err := f.Open()
	if err != nil {
		return nil, biomtable.Damaged(a.path, err)
	}
	return in, nil
}

func (a *archive) Close() error { return a.file.Close() }
