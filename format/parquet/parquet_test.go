package parquet

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
)

type person struct {
	ID      int64     `parquet:"id"`
	Age     *int32    `parquet:"age,optional"`
	Weight  float64   `parquet:"weight"`
	Height  *float32  `parquet:"height,optional"`
	Sex     *string   `parquet:"sex,optional,dict"`
	Smoker  *bool     `parquet:"smoker,optional"`
	Small   uint32    `parquet:"small"`
	Price   int64     `parquet:"price,decimal(2:12)"`
	Born    int32     `parquet:"born,date"`
	Seen    time.Time `parquet:"seen,timestamp(millisecond)"`
	Note    string    `parquet:"note,zstd"`
	Visits  []int32   `parquet:"visits,list"`
	Address struct {
		City string `parquet:"city"`
	} `parquet:"address"`
}

func people(n int) []person {
	out := make([]person, n)
	for i := range out {
		p := &out[i]
		p.ID, p.Weight, p.Small, p.Price, p.Born = int64(i), float64(i)/8, uint32(math.MaxUint32-i), int64(-i), int32(i)
		p.Seen = time.UnixMilli(int64(i) * 1001).UTC()
		p.Note, p.Visits = fmt.Sprintf("note %d", i), []int32{1}
		if i%3 > 0 {
			age, sex, smoker, height := int32(i%90), []string{"m", " f ", "NA"}[i%3], i%2 == 0, float32(i)/4
			p.Age, p.Sex, p.Smoker, p.Height = &age, &sex, &smoker, &height
		}
		if i%7 == 0 {
			p.Weight = math.NaN()
		}
	}
	return out
}

func file[T any](t testing.TB, name string, rows []T, groups int, o ...parquet.WriterOption) string {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, o...)
	for i := range groups {
		if _, err := w.Write(rows[i*len(rows)/groups : (i+1)*len(rows)/groups]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func columns() []format.Column {
	col := func(name string, k format.Kind) format.Column { return format.Column{Name: name, Kind: k} }
	at := func(name string) format.Column {
		return format.Column{Name: name, Kind: format.Text, Time: format.ISODate}
	}
	return []format.Column{
		{Name: "address", Kind: format.Unknown, Why: "a structure of values"},
		col("age", format.Int), at("born"), col("height", format.Float), col("id", format.Int), col("note", format.Text),
		col("price", format.Float), at("seen"), col("sex", format.Text), col("small", format.Int), col("smoker", format.Bool),
		{Name: "visits", Kind: format.Unknown, Why: "a structure of values"}, col("weight", format.Float),
	}
}

// inOrder sorts want as the file has it: the writer may order fields.
func inOrder(t *testing.T, path string, want []format.Column) []format.Column {
	d, err := Format{}.Describe(t.Context(), path, format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out []format.Column
	for _, c := range d.Columns {
		for _, w := range want {
			if w.Name == c.Name {
				out = append(out, w)
			}
		}
	}
	return out
}

func TestConformance(t *testing.T) {
	plain := file(t, "plain.parquet", people(50), 1)
	pages := file(t, "pages.parquet", people(3000), 3, parquet.PageBufferSize(512))
	order := inOrder(t, plain, columns())
	whole, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	type notText struct {
		A string `parquet:"a"`
		B int32  `parquet:"b"`
	}
	bad, err := os.ReadFile(file(t, "bad.parquet", []notText{{"Erika", 1}, {"Erika\xff", 2}}, 1))
	if err != nil {
		t.Fatal(err)
	}
	long, err := os.ReadFile(file(t, "long.parquet", []notText{{"Erika Mustermann", 1}}, 1))
	if err != nil {
		t.Fatal(err)
	}
	formattest.Suite(t, Format{}, []formattest.Sample{
		{Path: plain, Columns: order, Rows: 50},
		{Path: pages, Columns: order, Rows: 3000},
		{Path: file(t, "none.parquet", people(0), 1), Columns: order, Rows: 0},
	}, []formattest.Broken{
		{Name: "csv.parquet", Data: []byte("a,b\n1,2\n"), Says: "no Parquet file"},
		{Name: "cut.parquet", Data: whole[:len(whole)/2], Says: "is damaged"},
		{Name: "magic.parquet", Data: []byte("PAR1PAR1"), Says: "is damaged"},
		{Name: "nested.parquet", Data: whole, Options: format.Options{Columns: []string{"address"}}, Says: `column "address": this column is a structure of values`},
		{Name: "all.parquet", Data: whole, Says: "a structure of values, which a table of people cannot hold; leave it out"},
		{Name: "latin.parquet", Data: bad, Says: `row 2, column "a": expected text in UTF-8`, Canary: "Erika"},
		{Name: "long.parquet", Data: long, Options: format.Options{MaxBytes: 8}, Says: "memory limit", Canary: "Erika"},
	})
}

// Values of each type, nulls and NaN.
func TestValues(t *testing.T) {
	path := file(t, "x.parquet", people(5), 2)
	o := format.Options{Columns: []string{"id", "age", "weight", "height", "sex", "smoker", "small", "price", "born", "seen"}}
	b, err := formattest.ReadAll(t.Context(), Format{}, path, o)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, v := range b.Columns {
		vs := []string{}
		for r := range b.Rows {
			var s string
			switch {
			case v.Missing(r):
				s = "?"
			case v.Text != nil:
				s = v.Text[r]
			case v.Float != nil:
				s = fmt.Sprint(v.Float[r])
			case v.Int != nil:
				s = fmt.Sprint(v.Int[r])
			default:
				s = fmt.Sprint(v.Bool[r])
			}
			vs = append(vs, s)
		}
		got = append(got, o.Columns[i]+" "+strings.Join(vs, " "))
	}
	want := []string{
		"id 0 1 2 3 4", "age ? 1 2 ? 4", "weight ? 0.125 0.25 0.375 0.5", "height ? 0.25 0.5 ? 1", "sex ? f ? ? f", "smoker ? false true ? true",
		"small 4294967295 4294967294 4294967293 4294967292 4294967291", "price 0 -0.01 -0.02 -0.03 -0.04",
		"born 1970-01-01 1970-01-02 1970-01-03 1970-01-04 1970-01-05",
		"seen 1970-01-01T00:00:00Z 1970-01-01T00:00:01.001Z 1970-01-01T00:00:02.002Z 1970-01-01T00:00:03.003Z 1970-01-01T00:00:04.004Z",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Timestamps of each unit, with and without UTC, of older writers, and out of the
// calendar; each is wall-clock text that ParseTime reads.
func TestTimes(t *testing.T) {
	type times struct {
		Milli  int64            `parquet:"a,timestamp(millisecond:local)"`
		Micro  int64            `parquet:"b,timestamp(microsecond:utc)"`
		Nano   int64            `parquet:"c,timestamp(nanosecond:local)"`
		Older  deprecated.Int96 `parquet:"d"`
		Date   int32            `parquet:"e,date"`
		Beyond int64            `parquet:"f,timestamp(millisecond:local)"`
	}
	path := file(t, "x.parquet", []times{{-1, -1, -1, deprecated.Int96{uint32(12*3600*1e9 - 4294967296*10058), 10058, 2440587}, -25567, 253402300800000}}, 1)
	d, err := Format{}.Describe(t.Context(), path, format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := formattest.ReadAll(t.Context(), Format{}, path, format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"1969-12-31T23:59:59.999", "1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999999", "1969-12-31T12:00:00", "1900-01-01", "10000-01-01T00:00:00"}
	for i, v := range b.Columns {
		at, ok := format.ParseTime(v.Text[0], d.Columns[i].Time)
		if v.Text[0] != want[i] || d.Columns[i].Time != format.ISODate || ok != (i < 5) || i == 3 && at != -43200 {
			t.Errorf("column %s: %q, %d, %v; want %q", d.Columns[i].Name, v.Text[0], at, ok, want[i])
		}
	}
}

// Progress grows with the rows to the size of the file.
func TestProgress(t *testing.T) {
	path := file(t, "x.parquet", people(1000), 2)
	r, err := Format{}.Open(t.Context(), path, format.Options{Columns: []string{"id"}, BatchRows: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(11) {
		if read, of := r.(format.Progress).Progress(); of != info.Size() || read != of*i/10 {
			t.Errorf("%d of %d after %d batches, want %d of %d", read, of, i, info.Size()*i/10, info.Size())
		}
		_, err = r.Next()
	}
	if err != io.EOF {
		t.Error(err)
	}
}

// The memory of a batch follows the limit: wide rows make short batches.
func TestMemoryLimit(t *testing.T) {
	type wide struct {
		A string `parquet:"a"`
	}
	rows := make([]wide, 200)
	for i := range rows {
		rows[i].A = fmt.Sprintf("%04d%s", i, strings.Repeat("x", 1000))
	}
	r, err := Format{}.Open(t.Context(), file(t, "x.parquet", rows, 4), format.Options{MaxBytes: 20000})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	total := 0
	for {
		b, err := r.Next()
		if err != nil {
			break
		}
		total += b.Rows
		if b.Rows > 20 {
			t.Fatalf("a batch of %d rows of 1000 bytes under a limit of 20000", b.Rows)
		}
	}
	if total != 200 {
		t.Errorf("%d rows, want 200", total)
	}
}

// Whatever bytes come, they are read or refused; the decoder's panics stay inside.
func FuzzParquet(f *testing.F) {
	for _, path := range []string{file(f, "a.parquet", people(3), 1), file(f, "b.parquet", people(9), 2, parquet.PageBufferSize(64))} {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x.parquet")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := Format{}.Describe(t.Context(), path, format.Options{})
		if err == nil {
			o := format.Options{Columns: []string{}, MaxBytes: 1 << 20}
			for _, c := range d.Columns {
				if c.Kind != format.Unknown {
					o.Columns = append(o.Columns, c.Name)
				}
			}
			_, err = formattest.ReadAll(t.Context(), Format{}, path, o)
		}
		if err != nil && !strings.HasPrefix(err.Error(), path) {
			t.Fatalf("an error without the file's name: %v", err)
		}
	})
}
