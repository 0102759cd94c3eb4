package parquet

import (
	"database/sql"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

// written is a Parquet file that DuckDB makes of a query, and DuckDB.
func written(t testing.TB, query, options string) (string, *sql.DB) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	path := filepath.Join(t.TempDir(), "x.parquet")
	if _, err := db.Exec(fmt.Sprintf("copy (%s) to '%s' (format parquet%s)", query, path, options)); err != nil {
		t.Fatal(err)
	}
	return path, db
}

const kinds = `select
	(date '1900-01-31' + (i * 37)::int)::date as born,
	make_timestamp(i * 1000001 * 86399 - 999999999999999) as wall,
	make_timestamp(i * 1000001 * 86399)::timestamp_s as wall_s,
	make_timestamp(i * 1000001 * 86399)::timestamp_ms as wall_ms,
	(make_timestamp(i * 1000001 * 86399)::timestamp_ns + interval 1 microsecond)::timestamp_ns as wall_ns,
	make_timestamptz(i * 1000001 * 86399) as instant,
	(i / 7.0 - 50)::decimal(4, 1) as d4, (i / 7.0 - 50)::decimal(9, 3) as d9, (i * 12345.678)::decimal(18, 6) as d18, (-i * 123456789.12345)::decimal(38, 10) as d38,
	(i %% 100)::tinyint as i8, (i %% 60000)::usmallint as u16, i::ubigint as u64, (i / 3)::float as f32,
	case i %% 5 when 0 then null when 1 then 'weiblich' when 2 then ' männlich ' when 3 then 'NA' else 'divers' end as sex,
	case when i %% 3 > 0 then date '2024-02-28' + (i %% 5)::int end as day,
	case when i %% 4 > 0 then i %% 4 = 1 end as yes,
	case when i %% 9 > 0 then (i %% 4)::double end as few,
	case when i < 900 then 'word' || (i %% 9) else repeat('x', 100) || hash(i) end as fallback,
	null::varchar as nothing
	from (select unnest(range(%d))::bigint as i)`

// What DuckDB writes is read as DuckDB reads it: dates, timestamps of all units with
// and without UTC, decimals of all widths, dictionaries with and without nulls.
func TestReadsDuckDB(t *testing.T) {
	for _, options := range []string{"", ", parquet_version v2", ", row_group_size 2048, compression zstd", ", dictionary_size_limit 1"} {
		path, db := written(t, fmt.Sprintf(kinds, 5000), options)
		d, err := Format{}.Describe(t.Context(), path, format.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := formattest.ReadAll(t.Context(), Format{}, path, format.Options{BatchRows: 777})
		if err != nil || got.Rows != 5000 {
			t.Fatalf("%s: %d rows, %v", options, got.Rows, err)
		}
		for i, c := range d.Columns {
			clock := strings.HasPrefix(c.Name, "wall") || c.Name == "instant" || c.Name == "born" || c.Name == "day"
			if clock != (c.Time == format.ISODate) {
				t.Errorf("column %s: time %q", c.Name, c.Time)
			}
			expression := map[format.Kind]string{format.Text: "trim(%s::varchar)", format.Float: "%s::double", format.Int: "%s::bigint", format.Bool: "%s"}[c.Kind]
			if clock && c.Name != "instant" {
				expression = "epoch_us(%s::timestamp)"
			} else if clock {
				expression = "epoch_us(%s)"
			}
			rows, err := db.Query(fmt.Sprintf("select nullif("+expression+"::varchar, 'NA') from '%s'", c.Name, path))
			if err != nil {
				t.Fatal(err)
			}
			for row := 0; rows.Next(); row++ {
				var want sql.NullString
				if err := rows.Scan(&want); err != nil {
					t.Fatal(err)
				}
				if same := equal(t, c, got.Columns[i], row, want); !same {
					t.Fatalf("%s: column %s, row %d: %v %v, want %v", options, c.Name, row, got.Columns[i].Missing(row), got.Columns[i].Text, want)
				}
			}
			rows.Close()
		}
	}
}

// equal holds a value against what DuckDB prints; times are held in whole seconds,
// and say with a Z that they are instants.
func equal(t *testing.T, c format.Column, v format.Values, row int, want sql.NullString) bool {
	if v.Missing(row) || !want.Valid {
		return v.Missing(row) && !want.Valid
	}
	switch {
	case c.Time != "":
		var micros int64
		if _, err := fmt.Sscan(want.String, &micros); err != nil {
			t.Fatal(err)
		}
		at, ok := format.ParseTime(v.Text[row], c.Time)
		return ok && at == (micros-((micros%1e6)+1e6)%1e6)/1e6 && strings.HasSuffix(v.Text[row], "Z") == (c.Name == "instant")
	case c.Kind == format.Float:
		var x float64
		_, err := fmt.Sscan(want.String, &x)
		return err == nil && x == v.Float[row]
	case c.Kind == format.Int:
		return fmt.Sprint(v.Int[row]) == want.String
	case c.Kind == format.Bool:
		return fmt.Sprint(v.Bool[row]) == want.String
	}
	return v.Text[row] == want.String
}

// A million rows of six columns as a hospital exports them: every value by this
// package, and a sum over every value by DuckDB.
func BenchmarkParquet(b *testing.B) {
	path, db := written(b, `select (i % 50000) as id, 'ward ' || (i % 40) as ward, case when i % 3 > 0 then 'loinc:' || (1000 + i % 900) end as code,
		make_timestamp(i * 60000000) as seen, (i % 977 / 10.0)::decimal(6, 1) as dose, sin(i) as value from (select unnest(range(1000000))::bigint as i)`, "")
	query := fmt.Sprintf(`select sum(id), sum(length(ward)), sum(length(code)), sum(length(seen::varchar)), sum(dose::double), sum(value) from '%s'`, path)
	for _, columns := range [][]string{nil, {"ward", "code"}, {"seen"}, {"id", "value"}, {"dose"}} {
		b.Run("hmsp "+strings.Join(columns, " "), func(b *testing.B) {
			for b.Loop() {
				r, err := Format{}.Open(b.Context(), path, format.Options{Columns: columns})
				if err != nil {
					b.Fatal(err)
				}
				for {
					if _, err := r.Next(); err == io.EOF {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
				r.Close()
			}
			b.ReportMetric(1e6*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("duckdb %d threads", threads), func(b *testing.B) {
			if _, err := db.Exec(fmt.Sprintf("set threads = %d", threads)); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				var out [6]any
				if err := db.QueryRow(query).Scan(&out[0], &out[1], &out[2], &out[3], &out[4], &out[5]); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(1e6*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}
