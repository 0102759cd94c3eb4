package pool

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// documentName is the file that says what a pool holds.
const documentName = "pool.json"

// maxDocument is how many bytes of pool.json are read.
const maxDocument = 64 << 20

// alignment is where buffers start: Arrow's recommendation.
const alignment = 64

// document is pool.json. It has one encoding: compact JSON in the order of the
// fields, so that its hash names what it says.
type document struct {
	Hmsp    string          `json:"hmsp"` // Version
	Created created         `json:"created"`
	Tables  []tableEntry    `json:"tables"`
	Meta    json.RawMessage `json:"meta,omitempty"`
}

// created is who made the pool and when, as far as the writer was told.
type created struct {
	By string    `json:"by,omitempty"`
	At time.Time `json:"at,omitzero"`
}

type tableEntry struct {
	Name   string       `json:"name"`
	File   string       `json:"file"` // fileName
	Bytes  int64        `json:"bytes"`
	SHA256 string       `json:"sha256"` // of the file, hex
	Frame  uint32       `json:"frame"`  // CRC32C of the file without its body
	Body   span         `json:"body"`   // of the record batch
	Rows   int64        `json:"rows"`
	Sorted []string     `json:"sorted,omitempty"` // by these fields, ascending, missing first
	Fields []fieldEntry `json:"fields"`
}

type fieldEntry struct {
	Name     string  `json:"name"`
	Kind     string  `json:"kind"`
	Values   buffer  `json:"values"`
	Validity *buffer `json:"validity,omitempty"` // where a value is missing
	Stats    Stats   `json:"stats"`
}

// A span is a part of a file.
type span struct {
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
}

// A buffer is a part of a file, without padding, and its CRC32C.
type buffer struct {
	span
	CRC uint32 `json:"crc32c"`
}

// String is the kind's name in pool.json.
func (k Kind) String() string {
	switch k {
	case Float64:
		return "float64"
	case Int64:
		return "int64"
	case Int32:
		return "int32"
	case Uint64:
		return "uint64"
	}
	return fmt.Sprintf("kind %d", int(k))
}

func kindOf(name string) Kind {
	for k := Float64; k <= Uint64; k++ {
		if k.String() == name {
			return k
		}
	}
	return 0
}

func (k Kind) width() int {
	if k == Int32 {
		return 4
	}
	return 8
}

func (d document) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decode reads what encode wrote and nothing else.
func decode(data []byte) (document, error) {
	var d document
	if !bytes.HasPrefix(data, []byte(`{"hmsp":"`+Version+`",`)) {
		return d, fmt.Errorf("pool.json does not begin as %s does; this program reads no other", Version)
	}
	if !utf8.Valid(data) {
		return d, errors.New("pool.json is not UTF-8")
	}
	in := json.NewDecoder(bytes.NewReader(data))
	in.DisallowUnknownFields()
	if in.Decode(&d) != nil {
		return d, errors.New("pool.json does not have the fields of " + Version)
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return d, errors.New("pool.json goes on after its end")
	}
	again, err := d.encode()
	if err != nil || !bytes.Equal(again, data) {
		return d, errors.New("pool.json is not as it was written")
	}
	return d, d.check()
}

// check holds what the document says against what a writer can have written, so
// that a view taken by it lies inside its file.
func (d document) check() error {
	seen := map[string]bool{}
	for i, t := range d.Tables {
		if t.Name == "" || seen[t.Name] || t.File != fileName(i, t.Name) {
			return fmt.Errorf("pool.json: table %d has no name, that of another, or another's file", i+1)
		}
		seen[t.Name] = true
		if err := t.check(); err != nil {
			return fmt.Errorf("pool.json: table %q: %w", t.Name, err)
		}
	}
	return nil
}

func (t tableEntry) check() error {
	if t.Bytes < 0 || t.Bytes > 1<<56 || t.Rows < 0 || t.Rows > t.Bytes || len(t.Fields) == 0 || len(t.SHA256) != 64 {
		return errors.New("it has no fields, or an impossible size")
	}
	end, body := t.Body.Offset, t.Body.Offset+t.Body.Length
	if end <= 0 || end%alignment != 0 || t.Body.Length < 0 || end > t.Bytes || t.Body.Length > t.Bytes-end {
		return errors.New("its columns do not lie in its file")
	}
	seen := map[string]bool{}
	for _, f := range t.Fields {
		kind := kindOf(f.Kind)
		if kind == 0 || f.Name == "" || seen[f.Name] {
			return fmt.Errorf("column %q is of no kind, or there twice", f.Name)
		}
		seen[f.Name] = true
		if f.Stats.Missing < 0 || f.Stats.Count < 0 || f.Stats.Missing > 0 && kind == Uint64 || f.Stats.Count != t.Rows-f.Stats.Missing || (f.Stats.Missing > 0) != (f.Validity != nil) {
			return fmt.Errorf("column %q counts other rows than the table", f.Name)
		}
		if f.Validity != nil {
			if f.Validity.span != (span{end, (t.Rows + 7) / 8}) {
				return fmt.Errorf("column %q does not lie where it should", f.Name)
			}
			end += padded(f.Validity.Length)
		}
		if f.Values.span != (span{end, t.Rows * int64(kind.width())}) {
			return fmt.Errorf("column %q does not lie where it should", f.Name)
		}
		if end += padded(f.Values.Length); end > body {
			return fmt.Errorf("column %q does not lie in its file", f.Name)
		}
	}
	if end != body {
		return errors.New("its columns do not fill its file")
	}
	for _, by := range t.Sorted {
		if !seen[by] {
			return fmt.Errorf("it is sorted by %q, which it does not have", by)
		}
	}
	return nil
}

func padded(n int64) int64 { return (n + alignment - 1) &^ (alignment - 1) }

// fileName is the file of the table with that index: safe on any file system
// whatever the table is called, and still telling.
func fileName(i int, table string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(table) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		} else if n := b.Len(); n > 0 && b.String()[n-1] != '-' {
			b.WriteByte('-')
		}
		if b.Len() == 40 {
			break
		}
	}
	return fmt.Sprintf("%04d-%s.arrow", i, strings.TrimSuffix(b.String(), "-"))
}
