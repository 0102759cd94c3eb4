package docs_test

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

// asParquet writes a table that a page shows as CSV as a Parquet file: a column of
// numbers holds numbers, one of days holds days, and any other texts.
func asParquet(t *testing.T, text string) []byte {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("a table for a Parquet file has a header and rows: %v", err)
	}
	number := func(s string) (any, bool) { x, err := strconv.ParseFloat(s, 64); return x, err == nil }
	day := func(s string) (any, bool) {
		d, err := time.Parse(time.DateOnly, s)
		return int32(d.Unix() / 86400), err == nil
	}
	same := func(s string) (any, bool) { return s, true }
	columns, reads := parquet.Group{}, map[string]func(string) (any, bool){}
	for c, name := range rows[0] {
		columns[name], reads[name] = parquet.String(), same
		if _, ok := number(rows[1][c]); ok {
			columns[name], reads[name] = parquet.Leaf(parquet.DoubleType), number
		} else if _, ok := day(rows[1][c]); ok {
			columns[name], reads[name] = parquet.Date(), day
		}
	}
	var out bytes.Buffer
	w := parquet.NewGenericWriter[map[string]any](&out, parquet.NewSchema("table", columns))
	for _, row := range rows[1:] {
		values := map[string]any{}
		for c, name := range rows[0] {
			x, ok := reads[name](row[c])
			if !ok {
				t.Fatalf("a value of %s is not like those above it", name)
			}
			values[name] = x
		}
		if _, err := w.Write([]map[string]any{values}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
