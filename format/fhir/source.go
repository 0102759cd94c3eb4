package fhir

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"hmsp.center/hmsp/format"
)

// A source is a file or a folder of FHIR resources.
type source struct {
	path   string
	files  []file
	notes  []string
	limit  int // bytes of one resource at most
	size   int64
	read   atomic.Int64
	ctx    context.Context
	once   sync.Once
	drugs  medications // of all files, where one was asked for
	failed error
}

// A file of a source.
type file struct {
	path  string
	size  int64
	lines bool     // a resource a line, not one document
	kinds []string // of the resources in its head
	sure  bool     // its head shows that it is FHIR
}

// headBytes is how much of a file tells what it is.
const headBytes = 32 << 10

// find lists the files of a source and looks at the head of each.
func find(ctx context.Context, path string, o format.Options) (*source, error) {
	s := &source{path: path, limit: min(o.MaxBytes, 1<<30), ctx: ctx}
	s.drugs.limit = 8 * s.limit
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		in, err := format.OpenFile(path)
		if err != nil {
			return nil, err
		}
		in.Close()
		f, fhir, err := s.look(path)
		if err != nil {
			return nil, err
		}
		if !fhir {
			return nil, &format.Error{File: path, Line: 1, Text: "this is JSON, but no FHIR resource: it has no resourceType", Mend: "name a file of FHIR R4 resources or a Bundle"}
		}
		f.size = info.Size()
		s.files, s.size = []file{f}, f.size
		return s, nil
	}
	names, xml, err := list(path)
	if err != nil {
		return nil, err
	}
	if xml > 0 {
		s.notes = append(s.notes, "XML files are not read; export them as JSON if they hold FHIR resources")
	}
	for _, n := range names {
		if err := s.add(filepath.Join(path, n)); err != nil {
			return nil, err
		}
	}
	if len(s.files) == 0 {
		return nil, &format.Error{File: path, Text: "this is a directory without FHIR resources", Mend: "name a folder of .ndjson or .json files (or .gz of them); XML is not read"}
	}
	return s, nil
}

// add looks at a file of a folder. What is JSON and no resource, such as the log of
// an export, is left out; what is empty holds nothing.
func (s *source) add(path string) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() == 0 || !info.Mode().IsRegular() {
		return nil
	}
	f, fhir, err := s.look(path)
	if err != nil {
		return err
	}
	if !fhir {
		s.notes = append(s.notes, filepath.Base(path)+" holds no FHIR resources and is left out")
		return nil
	}
	f.size = info.Size()
	s.files, s.size = append(s.files, f), s.size+f.size
	return nil
}

// list names the files of a folder that may hold resources, and counts those in XML.
func list(root string) (names []string, xml int, err error) {
	all, err := format.Files(root)
	for _, name := range all {
		if named(name) {
			names = append(names, name)
		} else if strings.HasSuffix(strings.ToLower(name), ".xml") {
			xml++
		}
	}
	return names, xml, err
}

// named says whether a name is that of a file that may hold resources.
func named(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	return strings.HasSuffix(name, ".ndjson") || strings.HasSuffix(name, ".jsonl") || strings.HasSuffix(name, ".json")
}

// look tells from the head of a file how it is laid out, and whether it is FHIR.
func (s *source) look(path string) (f file, fhir bool, err error) {
	f.path = path
	in, err := s.open(path, nil)
	if err != nil {
		return f, false, err
	}
	defer in.Close()
	head := make([]byte, headBytes)
	n, _, err := fill(in, head)
	head = head[:n]
	if err != nil {
		return f, false, broken(path, bytes.Count(head, []byte{'\n'})+1, err)
	}
	at := blank(head, 0)
	switch {
	case at == n:
		return f, false, &format.Error{File: path, Text: "the file holds no text", Mend: "export it again"}
	case head[at] == '<':
		return f, false, &format.Error{File: path, Line: 1, Text: "this is XML, where JSON is expected", Mend: "export as JSON: NDJSON or Bundles in application/fhir+json"}
	case head[at] == '[':
		return f, false, &format.Error{File: path, Line: 1, Text: "this is a list in JSON, where a FHIR resource is expected", Mend: "export as NDJSON (a resource a line) or as a Bundle"}
	case head[at] != '{':
		return f, false, &format.Error{File: path, Line: 1, Text: "this is no JSON, where a FHIR resource is expected", Mend: "set format to what the file is, or export it again"}
	}
	var whole bool
	f.lines, f.kinds, f.sure, whole = layout(head)
	fhir = f.sure || n == headBytes && !whole // its type may stand behind the head
	plain := strings.TrimSuffix(strings.ToLower(path), ".gz")
	f.lines = f.lines || strings.HasSuffix(plain, ".ndjson") || strings.HasSuffix(plain, ".jsonl")
	return f, fhir, nil
}

// layout reads values from the head of a file: whether each is on a line of its own,
// of what types the resources are, whether there is any, and whether the first value
// ends in the head.
func layout(head []byte) (lines bool, kinds []string, fhir, whole bool) {
	var d doc
	n := 0
	for at := blank(head, 0); at < len(head); n++ {
		end, flaw := d.parse(head, at)
		if flaw != nil {
			whole = n > 0 || flaw.text != cut
			break
		}
		lines = n > 0 && bytes.IndexByte(head[at:end], '\n') < 0
		kind := string(d.root().get("resourceType").text())
		kinds, fhir, whole = entered(kinds, d.root(), kind), fhir || kind != "", true
		at = blank(head, end)
	}
	if n == 0 {
		kinds, fhir = entered(nil, value{}, string(peek(head))), bytes.Contains(head, []byte(`"resourceType"`))
	}
	return lines, kinds, fhir, whole
}

// entered adds the types that a value shows to those known.
func entered(kinds []string, v value, kind string) []string {
	if kind == "Bundle" {
		for e := range v.get("entry").each {
			kinds = entered(kinds, value{}, string(e.path("resource", "resourceType").text()))
		}
		return kinds
	}
	if kind != "" && !slices.Contains(kinds, kind) {
		kinds = append(kinds, kind)
	}
	return kinds
}

// open gives the text of a file, unpacked if it is gzip, without a byte order mark.
// What is read of the file is counted.
func (s *source) open(path string, counted *atomic.Int64) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &format.Error{File: path, Text: "the file cannot be opened", Mend: "let the account that runs hmsp read it", Cause: err}
	}
	in := &input{file: f, counted: counted}
	in.Reader = io.Reader(readFunc(in.plain))
	head := make([]byte, 3)
	n, _, err := fill(in.Reader, head)
	if err != nil {
		f.Close()
		return nil, broken(path, 1, err)
	}
	in.Reader = io.MultiReader(bytes.NewReader(head[:n]), in.Reader)
	if n < 2 || head[0] != 0x1f || head[1] != 0x8b {
		return in, marked(path, in, head[:n])
	}
	unpacked, err := gzip.NewReader(in.Reader)
	if err != nil {
		f.Close()
		return nil, &format.Error{File: path, Text: "the file begins like gzip and is none", Mend: "copy or compress it again", Cause: err}
	}
	in.Reader = unpacked
	if n, _, err = fill(in.Reader, head); err != nil {
		f.Close()
		return nil, broken(path, 1, err)
	}
	in.Reader = io.MultiReader(bytes.NewReader(head[:n]), unpacked)
	return in, marked(path, in, head[:n])
}
