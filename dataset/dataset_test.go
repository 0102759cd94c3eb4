package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	goparquet "github.com/parquet-go/parquet-go"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/csv"
	"hmsp.center/hmsp/format/parquet"
	"hmsp.center/hmsp/table"
)

func loader() Loader { return Loader{Formats: []format.Format{csv.Format{}, parquet.Format{}}} }

func write(t testing.TB, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func dictionary() table.Schema {
	return table.Schema{
		{Name: "age", Kind: table.Integer, Unit: "a", Min: 0, Max: 120},
		{Name: "glucose", Kind: table.Number, Unit: "mmol/L", Min: 0, Max: 50},
		{Name: "smoker", Kind: table.Flag},
		{Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "male"}, {Code: "female"}}},
		{Name: "stage", Kind: table.Category, Levels: []table.Level{{Code: "0"}, {Code: "1"}, {Code: "2"}}},
	}
}

const mapped = `hmsp: dataset/v1
name: clinic
path: data.csv
patient: PID
options:
  delimiter: ";"
  decimal: ","
mapping:
  age: {column: AGE, missing: ["-9"]}
  glucose: {column: GLUC, unit: mg/dL, scale: 0.0555, out_of_range: missing}
  smoker: {column: SMOKE, codes: {"1": "true", "2": "false"}}
  sex: {codes: {"1": male, "2": female}, missing: [u]}
`

func TestReadAndLoad(t *testing.T) {
	dir := t.TempDir()
	where := filepath.Join(dir, "clinic.yaml")
	if err := os.WriteFile(where, []byte(mapped), 0o600); err != nil {
		t.Fatal(err)
	}
	data := "PID;AGE;GLUC;SMOKE;sex;stage\np1;40;100,5;1;1;1.0\np2;-9;9999;2;2;0\np1;41;;;u;NA\np3;NA;90;2; 1 ;2\n"
	if err := os.WriteFile(filepath.Join(dir, "data.csv"), []byte(strings.ReplaceAll(data, "1.0", "1,0")), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := ReadFile(where)
	if err != nil {
		t.Fatal(err)
	}
	p, err := loader().Check(t.Context(), d, dictionary())
	if err != nil || len(p.Problems) > 0 || p.Fits(d) != nil {
		t.Fatalf("%v %v", p.Problems, err)
	}
	if p.Rows != 4 || p.People != 3 || p.Variables[0].Missing != 2 || p.Variables[1].OutOfRange != 1 || p.Variables[1].Completeness != 0.5 {
		t.Errorf("profile %+v", p)
	}
	tab, err := loader().Load(t.Context(), d, dictionary())
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	want := []table.Column{
		{Numbers: []float64{40, nan, 41, nan}},
		{Numbers: []float64{float64(100.5 * 0.0555), nan, nan, float64(90 * 0.0555)}},
		{Numbers: []float64{1, 0, nan, 0}},
		{Codes: []int32{0, 1, -1, 0}},
		{Codes: []int32{1, 0, -1, 2}},
	}
	if got := fmt.Sprint(tab.Columns); got != fmt.Sprint(want) {
		t.Errorf("columns\n got %v\nwant %v", got, fmt.Sprint(want))
	}
	if !reflect.DeepEqual(tab.Patients, []int32{0, 1, 0, 2}) || tab.People() != 3 {
		t.Errorf("patients %v", tab.Patients)
	}
	some, err := dictionary().Select("stage", "age")
	if err != nil {
		t.Fatal(err)
	}
	two, err := loader().Load(t.Context(), d, some)
	if err != nil || len(two.Columns) != 2 || fmt.Sprint(two.Numbers("age")) != fmt.Sprint(want[0].Numbers) {
		t.Errorf("two columns: %v, %v", two.Columns, err)
	}
}

// Values of every kind, and what they become with no mapping.
func TestKinds(t *testing.T) {
	for _, c := range []struct {
		variable table.Variable
		source   Source
		cell     string
		want     string // a number, "?" for missing, or the problem
	}{
		{dictionary()[0], Source{}, "63.0", "63"},
		{dictionary()[0], Source{}, "6.3e1", "63"},
		{dictionary()[0], Source{}, "63.5", "not a whole number"},
		{dictionary()[0], Source{}, "old", "not a whole number"},
		{dictionary()[0], Source{}, "0x10", "not a whole number"},
		{dictionary()[0], Source{}, "121", "outside the declared range 0..120"},
		{dictionary()[0], Source{}, "-1", "outside"},
		{dictionary()[0], Source{OutOfRange: "missing"}, "121", "?"},
		{dictionary()[0], Source{Missing: []string{"999", "unknown"}}, "999.0", "?"},
		{dictionary()[0], Source{Missing: []string{"999", "unknown"}}, "unknown", "?"},
		{dictionary()[0], Source{}, "NaN", "?"},
		{dictionary()[0], Source{}, "Inf", "not a whole number"},
		{dictionary()[1], Source{}, "1e999", "not a number"},
		{dictionary()[1], Source{Offset: -1}, "3", "2"},
		{dictionary()[2], Source{}, "TRUE", "1"},
		{dictionary()[2], Source{}, "no", "0"},
		{dictionary()[2], Source{}, "1.0", "1"},
		{dictionary()[2], Source{}, "2", "not 1 or 0, true or false, yes or no"},
		{dictionary()[2], Source{Codes: map[string]string{"ja": "yes", "nein": "no"}}, "ja", "1"},
		{dictionary()[2], Source{Codes: map[string]string{"ja": "yes", "nein": "no"}}, "1", "not among the levels"},
		{dictionary()[3], Source{}, "female", "1"},
		{dictionary()[3], Source{}, "Female", "not among the levels"},
		{dictionary()[3], Source{Codes: map[string]string{"2": "female"}}, "2.0", "1"},
		{dictionary()[3], Source{Codes: map[string]string{"2": "female"}}, "female", "not among the levels"},
		{dictionary()[4], Source{}, "1.0", "1"},
		{dictionary()[4], Source{}, "01", "1"},
		{dictionary()[4], Source{}, "3", "not among the levels"},
	} {
		d := File("x", write(t, "x.csv", "id,"+c.variable.Name+"\n1,"+c.cell+"\n"))
		d.Mapping = map[string]Source{c.variable.Name: c.source}
		tab, err := loader().Load(t.Context(), d, table.Schema{c.variable})
		got := ""
		switch {
		case err != nil:
			got = err.Error()
		case c.variable.Kind == table.Category:
			got = fmt.Sprint(tab.Columns[0].Codes[0])
		default:
			got = strings.ReplaceAll(fmt.Sprint(tab.Columns[0].Numbers[0]), "NaN", "?")
		}
		if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
			t.Errorf("%s %q: got %s, want %s", c.variable.Name, c.cell, got, c.want)
		}
		if err != nil && !strings.Contains(got, "1 row, first on line 2") {
			t.Errorf("%s %q: no count and line in %s", c.variable.Name, c.cell, got)
		}
	}
}

// Every problem of a file at once, each with count, line and mend, none with a value
// (issue 2: a column missing or of the wrong type).
func TestProblems(t *testing.T) {
	d := File("x", write(t, "x.csv", "id,age,glucose,smoker,sex,stages\np1,40,6,1,male,1\np2,Canary,600,1,male,1\n,Canary,601,maybe,Canary,1\n"))
	d.Patient = "id"
	d.Mapping = map[string]Source{
		"stage":   {Column: "stagee"},
		"height":  {Column: "age"},
		"glucose": {Unit: "mg/dL"},
		"sex":     {Codes: map[string]string{"male": "man", "x": "female"}},
		"age":     {Codes: map[string]string{"1": "2"}},
		"smoker":  {Scale: new(float64)},
	}
	p, err := loader().Check(t.Context(), d, dictionary())
	if err != nil {
		t.Fatal(err)
	}
	text := p.Fits(d).Error()
	for _, want := range []string{
		`variable "stage" (column "stagee"): the file has no column "stagee"; did you mean "stages"?`,
		`variable "height": the mapping names a variable that the dictionary lacks`,
		`variable "glucose": the file's unit mg/dL is not the dictionary's (mmol/L), and `,
		`variable "glucose": values outside the declared range 0..50 (2 rows, first on line 3); check the unit`,
		`variable "sex": codes maps "male" to "man", which is no level; use one of "male", "female"`,
		`variable "age": codes are for categories and flags`,
		`variable "age": values that are not a whole number (2 rows, first on line 3)`,
		`variable "smoker": scale and offset are for numbers`,
		`variable "smoker": values that are not 1 or 0, true or false, yes or no (1 row, first on line 4); map them with codes`,
		`a row does not say whose it is (1 row, first on line 4); fill column "id"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("missing: %s\nin:\n%s", want, text)
		}
	}
	if strings.Contains(text, "Canary") || strings.Contains(text, "600") || strings.Contains(fmt.Sprint(p), "Canary") {
		t.Errorf("a value is told:\n%s", text)
	}
	if p.Rows != 3 || p.People != 2 || !reflect.DeepEqual(p.Unused, []string{"stages"}) {
		t.Errorf("rows %d, people %d, unused %v", p.Rows, p.People, p.Unused)
	}
}

func TestLoadRefuses(t *testing.T) {
	good := write(t, "x.csv", "age,sex\n1,male\n2,male\n")
	patient := File("x", good)
	patient.Patient = "pid"
	for says, do := range map[string]func() (table.Table, error){
		`the source has no "glucose"`:  func() (table.Table, error) { return loader().Load(t.Context(), File("x", good), dictionary()[:2]) },
		`the file has no column "pid"`: func() (table.Table, error) { return loader().Load(t.Context(), patient, dictionary()[:1]) },
		"no variable is asked for":     func() (table.Table, error) { return loader().Load(t.Context(), File("x", good), nil) },
		"there is no such file":        func() (table.Table, error) { return loader().Load(t.Context(), File("x", good+"x"), dictionary()[:1]) },
		"more than 1 rows": func() (table.Table, error) {
			return Loader{Formats: loader().Formats, MaxRows: 1}.Load(t.Context(), File("x", good), dictionary()[:1])
		},
		"has columns and no rows": func() (table.Table, error) {
			return loader().Load(t.Context(), File("x", write(t, "y.csv", "age,sex\n")), dictionary()[:1])
		},
		`format "sas" is unknown; use csv, parqu`: func() (table.Table, error) {
			return loader().Load(t.Context(), Dataset{Path: good, Format: "sas"}, dictionary()[:1])
		},
		"the kind of this file cannot be told": func() (table.Table, error) {
			return loader().Load(t.Context(), File("x", write(t, "z.bin", "\x00\x01\x02")), dictionary()[:1])
		},
		":3: byte 1 of the line is not UTF-8": func() (table.Table, error) {
			return loader().Load(t.Context(), File("x", write(t, "l.csv", "age,b\n1,2\n\xff,3\n")), dictionary()[:1])
		},
	} {
		if _, err := do(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
	var r *Refused
	if _, err := loader().Load(t.Context(), patient, dictionary()[:1]); !errors.As(err, &r) || len(r.Problems) != 1 {
		t.Errorf("got %T, want *Refused with one problem", err)
	}
}

// The file is held against its schema: place, expectation and mend.
func TestReadRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"hmsp: dataset/v1\nname: x\n":                                                         "path",
		"hmsp: dataset/v2\nname: x\npath: y\n":                                                "1:7",
		"hmsp: dataset/v1\nname: X\npath: y\n":                                                "2:7",
		"hmsp: dataset/v1\nname: x\npath: y\npatients: id\n":                                  `did you mean "patient"?`,
		"hmsp: dataset/v1\nname: x\npath: y\nmapping:\n  age: {colum: A}\n":                   `did you mean "column"?`,
		"hmsp: dataset/v1\nname: x\npath: y\nmapping:\n  age: {scale: 0}\n":                   "5:16: a scale of 0",
		"hmsp: dataset/v1\nname: x\npath: y\nmapping:\n  age: {unit: a, codes: {\"1\": b}}\n": "do not go together",
		"hmsp: dataset/v1\nname: x\npath: y\nmapping:\n  age: {out_of_range: drop}\n":         "missing",
		"hmsp: dataset/v1\nname: x\npath: y\noptions: {delimiter: \",\", decimal: \",\"}\n":   "at once",
		"hmsp: dataset/v1\nname: x\npath: y\noptions: {encoding: ebcdic}\n":                   "latin1",
		"hmsp: dataset/v1\nname: x\npath: y\ntables:\n  person: {file: ../z.csv}\n":           "outside",
		"hmsp: dataset/v1\nname: x\npath: y\ntables:\n  person: {file: /z.csv}\n":             "outside",
		"hmsp: dataset/v1\nname: x\npath: y\npool: ..\n":                                      "cannot be used",
		"hmsp: dataset/v1\nname: x\npath: y\npool: ../x\n":                                    "cannot be used",
	} {
		if _, err := Read("clinic.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "clinic.yaml") {
			t.Errorf("%s\ngot %v, want %q", text, err, says)
		}
	}
	d, err := Read("/etc/hmsp/clinic.yaml", []byte(mapped))
	if err != nil || d.Path != "/etc/hmsp/data.csv" || *d.Mapping["glucose"].Scale != 0.0555 || d.Mapping["sex"].Codes["1"] != "male" {
		t.Errorf("%+v, %v", d, err)
	}
}

// The published schema is the one that files are held against.
func TestPublishedSchema(t *testing.T) {
	published, err := os.ReadFile(filepath.Join(root(t), "docs", "schema", "dataset.json"))
	if err != nil || !bytes.Equal(published, JSONSchema()) {
		t.Errorf("docs/schema/dataset.json is not dataset/dataset.schema.json; copy it (%v)", err)
	}
}

func root(t testing.TB) string {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above this folder")
	return ""
}

func TestInfer(t *testing.T) {
	a := write(t, "a.csv", "id,age,dose,smoker,dead,sex,only,note,const,when\n1,40,1.5,1,true,f,1,x,7,1989-06-07\n2,,2,0,FALSE,m,2,y,7,1990-01-01\n")
	b := write(t, "b.csv", "id,age,dose,smoker,dead,sex,note,const,when\n1,39.0,,1,True,3,NaN,7,\n")
	s, ignored, err := loader().Infer(t.Context(), a, b)
	if err != nil {
		t.Fatal(err)
	}
	level := func(codes ...string) (out []table.Level) {
		for _, c := range codes {
			out = append(out, table.Level{Code: c})
		}
		return out
	}
	want := table.Schema{
		{Name: "id", Kind: table.Integer, Min: 1, Max: 2},
		{Name: "age", Kind: table.Integer, Min: 39, Max: 40},
		{Name: "dose", Kind: table.Number, Min: 1.5, Max: 2},
		{Name: "smoker", Kind: table.Integer, Min: 0, Max: 1},
		{Name: "dead", Kind: table.Flag},
		{Name: "sex", Kind: table.Category, Levels: level("3", "f", "m")},
		{Name: "note", Kind: table.Category, Levels: level("NaN", "x", "y")},
		{Name: "const", Kind: table.Integer, Min: 7, Max: 8},
		{Name: "when", Kind: table.Category, Levels: level("1989-06-07", "1990-01-01")},
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("schema\n got %+v\nwant %+v", s, want)
	}
	if len(ignored) != 1 || ignored[0].Column != "only" || !strings.Contains(ignored[0].Why, "1 of 2 files") {
		t.Errorf("ignored %v", ignored)
	}
	for _, path := range []string{a, b} {
		if _, err := loader().Load(t.Context(), File("x", path), s); err != nil {
			t.Errorf("%s does not load with the schema inferred from it: %v", path, err)
		}
	}
	var long strings.Builder
	long.WriteString("text,x\n")
	for i := range 1001 {
		fmt.Fprintf(&long, "t%d,\n", i)
	}
	if _, ignored, err := loader().Infer(t.Context(), write(t, "c.csv", long.String())); err == nil || len(ignored) != 2 {
		t.Errorf("1001 texts and an empty column: %v, %v", ignored, err)
	}
}

// Whatever a dataset file holds, it is read or refused with its name.
func FuzzRead(f *testing.F) {
	f.Add([]byte(mapped))
	f.Add([]byte("hmsp: dataset/v1\nname: x\npath: y\nmapping: {a: {scale: 1e400}}\n"))
	f.Add([]byte("hmsp: dataset/v1\nname: x\npath: y\nmapping: {a: }\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Read("clinic.yaml", data)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "clinic.yaml") {
				t.Fatalf("an error without the file's name: %v", err)
			}
			return
		}
		for name, s := range d.Mapping {
			if s.Scale != nil && (*s.Scale == 0 || math.IsInf(*s.Scale, 0) || math.IsNaN(*s.Scale)) || math.IsInf(s.Offset, 0) {
				t.Fatalf("mapping %q passes with scale %v, offset %v", name, s.Scale, s.Offset)
			}
		}
	})
}

// 100,000 rows of 20 variables from CSV: numbers, flags, categories.
func BenchmarkLoad(b *testing.B) {
	var schema table.Schema
	var text strings.Builder
	for c := range 20 {
		v := table.Variable{Name: fmt.Sprintf("v%d", c), Kind: table.Number, Min: -1e6, Max: 1e6}
		switch c % 5 {
		case 3:
			v = table.Variable{Name: v.Name, Kind: table.Flag}
		case 4:
			v = table.Variable{Name: v.Name, Kind: table.Category, Levels: dictionary()[3].Levels}
		}
		schema = append(schema, v)
		fmt.Fprintf(&text, "%s%c", v.Name, ",\n"[c/19])
	}
	for r := range 100000 {
		for c := range 20 {
			switch c % 5 {
			case 3:
				fmt.Fprintf(&text, "%d", r%2)
			case 4:
				text.WriteString([]string{"male", "female", "NA"}[r%3])
			default:
				fmt.Fprintf(&text, "%.3f", float64(r*(c+1)%9973)/7)
			}
			text.WriteByte(",\n"[c/19])
		}
	}
	d := File("x", write(b, "x.csv", text.String()))
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if _, err := loader().Load(b.Context(), d, schema); err != nil {
			b.Fatal(err)
		}
	}
}

// A patient has one name, and so one pseudonym, in whatever type a file has it: a number
// that a program made a fraction to hold a gap is the same number, and the gap is nobody.
func TestPatientsHaveOneName(t *testing.T) {
	type whole struct {
		Id int64   `parquet:"id"`
		X  float64 `parquet:"x"`
	}
	type fraction struct {
		Id float64 `parquet:"id"`
		X  float64 `parquet:"x"`
	}
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	write(os.WriteFile(path("text.csv"), []byte("id,x\n7,1\n1234567,2\n1000000,3\n"), 0o600))
	write(goparquet.WriteFile(path("whole.parquet"), []whole{{7, 1}, {1234567, 2}, {1000000, 3}}))
	write(goparquet.WriteFile(path("fraction.parquet"), []fraction{{7, 1}, {1234567, 2}, {1000000, 3}}))
	write(goparquet.WriteFile(path("gap.parquet"), []fraction{{7, 1}, {math.NaN(), 2}}))
	s := table.Schema{{Name: "x", Kind: table.Number, Max: 10}}
	names := func(file string) (out []string, err error) {
		l := loader()
		l.Pseudonym = func(name string) uint64 { out = append(out, name); return uint64(len(out)) }
		d := File("a", path(file))
		d.Patient = "id"
		_, err = l.Load(t.Context(), d, s)
		return out, err
	}
	for _, file := range []string{"text.csv", "whole.parquet", "fraction.parquet"} {
		if got, err := names(file); err != nil || !slices.Equal(got, []string{"7", "1234567", "1000000"}) {
			t.Errorf("%s: %q, %v", file, got, err)
		}
	}
	if got, err := names("gap.parquet"); err == nil || !strings.Contains(err.Error(), "whose it is") {
		t.Errorf("a row of nobody: %q, %v", got, err)
	}
}
