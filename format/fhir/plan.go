package fhir

import (
	"maps"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/spelling"
)

// A plan says which resources make which rows.
type plan struct {
	names   []string // of the tables
	columns [][]format.Column
	sinks   map[string][]sink // by type of resource
}

// newPlan checks what is wanted of a source.
func newPlan(s *source, want map[string][]string) (*plan, error) {
	p := &plan{sinks: map[string][]sink{}}
	for _, table := range slices.Sorted(maps.Keys(want)) {
		standard, err := standard(s.path, table)
		if err != nil {
			return nil, err
		}
		columns, selectors, err := choose(s.path, table, standard, want[table])
		if err != nil {
			return nil, err
		}
		for _, kind := range resourceTypes() {
			m, ok := mapped(kind)
			switch {
			case kind == table:
				m = raw()
			case !ok || m.table != table:
				continue
			}
			p.sinks[kind] = append(p.sinks[kind], newSink(len(p.names), m, columns, selectors))
		}
		p.names, p.columns = append(p.names, table), append(p.columns, columns)
	}
	return p, nil
}

// standard is the columns that a table has without being asked.
func standard(path, table string) ([]format.Column, error) {
	if c := format.ClinicalColumns(table); c != nil {
		return c, nil
	}
	if slices.Contains(resourceTypes(), table) {
		return []format.Column{{Name: format.Patient, Kind: format.Text}, {Name: format.ID, Kind: format.Text}}, nil
	}
	if table == "" {
		return nil, &format.Error{File: path, Text: "FHIR holds several tables and none is named",
			Mend: "name one of " + strings.Join(format.ClinicalTables(), ", ") + ", or a type of resource"}
	}
	var all []format.TableInfo
	for _, n := range append(format.ClinicalTables(), resourceTypes()...) {
		all = append(all, format.TableInfo{Name: n})
	}
	return nil, format.NoTable(path, table, all)
}

// choose finds the columns by their names. What is no standard column is a
// selector; of a clinical table it must be more than a bare name, so that a
// misspelled column is told.
func choose(path, table string, standard []format.Column, names []string) (columns []format.Column, selectors []selector, err error) {
	if names == nil {
		return standard, make([]selector, len(standard)), nil
	}
	known := make([]string, len(standard))
	for i, c := range standard {
		known[i] = c.Name
	}
	for _, n := range names {
		c, s := format.Column{Name: n, Kind: format.Text}, selector(nil)
		if i := slices.Index(known, n); i >= 0 {
			c = standard[i]
		} else if !strings.ContainsAny(n, ".[(=") && table[0] >= 'a' {
			return nil, nil, &format.Error{File: path, Column: n, Text: "table " + table + " has no such column" + spelling.Suggest(n, known),
				Mend: "to select an element of the resources, begin with their type, as in Patient.active"}
		} else if s, err = compile(n); err != nil {
			return nil, nil, &format.Error{File: path, Column: n, Text: err.Error(), Mend: "write it as in FHIRPath, for example code.coding.where(system='http://loinc.org').code"}
		}
		columns, selectors = append(columns, c), append(selectors, s)
	}
	return columns, selectors, nil
}

// raw is the mapping of a table of resources as they are.
func raw() mapping {
	return mapping{cells: map[string]cell{format.Patient: whose, format.ID: own}}
}

func newSink(table int, m mapping, columns []format.Column, selectors []selector) sink {
	out := sink{table: table, mapping: m, fill: make([]filling, len(columns))}
	for i, c := range columns {
		if s := selectors[i]; s != nil {
			out.fill[i].text = func(x *row, dst []byte) []byte { return x.stack.result(s, x.resource, dst) }
			continue
		}
		out.fill[i] = filling{text: m.cells[c.Name], number: m.numbers[c.Name], set: c.Name == format.Provision}
	}
	return out
}
