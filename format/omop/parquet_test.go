package omop_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/format/omop"
)

// parquetCopy writes every table of a folder as Parquet, with dates and times of
// their own types, and PERSON in two parts.
func parquetCopy(t *testing.T, f omop.Format, from string) string {
	dir := t.TempDir()
	for table, columns := range everything(t, f, from) {
		name, raw := strings.CutPrefix(table, omop.Raw)
		if !raw {
			continue
		}
		d, err := f.Describe(t.Context(), from, format.Options{Table: table})
		if err != nil {
			t.Fatal(err)
		}
		b, err := formattest.ReadAll(t.Context(), f, from, format.Options{Table: table, Columns: columns})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, strings.ToUpper(name)+".parquet")
		if name == "person" {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
			writeParquet(t, filepath.Join(path, "part-0.snappy.parquet"), d.Columns, b, 0, b.Rows/2)
			writeParquet(t, filepath.Join(path, "part-1.snappy.parquet"), d.Columns, b, b.Rows/2, b.Rows)
			if err := os.WriteFile(filepath.Join(path, "_SUCCESS"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		writeParquet(t, path, d.Columns, b, 0, b.Rows)
	}
	return dir
}

func writeParquet(t *testing.T, path string, columns []format.Column, b format.Batch, from, to int) {
	group := pq.Group{}
	for _, c := range columns {
		var node pq.Node
		switch {
		case c.Kind == format.Int:
			node = pq.Int(64)
		case c.Kind == format.Float:
			node = pq.Leaf(pq.DoubleType)
		case strings.HasSuffix(c.Name, "_date"):
			node = pq.Date()
		case strings.HasSuffix(c.Name, "_datetime"):
			node = pq.Timestamp(pq.Microsecond)
		default:
			node = pq.String()
		}
		group[c.Name] = pq.Optional(node)
	}
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := pq.NewWriter(out, pq.NewSchema("table", group))
	order := slices.Sorted(maps.Keys(group)) // as a group has them
	rows := make([]pq.Row, to-from)
	for k, c := range columns {
		at := slices.Index(order, c.Name)
		for i := range rows {
			if rows[i] == nil {
				rows[i] = make(pq.Row, len(columns))
			}
			rows[i][at] = parquetValue(t, c, b.Columns[k], from+i, at)
		}
	}
	if _, err := w.WriteRows(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

func parquetValue(t *testing.T, c format.Column, v format.Values, i, at int) pq.Value {
	if v.Missing(i) {
		return pq.NullValue().Level(0, 0, at)
	}
	seconds := func() int64 {
		s, ok := format.ParseTime(v.Text[i], format.ISODate)
		if !ok {
			t.Fatalf("%s: no date", c.Name)
		}
		return s
	}
	var out pq.Value
	switch {
	case c.Kind == format.Int:
		out = pq.Int64Value(v.Int[i])
	case c.Kind == format.Float:
		out = pq.DoubleValue(v.Float[i])
	case strings.HasSuffix(c.Name, "_date"):
		out = pq.Int32Value(int32(seconds() / 86400))
	case strings.HasSuffix(c.Name, "_datetime"):
		out = pq.Int64Value(seconds() * 1e6)
	default:
		out = pq.ByteArrayValue([]byte(v.Text[i]))
	}
	return out.Level(0, 1, at)
}

// The same tables in Parquet hold the same, sizes included, which Parquet tells.
func TestParquetEqualsCSV(t *testing.T) {
	for _, name := range []string{"synthea27nj", "gibleed"} {
		if testing.Short() && name == "gibleed" {
			return
		}
		from, f := shared(t, "omop/"+name), reading()
		to := parquetCopy(t, f, from)
		want := everything(t, f, from)
		a, _, err := read(t, f, from, format.Options{}, want)
		if err != nil {
			t.Fatal(err)
		}
		b, _, err := read(t, f, to, format.Options{}, want)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, b, a)
		tables, err := f.Tables(t.Context(), to, format.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range tables {
			if x.Rows != int64(len(a[x.Name])) {
				t.Errorf("%s: %d rows are told, want %s", x.Name, x.Rows, strconv.Itoa(len(a[x.Name])))
			}
		}
	}
}
