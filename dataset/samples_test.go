package dataset_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/csv"
	"hmsp.center/hmsp/table"
)

// scans is a format of images that do not say when they were taken: of each of a, b and c
// a measurement.
type scans struct{ format.Format }

func (scans) Name() string { return "scans" }
func (scans) Sniff(head []byte, _ string) int {
	return map[bool]int{true: 100}[strings.HasPrefix(string(head), "scans")]
}
func (scans) Tables(context.Context, string, format.Options) ([]format.TableInfo, error) {
	return []format.TableInfo{{Name: format.MeasurementTable, Rows: 3}}, nil
}
func (scans) Describe(context.Context, string, format.Options) (format.Description, error) {
	return format.Description{Columns: format.ClinicalColumns(format.MeasurementTable)}, nil
}
func (scans) OpenTables(_ context.Context, _ string, _ format.Options, want map[string][]string) (format.TablesReader, error) {
	return &scansReader{want: want[format.MeasurementTable]}, nil
}

type scansReader struct {
	want []string
	done bool
}

func (r *scansReader) Columns(string) []format.Column {
	var out []format.Column
	for _, n := range r.want {
		kind := format.Text
		if n == format.Value {
			kind = format.Float
		}
		out = append(out, format.Column{Name: n, Kind: kind})
	}
	return out
}

func (r *scansReader) Next() (string, format.Batch, error) {
	if r.done {
		return "", format.Batch{}, io.EOF
	}
	r.done = true
	b := format.Batch{Rows: 3, First: 1}
	for _, n := range r.want {
		switch n {
		case format.Patient:
			b.Columns = append(b.Columns, format.Values{Text: []string{"a", "b", "c"}})
		case format.Code:
			b.Columns = append(b.Columns, format.Values{Text: []string{"hmsp:x", "hmsp:x", "hmsp:x"}})
		case format.Value:
			b.Columns = append(b.Columns, format.Values{Float: []float64{1, 2, 3}})
		default:
			b.Columns = append(b.Columns, format.Values{Text: make([]string, 3), Null: []bool{true, true, true}})
		}
	}
	return format.MeasurementTable, b, nil
}

func (*scansReader) Close() error             { return nil }
func (*scansReader) Progress() (int64, int64) { return 0, 0 }

// Times of a list are read as the list writes them; one that is none is no time, and not
// the first of 1970.
func TestTimesOfSamples(t *testing.T) {
	for list, want := range map[string]string{
		"2020-01-31;2020-02-01;2020-02-02": "[2020-01-31 2020-02-01 2020-02-02]",
		"31.01.2020;01.02.2020;02.02.2020": "[2020-01-31 2020-02-01 2020-02-02]",
		"2020-01-31;soon;":                 "[2020-01-31 - -]",
	} {
		dir := t.TempDir()
		d := dataset.File("scans", filepath.Join(dir, "x.scans"))
		d.Samples = filepath.Join(dir, "list.csv")
		times := strings.Split(list, ";")
		for path, text := range map[string]string{d.Path: "scans", d.Samples: fmt.Sprintf("sample,patient,time\na,p1,%s\nb,p2,%s\nc,p3,%s\n", times[0], times[1], times[2])} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l := dataset.Loader{Formats: []format.Format{csv.Format{}, scans{}}}
		k, err := l.Keep(t.Context(), d, table.Schema{{Name: "x", Kind: table.Number, Max: 9, Code: "hmsp:x"}}, dataset.Build{Path: filepath.Join(dir, "pool")})
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		h, err := k.History(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		e, _ := h.Lookup("x")
		var got []string
		for _, at := range e.Times {
			day := "-"
			if at != table.NoTime {
				y, m, d := table.DateOf(at)
				day = fmt.Sprintf("%d-%02d-%02d", y, m, d)
			}
			got = append(got, day)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: got %v, want %s", list, got, want)
		}
	}
}
