//go:build unix

package omop_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/omop"
	"hmsp.center/hmsp/format/omop/omoptest"
)

// with changes a setting of an address; an empty value leaves it out.
func with(t testing.TB, address, name, value string) string {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Set(name, value); value == "" {
		q.Del(name)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// What is read of a database is what is read of the files that it was loaded from.
func TestDatabaseEqualsFolder(t *testing.T) {
	address := omoptest.Start(t)
	for _, name := range []string{"synthea27nj", "gibleed"} {
		if testing.Short() && name == "gibleed" {
			return
		}
		t.Run(name, func(t *testing.T) {
			path, f := shared(t, "omop/"+name), reading()
			db := with(t, address, "schema", name)
			omoptest.Load(t, db, path)
			want := everything(t, f, path)
			if got := everything(t, f, db); !maps.EqualFunc(got, want, slices.Equal[[]string]) {
				t.Errorf("tables and columns %v\nwant %v", got, want)
			}
			files, said, err := read(t, f, path, format.Options{}, want)
			if err != nil {
				t.Fatal(err)
			}
			rows, notes, err := read(t, f, db, format.Options{}, want)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(said, notes) {
				t.Errorf("notes %q, want %q", notes, said)
			}
			equal(t, sorted(rows), sorted(files))
			if name == "gibleed" {
				descendants(t, f, path, db)
			}
		})
	}
}

func descendants(t *testing.T, f omop.Format, paths ...string) {
	t.Helper()
	for _, path := range paths {
		d, err := f.Descendants(t.Context(), path, format.Options{}, []int64{1118084, 21603933, 12})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(d[12], []int64{12}) || !slices.Contains(d[1118084], 1118084) || !slices.IsSorted(d[1118084]) || len(d[21603933]) != 7 {
			t.Errorf("%s: descendants %v", path, d)
		}
	}
}

// Tables are of one moment, however long the reading takes.
func TestOneSnapshot(t *testing.T) {
	address := omoptest.Start(t)
	omoptest.Load(t, address, shared(t, "omop/synthea27nj"))
	r, err := reading().OpenTables(t.Context(), address, format.Options{BatchRows: 10}, map[string][]string{
		format.PersonTable: {format.Patient}, format.VisitTable: {format.ID}, "cdm.death": {"person_id"}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rows := map[string]int{}
	for first := true; ; first = false {
		table, b, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		rows[table] += b.Rows
		if first {
			omoptest.Exec(t, address, `DELETE FROM cdm.visit_occurrence; DELETE FROM cdm.death`)
		}
	}
	if rows[format.PersonTable] != 28 || rows[format.VisitTable] != 1791 || rows["cdm.death"] != 3 {
		t.Errorf("rows %v", rows)
	}
}

// Nothing can be written through the connection, and what lies in other schemas
// changes no meaning.
func TestReadOnly(t *testing.T) {
	address := omoptest.Start(t)
	a, err := omop.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := a.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer omop.Disconnect(conn)
	_, err = conn.Exec(t.Context(), "CREATE TABLE public.x (a int)").ReadAll()
	if err := omop.Plain(t.Context(), address, err); err == nil || !strings.Contains(err.Error(), "SQLSTATE 25006") {
		t.Errorf("writing: %v", err)
	}
}

// The context ends a reading in the middle, a second Close does nothing, and the
// server is left without sessions.
func TestCancel(t *testing.T) {
	address := omoptest.Start(t)
	omoptest.Exec(t, address, `CREATE SCHEMA cdm;
		CREATE TABLE cdm.person AS SELECT i AS person_id, 8507 AS gender_concept_id, 1980 AS year_of_birth FROM generate_series(1, 300000) i`)
	for _, cancelled := range []bool{true, false} {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := reading().OpenTables(ctx, address, format.Options{BatchRows: 1}, map[string][]string{format.PersonTable: {format.Patient}})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if cancelled {
			cancel()
			if _, _, err := r.Next(); !errors.Is(err, context.Canceled) {
				t.Errorf("Next after the context ended: %v", err)
			}
		}
		for range 2 {
			if err := r.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		if _, _, err := r.Next(); err == nil {
			t.Error("Next after Close gives a batch")
		}
		cancel()
	}
	slow, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := reading().OpenTables(slow, address, format.Options{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("opening with an ended context: %v", err)
	}
}
