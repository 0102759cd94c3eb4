package picture

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
)

// A label is what the list says of a picture.
type label struct{ label, patient, time string }

// beside is the list beside a picture.
func beside(file string) []string {
	at := filepath.Join(filepath.Dir(file), list)
	if info, err := os.Stat(at); err == nil && info.Mode().IsRegular() {
		return []string{at}
	}
	return nil
}

// readLabels reads the list of a folder, or that beside a picture, by the names of
// pictures below it; nil where there is none.
func readLabels(root string, names []string) (map[string]label, error) {
	single := len(names) == 1 && names[0] == ""
	at := filepath.Join(root, list)
	switch {
	case single:
		lists := beside(root)
		if lists == nil {
			return nil, nil
		}
		at = lists[0]
	case !slices.Contains(names, list):
		return nil, nil
	}
	f, err := format.OpenFile(at)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l := &lines{Reader: csv.NewReader(f), path: at}
	out, err := l.read()
	if err != nil {
		return nil, err
	}
	if single { // of a list of others, too
		one, ok := out[filepath.Base(root)]
		if !ok {
			return map[string]label{}, nil
		}
		return map[string]label{"": one.label}, nil
	}
	there := map[string]bool{}
	for _, n := range names {
		there[n] = true
	}
	found := map[string]label{}
	for name, one := range out {
		if !there[name] {
			return nil, &format.Error{File: at, Line: one.line, Column: "file", Text: "the list names a picture that is not there", Mend: "copy the picture, or take the line out"}
		}
		found[name] = one.label
	}
	return found, nil
}

// lines reads the list.
type lines struct {
	*csv.Reader
	path string
}

// A listed is a label and its line.
type listed struct {
	label
	line int
}

func (l *lines) read() (map[string]listed, error) {
	head, err := l.Read()
	if err != nil {
		return nil, l.broken(err)
	}
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	at := map[string]int{"patient": -1, "time": -1}
	for i, name := range head {
		at[strings.ToLower(strings.TrimSpace(name))] = i
	}
	for _, name := range []string{"file", "label"} {
		if _, ok := at[name]; !ok {
			return nil, &format.Error{File: l.path, Line: 1, Column: name, Text: "the list has no such column", Mend: "name its columns file, label, patient, time; the last two may be left out"}
		}
	}
	out := map[string]listed{}
	for {
		record, err := l.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, l.broken(err)
		}
		line, _ := l.FieldPos(0)
		cell := func(name string) string {
			if i := at[name]; i >= 0 {
				return strings.TrimSpace(record[i])
			}
			return ""
		}
		name := path.Clean(strings.ReplaceAll(cell("file"), `\`, "/"))
		if _, twice := out[name]; twice || cell("file") == "" {
			return nil, &format.Error{File: l.path, Line: line, Column: "file", Text: "the name of the picture is missing or stands twice", Mend: "give each picture one line"}
		}
		out[name] = listed{label{cell("label"), cell("patient"), cell("time")}, line}
	}
}

func (l *lines) broken(err error) error {
	var p *csv.ParseError
	line := 1
	if errors.As(err, &p) {
		line = p.Line
	}
	return &format.Error{File: l.path, Line: line, Text: "the list is not comma-separated text with the same columns in each line", Mend: "save it as CSV again"}
}
