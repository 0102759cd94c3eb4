package vocabulary

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// An Error says what is wrong with a concept map, where, and how to mend it. Line
// counts from 1; Place is where in the JSON: "group[0].element[3]".
type Error struct {
	File  string
	Line  int
	Place string
	Text  string
	Mend  string
}

func (e *Error) Error() string {
	s := e.File
	if e.Line > 0 {
		s += fmt.Sprintf(":%d", e.Line)
	}
	if e.Place != "" {
		s += ", " + e.Place
	}
	s += ": " + e.Text
	if e.Mend != "" {
		s += "; " + e.Mend
	}
	return s
}

// largest is how long the file of a concept map may be, in bytes.
const largest = 256 << 20

// ReadConceptMapFile is ReadConceptMap of a file on disk.
func ReadConceptMapFile(path string) (*ConceptMap, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read concept map: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, largest+1))
	if err != nil {
		return nil, fmt.Errorf("read concept map: %w", err)
	}
	return ReadConceptMap(path, data)
}

// ReadConceptMap reads a ConceptMap of FHIR R4 (or R5) in JSON, or a table: text with
// comma, semicolon or tab between the columns source_system, source_code,
// target_system, target_code and relationship (or equivalence), in any order.
// Systems are URIs, OIDs or short names. File names it in errors, which are *Error.
//
// A target that depends on other elements, or has products, is not used, because
// what it depends on is not known where a code is looked up; neither is what
// group.unmapped says. Notes count them.
func ReadConceptMap(file string, data []byte) (*ConceptMap, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	b := &builder{file: file, said: map[[2]string]Relation{}, unused: map[Relation]int{}}
	switch text := bytes.TrimSpace(data); {
	case len(data) > largest:
		return nil, &Error{File: file, Text: "the file is too long for a concept map", Mend: "split it"}
	case len(text) == 0:
		return nil, &Error{File: file, Text: "the file is empty", Mend: "export it again"}
	case text[0] == '{':
		return b.readJSON(data)
	}
	return b.readCSV(data)
}

// fhirMap is what is read of a ConceptMap, of R4 and R5.
type fhirMap struct {
	ResourceType string `json:"resourceType"`
	URL          string `json:"url"`
	Name         string `json:"name"`
	Group        []struct {
		Source  string          `json:"source"`
		Target  string          `json:"target"`
		Element []fhirElement   `json:"element"`
		Else    json.RawMessage `json:"unmapped"`
	} `json:"group"`
}

type fhirElement struct {
	Code   string `json:"code"`
	NoMap  bool   `json:"noMap"`
	Target []struct {
		Code         string            `json:"code"`
		Equivalence  string            `json:"equivalence"`
		Relationship string            `json:"relationship"`
		DependsOn    []json.RawMessage `json:"dependsOn"`
		Product      []json.RawMessage `json:"product"`
	} `json:"target"`
}

func (b *builder) readJSON(data []byte) (*ConceptMap, error) {
	var m fhirMap
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, b.broken(data, err)
	}
	if m.ResourceType != "ConceptMap" {
		return nil, &Error{File: b.file, Place: "resourceType", Text: "this is not a ConceptMap of FHIR", Mend: "give the resource itself, not a bundle"}
	}
	conditional, unmapped := 0, 0
	for g, group := range m.Group {
		if len(group.Else) > 0 {
			unmapped++
		}
		for e, element := range group.Element {
			place := fmt.Sprintf("group[%d].element[%d]", g, e)
			if group.Source == "" || group.Target == "" && len(element.Target) > 0 {
				return nil, &Error{File: b.file, Place: fmt.Sprintf("group[%d]", g), Text: "the code system of source or target is missing", Mend: "give source and target of the group"}
			}
			if element.NoMap {
				b.unused[Unmatched]++
			}
			n, err := b.element(place, group.Source, group.Target, element)
			if err != nil {
				return nil, err
			}
			conditional += n
		}
	}
	if conditional > 0 {
		b.notes = append(b.notes, fmt.Sprintf("%d targets that depend on other elements are not used", conditional))
	}
	if unmapped > 0 {
		b.notes = append(b.notes, fmt.Sprintf("what %d groups say of codes that they do not list is not used", unmapped))
	}
	name := m.URL
	if name == "" {
		name = m.Name
	}
	return b.build(name), nil
}

// element adds the targets of one element and counts those that are conditional.
func (b *builder) element(place, from, to string, e fhirElement) (conditional int, err error) {
	for t, target := range e.Target {
		at := fmt.Sprintf("%s.target[%d]", place, t)
		problem := func(text, mend string) error { return &Error{File: b.file, Place: at, Text: text, Mend: mend} }
		name := target.Equivalence
		if name == "" {
			name = target.Relationship
		}
		r, ok := relation(name)
		if !ok {
			return 0, problem("the equivalence is missing or unknown", "use one of "+relations())
		}
		if len(target.DependsOn)+len(target.Product) > 0 {
			conditional++
			continue
		}
		if err := b.add(Token(from, e.Code), Token(to, target.Code), r, problem); err != nil {
			return 0, err
		}
	}
	return conditional, nil
}

// broken is the error of what is no JSON, or JSON of other types.
func (b *builder) broken(data []byte, err error) error {
	e := &Error{File: b.file, Text: "this is not valid JSON", Mend: "export the file again"}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		e.Line = lineAt(data, syntax.Offset)
	case errors.As(err, &kind):
		e.Line, e.Place = lineAt(data, kind.Offset), kind.Field
		e.Text, e.Mend = "a "+kind.Value+" stands here, which a ConceptMap does not have in this place", "see the definition of ConceptMap in FHIR R4"
	}
	return e
}

func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(max(offset, 0), int64(len(data)))], []byte("\n"))
}

func (b *builder) readCSV(data []byte) (*ConceptMap, error) {
	head, _, _ := bytes.Cut(data, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(data))
	r.ReuseRecord = true
	for _, c := range ";\t" {
		if bytes.Count(head, []byte(string(c))) >= 4 {
			r.Comma = c
		}
	}
	row, err := r.Read()
	if err != nil {
		return nil, b.csvError(err)
	}
	names := []string{"source_system", "source_code", "target_system", "target_code", "relationship"}
	at := make([]int, len(names))
	for i, name := range names {
		if at[i] = columnOf(row, name); at[i] < 0 {
			return nil, &Error{File: b.file, Line: 1, Text: fmt.Sprintf("there is no column %q", name), Mend: "the first line names the columns " + strings.Join(names, ", ")}
		}
	}
	for {
		row, err := r.Read()
		if err == io.EOF {
			return b.build(b.file), nil
		}
		if err != nil {
			return nil, b.csvError(err)
		}
		line, _ := r.FieldPos(0)
		problem := func(text, mend string) error { return &Error{File: b.file, Line: line, Text: text, Mend: mend} }
		rel, ok := relation(row[at[4]])
		if !ok {
			return nil, problem("the relationship is missing or unknown", "use one of "+relations())
		}
		from, to := strings.TrimSpace(row[at[0]]), strings.TrimSpace(row[at[2]])
		if from == "" || to == "" && rel != Unmatched {
			return nil, problem("the code system of source or target is missing", "give its URI or short name, as loinc")
		}
		if err := b.add(Token(from, row[at[1]]), Token(to, row[at[3]]), rel, problem); err != nil {
			return nil, err
		}
	}
}

// columnOf finds a column by its name, however it is spelled.
func columnOf(row []string, name string) int {
	for i, h := range row {
		h = strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(h)))
		if h == name || name == "relationship" && h == "equivalence" {
			return i
		}
	}
	return -1
}

func (b *builder) csvError(err error) error {
	e := &Error{File: b.file, Text: "this is neither JSON nor a table with commas, semicolons or tabs", Mend: "export the file again"}
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		e.Line = parse.Line
		if errors.Is(err, csv.ErrFieldCount) {
			e.Text, e.Mend = "the line has more or fewer columns than the first", "give every line as many"
		} else {
			e.Text, e.Mend = "a quotation mark is not closed or stands in the middle of a cell", "double it inside a quoted cell"
		}
	}
	return e
}
