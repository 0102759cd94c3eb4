// Package biomtable decodes the Biological Observation Matrix, version 1.0 in JSON and
// 2.0 and 2.1 in HDF5 (https://biom-format.org/documentation/biom_format.html;
// McDonald et al. 2012, GigaScience 1:7), and encodes version 1.0.
//
// It serves the formats biom and qiime, which hold such a table each in its own wrapping.
// A table is held in memory, sample by sample, without its zeros. It refuses tables whose
// parts do not agree: other shapes, identifiers twice, values twice, and in HDF5 two
// copies of the matrix that differ.
package biomtable

import (
	"fmt"
	"io"
	"math"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/features"
)

// A Table is a matrix of observations (features) and samples.
type Table struct {
	Type       string          // "OTU table"
	Kind       features.Values // "" is to be told from the values
	Features   []features.Feature
	Samples    []string
	Attributes []string   // what else is known of each sample
	Known      [][]string // of each sample its attributes, "" where missing
	// Sample i has the values Values[Starts[i]:Starts[i+1]] of the features Places, which rise.
	Starts []int
	Places []int32
	Values []float64
}

// kind tells what the values are.
func (t *Table) kind() features.Values {
	if t.Kind != "" {
		return t.Kind
	}
	whole := true
	for _, x := range t.Values {
		if x < 0 || x != x {
			return features.Signal
		}
		whole = whole && x == math.Trunc(x)
	}
	if whole {
		return features.Counts
	}
	return features.Relative
}

// Matrix reads the table row by row, with notes of where it is from.
func (t *Table) Matrix(notes ...string) features.Matrix {
	return &matrix{table: t, notes: notes}
}

type matrix struct {
	table *Table
	notes []string
	next  int
}

func (m *matrix) Info() features.Info {
	list := m.table.Features
	if list == nil {
		list = []features.Feature{}
	}
	return features.Info{Values: m.table.kind(), Features: list, Attributes: m.table.Attributes, Rows: len(m.table.Samples), Notes: m.notes}
}

func (m *matrix) Next(r *features.Row) error {
	t := m.table
	if m.next == len(t.Samples) {
		return io.EOF
	}
	from, to := t.Starts[m.next], t.Starts[m.next+1]
	r.Sample, r.Places, r.Values = t.Samples[m.next], t.Places[from:to:to], t.Values[from:to:to]
	if r.Places == nil {
		r.Places = []int32{} // nil would say that no value is left out
	}
	r.Attributes = nil
	if t.Known != nil {
		r.Attributes = t.Known[m.next]
	}
	m.next++
	return nil
}

func (m *matrix) Close() error { return nil }

// refuse is an error about a table.
func refuse(path, text string, args ...any) error {
	return &format.Error{File: path, Text: fmt.Sprintf(text, args...), Mend: "export the table again"}
}

// check refuses names that are missing or twice.
func (t *Table) check(path string) error {
	if len(t.Samples) == 0 || len(t.Features) == 0 {
		return refuse(path, "the table has no sample or no observation")
	}
	seen := make(map[string]bool, len(t.Features))
	for i, f := range t.Features {
		if f.ID == "" || seen[f.ID] {
			return refuse(path, "the identifier of observation %d is missing or that of another too", i+1)
		}
		seen[f.ID] = true
	}
	clear(seen)
	for i, s := range t.Samples {
		if s == "" || seen[s] {
			return refuse(path, "the identifier of sample %d is missing or that of another too", i+1)
		}
		seen[s] = true
	}
	return nil
}

// fill sets the matrix from values in any order.
func (t *Table) fill(path string, features, samples []int32, values []float64) error {
	t.Starts = make([]int, len(t.Samples)+1)
	for _, s := range samples {
		t.Starts[s+1]++
	}
	for i := range t.Samples {
		t.Starts[i+1] += t.Starts[i]
	}
	t.Places, t.Values = make([]int32, len(values)), make([]float64, len(values))
	at := make([]int, len(t.Samples))
	copy(at, t.Starts)
	// Sorted by feature first, and then by sample in the same order.
	order := byFeature(features, len(t.Features))
	for _, k := range order {
		s := samples[k]
		if i := at[s]; i > t.Starts[s] && t.Places[i-1] == features[k] {
			return refuse(path, "the table has two values of one observation and sample")
		}
		t.Places[at[s]], t.Values[at[s]] = features[k], values[k]
		at[s]++
	}
	return nil
}

// byFeature is the order of entries by feature, as they come within one: a counting sort.
func byFeature(of []int32, n int) []int {
	starts := make([]int, n+1)
	for _, f := range of {
		starts[f+1]++
	}
	for i := range n {
		starts[i+1] += starts[i]
	}
	order := make([]int, len(of))
	for k, f := range of {
		order[starts[f]] = k
		starts[f]++
	}
	return order
}
