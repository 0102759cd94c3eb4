package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/fhir"
	"hmsp.center/hmsp/simulate"
)

// A FHIRReport is what it costs to make a table of Observations: patient, time, code,
// status, unit and number of each.
type FHIRReport struct {
	Bytes, Rows int
	Ours        cost // this project's reader
	DuckDB      cost // read_ndjson, told the types
	JSON        cost // package encoding/json into structs, one line after the other
}

// values are what a reader found, to hold against what the others did.
type values struct {
	rows int
	sum  float64
}

func (v values) same(w values) bool {
	return v.rows == w.rows && math.Abs(v.sum-w.sum) <= 1e-9*math.Abs(v.sum)
}

// fhirLines measures FHIR's lines to a table; of each reader the best counts, of five
// times the repeats, as each takes less than a second. They take turns.
func fhirLines(ctx context.Context, c Config, folder string) (report, error) {
	path := filepath.Join(folder, "Observation.ndjson")
	r := FHIRReport{}
	var err error
	if r.Bytes, err = writeObservations(ctx, folder, path, int(c.Data.FHIR)); err != nil {
		return nil, err
	}
	duck, err := openDuckDB()
	if err != nil {
		return nil, err
	}
	defer duck.Close()
	for range 5 * c.Repeats {
		var ours, ducks, structs values
		for _, m := range []struct {
			best *cost
			got  *values
			read func() (values, error)
		}{
			{&r.Ours, &ours, func() (values, error) { return readFHIR(ctx, path) }},
			{&r.DuckDB, &ducks, func() (values, error) { return duck.observations(ctx, path) }},
			{&r.JSON, &structs, func() (values, error) { return unmarshal(path) }},
		} {
			took, err := timed(func() (err error) { *m.got, err = m.read(); return err })
			if err != nil {
				return nil, err
			}
			*m.best = m.best.better(took)
		}
		if !ours.same(ducks) || !ours.same(structs) {
			return nil, fmt.Errorf("the readers do not find the same: %v, DuckDB %v, encoding/json %v", ours, ducks, structs)
		}
		r.Rows = ours.rows
	}
	return r, nil
}

// writeObservations simulates people and writes their laboratory Observations, those
// with one number, again and again until the file has size bytes.
func writeObservations(ctx context.Context, folder, path string, size int) (int, error) {
	people := filepath.Join(folder, "people")
	if err := simulate.Write(ctx, simulate.Options{People: 60, Sites: []string{"bench"}, Formats: []string{"fhir"}}, people, nil); err != nil {
		return 0, err
	}
	text, err := os.ReadFile(filepath.Join(people, "bench", "fhir", "Observation.ndjson"))
	if err != nil {
		return 0, err
	}
	var lines bytes.Buffer
	for line := range bytes.Lines(text) {
		if bytes.Contains(line, []byte(`"valueQuantity"`)) && !bytes.Contains(line, []byte(`"component"`)) {
			lines.Write(line)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n := 0
	for ; n < size; n += lines.Len() {
		if _, err := f.Write(lines.Bytes()); err != nil {
			return 0, err
		}
	}
	return n, f.Close()
}

func readFHIR(ctx context.Context, path string) (v values, err error) {
	columns := []string{format.Patient, format.Time, format.Code, format.Status, format.Unit, format.Value}
	r, err := fhir.Format{}.Open(ctx, path, format.Options{Table: format.MeasurementTable, Columns: columns})
	if err != nil {
		return v, err
	}
	defer r.Close()
	for {
		b, err := r.Next()
		if err == io.EOF {
			return v, nil
		}
		if err != nil {
			return v, err
		}
		v.rows += b.Rows
		for i, x := range b.Columns[5].Float {
			if !b.Columns[5].Missing(i) {
				v.sum += x
			}
		}
	}
}

// observed is what is read of an Observation.
type observed struct {
	Subject struct{ Reference string }
	Code    struct {
		Coding []struct{ System, Code string }
	}
	Time   string `json:"effectiveDateTime"`
	Status string
	Value  struct {
		Value float64
		Code  string
	} `json:"valueQuantity"`
}

func unmarshal(path string) (v values, err error) {
	f, err := os.Open(path)
	if err != nil {
		return v, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var o observed
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return v, err
		}
		v.rows++
		v.sum += o.Value.Value
	}
	return v, lines.Err()
}

func (r FHIRReport) write(w io.Writer) error {
	g := newGrid(w, fmt.Sprintf("FHIR to table: %d Observations in %d MB of lines, six columns", r.Rows, r.Bytes/1e6))
	g.row("", "time", "processor", "MB/s", "MB for a second of processor")
	for _, m := range []struct {
		name string
		cost
	}{{"this reader", r.Ours}, {"DuckDB's read_ndjson", r.DuckDB}, {"encoding/json into structs, one core", r.JSON}} {
		g.row(m.name, seconds(m.Wall), seconds(m.Processor), fmt.Sprintf("%.0f", r.speed(m.Wall.Seconds())), fmt.Sprintf("%.0f", r.speed(m.Processor.Seconds())))
	}
	wall, cpu := r.DuckDB.Wall.Seconds()/r.Ours.Wall.Seconds(), r.DuckDB.Processor.Seconds()/r.Ours.Processor.Seconds()
	g.row("speed, DuckDB's is 1", fmt.Sprintf("%.2f", wall), fmt.Sprintf("%.2f", cpu), fmt.Sprintf("at least %.1f, %s", targetFHIR, met(targetFHIR, wall)))
	return g.Flush()
}

func (r FHIRReport) speed(seconds float64) float64 { return float64(r.Bytes) / 1e6 / seconds }
