package simulate

import (
	"strconv"

	"hmsp.center/hmsp/simulate/genome"
	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/simulate/record"
	"hmsp.center/hmsp/table"
)

// truthLayout writes what is true of each person, and which rows have a fault.
type truthLayout struct{}

func (truthLayout) Name() string    { return truthFolder }
func (truthLayout) Files() []string { return []string{"people.csv", "faults.csv"} }

// onsets are the columns of years since entry; empty where it never came.
func onsets() []person.Variable {
	return []person.Variable{person.Diabetes, person.Hypertension, person.CHD, person.Statin, person.Metformin, person.Antihypertensive, person.Aspirin, person.Death}
}

func (truthLayout) Head(record.Site) [][]byte {
	b := []byte("patient,entry,followed_years,end")
	for k := range genome.Populations {
		b = append(b, ",ancestry_"...)
		b = append(b, byte('a'+k))
	}
	for v := range person.Variables {
		if v != person.AncestryB && v != person.AncestryC && v < person.Diabetes || v == person.Lesion {
			b = append(append(b, ','), v.String()...)
		}
	}
	for _, v := range onsets() {
		b = append(append(b, ','), v.String()...)
		if v != person.Death {
			b = append(append(append(b, "_at_entry,"...), v.String()...), "_years"...)
		} else {
			b = append(b, "_years"...)
		}
	}
	return [][]byte{append(b, '\n'), []byte("patient,table,row,fault,true_time,true_value\n")}
}

func (truthLayout) Append(files [][]byte, r *record.Record) {
	p, b := r.Person, files[0]
	number := func(x float64) { b = strconv.AppendFloat(append(b, ','), x, 'g', 9, 64) }
	b = append(append(b, p.ID...), ',')
	b = record.AppendDate(b, p.Entry)
	number(person.Years(p.Entry, p.Exit))
	b = append(append(b, ','), p.Why...)
	for _, a := range p.Ancestry {
		number(a)
	}
	for v := range person.Variables {
		if v != person.AncestryB && v != person.AncestryC && v < person.Diabetes || v == person.Lesion {
			number(p.X[v])
		}
	}
	for _, v := range onsets() {
		if v != person.Death {
			number(p.X[v])
		}
		if p.Onset[v] == table.NoTime {
			b = append(b, ',')
		} else {
			number(person.Years(p.Entry, p.Onset[v]))
		}
	}
	files[0] = append(b, '\n')
	files[1] = faults(files[1], r)
}

// faults writes one line a row: its table, its place among the person's rows there,
// and what it should have been.
func faults(b []byte, r *record.Record) []byte {
	for _, e := range r.Errors {
		b = append(append(b, r.Person.ID...), ',')
		b = append(append(b, e.Table...), ',')
		b = append(strconv.AppendInt(b, int64(e.Row+1), 10), ',')
		b = append(append(b, r.Site.Faults[e.Fault].Kind...), ',')
		b = record.AppendClock(append(record.AppendDate(b, e.Time), 'T'), e.Time)
		b = append(b, ',')
		if e.Truth == e.Truth { // not NaN
			b = strconv.AppendFloat(b, e.Truth, 'g', 9, 64)
		}
		b = append(b, '\n')
	}
	return b
}

// counts are what a site's records come to.
type counts struct {
	faults []int
	rows   [13]int
	files  map[string]int // of people's own, by format
}

func newCounts(s *record.Site) counts {
	return counts{faults: make([]int, len(s.Faults)), files: map[string]int{}}
}

func (c *counts) count(r *record.Record) {
	for _, e := range r.Errors {
		c.faults[e.Fault]++
	}
	p := r.Person
	flag := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	for i, n := range []int{1, len(r.Visits), len(r.Diagnoses), len(r.Measurements), len(r.Drugs), len(r.Procedures), len(r.Specimens),
		len(r.Images), len(r.Consents), flag(p.Why == person.Died), flag(p.Why == person.Dropped), flag(p.At(person.Diabetes, p.Exit)), flag(p.At(person.CHD, p.Exit))} {
		c.rows[i] += n
	}
}

func (c *counts) add(d counts) {
	for i, n := range d.faults {
		c.faults[i] += n
	}
	for i, n := range d.rows {
		c.rows[i] += n
	}
	for format, n := range d.files {
		c.files[format] += n
	}
}

func (c counts) named() map[string]int {
	out := map[string]int{}
	for i, name := range []string{"people", "visits", "diagnoses", "measurements", "drugs", "procedures", "specimens", "images", "consents", "deaths", "drop_outs", "diabetes", "chd"} {
		out[name] = c.rows[i]
	}
	for format, n := range c.files {
		out[format+"_files"] = n
	}
	return out
}
