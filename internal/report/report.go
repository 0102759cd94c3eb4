// Package report writes how a study ended: for programs as result.json and
// receipt.json, for statisticians as one CSV per table, for papers as figures in
// SVG, for the terminal as aligned tables, and for the data protection officer
// as the receipt in plain words. It computes nothing; it only says.
package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"regexp"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/plot"
	"hmsp.center/hmsp/receipt"
)

// JSON writes the outcome as result.json holds it: indented, one line feed at
// the end.
func JSON(w io.Writer, o receipt.Outcome) error {
	b, err := indent(o)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

func indent(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode the result: %w", err)
	}
	return b.Bytes(), nil
}

// CSV writes a table as RFC 4180 with LF-free cells quoted where they must be,
// CRLF after each record, NA for a missing value, and for each number the
// shortest digits that give it back.
func CSV(w io.Writer, t analysis.Table) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	row := make([]string, len(t.Columns))
	for k, col := range t.Columns {
		if col.Len() != t.Rows() {
			return fmt.Errorf("table %q: column %q has %d values, the first has %d", t.Name, col.Name, col.Len(), t.Rows())
		}
		row[k] = col.Name
	}
	if err := c.Write(row); err != nil {
		return fmt.Errorf("table %q: %w", t.Name, err)
	}
	for i := range t.Rows() {
		for k, col := range t.Columns {
			row[k] = col.Cell(i)
		}
		if err := c.Write(row); err != nil {
			return fmt.Errorf("table %q: %w", t.Name, err)
		}
	}
	c.Flush()
	return c.Error()
}

// A File is one file of a result folder.
type File struct {
	Path string // slash-separated, within the folder
	Data []byte
}

// filename is what a name from an outcome must look like to become a file's: an
// outcome comes over the network, and no name in it may leave the folder.
var filename = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}(\.[A-Za-z0-9_-]{1,32}){0,3}$`)

// Files lists what Write puts into a result folder.
func Files(o receipt.Outcome) ([]File, error) {
	b, err := indent(o)
	if err != nil {
		return nil, err
	}
	out := []File{{"result.json", b}}
	if o.Receipt != nil {
		if b, err = indent(o.Receipt); err != nil {
			return nil, err
		}
		out = append(out, File{"receipt.json", b})
	}
	for _, f := range o.Analyses {
		if f.Result == nil {
			continue
		}
		files, err := analysisFiles(f)
		if err != nil {
			return nil, fmt.Errorf("analysis %q: %w", f.Name, err)
		}
		out = append(out, files...)
	}
	seen := map[string]bool{}
	for _, f := range out {
		if seen[f.Path] {
			return nil, fmt.Errorf("two parts of the result have the name %s", f.Path)
		}
		seen[f.Path] = true
	}
	return out, nil
}

func analysisFiles(f receipt.Finding) ([]File, error) {
	if !filename.MatchString(f.Name) {
		return nil, fmt.Errorf("its name cannot be a folder's")
	}
	var out []File
	for _, t := range f.Result.Tables {
		if !filename.MatchString(t.Name) {
			return nil, fmt.Errorf("table %q: its name cannot be a file's", t.Name)
		}
		var b bytes.Buffer
		if err := CSV(&b, t); err != nil {
			return nil, err
		}
		out = append(out, File{f.Name + "/" + t.Name + ".csv", b.Bytes()})
	}
	for _, g := range f.Result.Figures {
		if !filename.MatchString(g.Name) {
			return nil, fmt.Errorf("figure %q: its name cannot be a file's", g.Name)
		}
		out = append(out, File{f.Name + "/" + g.Name + ".svg", plot.SVG(g, plot.Options{})})
	}
	return out, nil
}
