package text

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"hmsp.center/hmsp/format"
)

// A kind of file.
type kind int

const (
	plain kind = iota // one note
	lines             // JSON objects one after the other
	array             // a JSON array of objects
	cells             // CSV
)

// A source is one file, or the text files of a folder.
type source struct {
	path  string
	kind  kind
	names []string // of a folder: its files, as format.Files has them
	rows  int64    // -1 if it is not known
	left  int      // files of the folder that are no text files
	size  int64
}

// headBytes is how much of a file tells what it is.
const headBytes = 64 << 10

// find looks at what a path holds.
func find(ctx context.Context, where string) (*source, error) {
	s := &source{path: where, rows: -1}
	info, err := os.Stat(where)
	if err == nil && info.IsDir() {
		return s, s.folder(ctx)
	}
	f, err := format.OpenFile(where)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s.size = info.Size()
	head := make([]byte, headBytes)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		return nil, &format.Error{File: where, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
	}
	if s.kind = kindOf(head[:n], where); s.kind == plain {
		s.rows = 1
	}
	return s, nil
}

func (s *source) folder(ctx context.Context) error {
	names, err := format.Files(s.path)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !strings.EqualFold(path.Ext(n), ".txt") {
			s.left++
			continue
		}
		s.names = append(s.names, n)
		if info, err := os.Stat(filepath.Join(s.path, filepath.FromSlash(n))); err == nil {
			s.size += info.Size()
		}
	}
	if len(s.names) == 0 {
		return &format.Error{File: s.path, Text: "this is a directory without .txt files", Mend: "name one with a text file for each note, or a file of JSON, NDJSON or CSV"}
	}
	s.rows = int64(len(s.names))
	return nil
}

// kindOf tells a file by its first character, and CSV by its name.
func kindOf(head []byte, name string) kind {
	name = strings.ToLower(name)
	if strings.HasSuffix(name, ".txt") {
		return plain
	}
	switch first := bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n"); {
	case bytes.HasPrefix(first, []byte("{")):
		return lines
	case bytes.HasPrefix(first, []byte("[")) && !strings.HasSuffix(name, ".csv"):
		return array
	case strings.HasSuffix(name, ".csv"), strings.HasSuffix(name, ".tsv"):
		return cells
	}
	return plain
}

// owner says whose a text file is: format.Owner, without a date and what is behind it.
func owner(name string) string {
	return regexp.MustCompile(`^(.+?)[ ._-]+\d{4}-\d{2}-\d{2}([ ._-].*)?$`).ReplaceAllString(format.Owner(name), "$1")
}

// dateOf is the date in a file's name, "" where there is none.
func dateOf(name string) string {
	for _, m := range regexp.MustCompile(`(?:^|\D)(\d{4}-\d{2}-\d{2})(?:\D|$)`).FindAllStringSubmatch(path.Base(name), -1) {
		if _, err := time.Parse(time.DateOnly, m[1]); err == nil {
			return m[1]
		}
	}
	return ""
}

// lookFiles is how many text files Describe looks at.
const lookFiles = 20

// look finds how the source is encoded, from a part of it.
func (s *source) look(ctx context.Context, o format.Options, encoding string) (found format.Options, notes []string, err error) {
	r := &reader{ctx: ctx, source: s, options: o, encoding: encoding, encodings: map[string]int{}}
	defer r.Close()
	for range lookFiles {
		if _, err := r.next(); err == io.EOF {
			break
		} else if err != nil {
			return found, nil, err
		}
	}
	names := slices.Sorted(maps.Keys(r.encodings))
	if len(names) == 1 {
		found.Encoding = names[0]
	}
	found.Delimiter = r.delimiter
	if s.names != nil {
		notes = append(notes, fmt.Sprintf("%d text files", len(s.names)))
	}
	if s.left > 0 {
		notes = append(notes, fmt.Sprintf("%d other files are left out", s.left))
	}
	if encoding == "" {
		notes = append(notes, "the encoding is "+strings.Join(names, " and "))
	}
	return found, append(notes, r.said...), nil
}
