package bench

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"strconv"
	"time"

	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/internal/warehouse"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
)

// Visits are people who never existed and come to have their HbA1c taken: a CSV file of
// patient, birth, time, hba1c and diabetes, a row a visit. Half of the people have the
// diagnosis at one of their visits. Rows of one time stand together, as in the journal
// of a laboratory, so that who keeps them by patient has to sort.
const visitsOf = 50 // each person

func visitsDictionary() table.Schema {
	return table.Schema{
		{Name: "hba1c", Label: "Haemoglobin A1c", Kind: table.Number, Unit: "%", Min: 3, Max: 20},
		{Name: "diabetes", Label: "Type 2 diabetes", Kind: table.Flag},
	}
}

// writeVisits writes n rows.
func writeVisits(path string, n int) error {
	return writeLines(path, func(w *bufio.Writer) error {
		fmt.Fprintln(w, "patient,birth,time,hba1c,diabetes")
		people := max(1, n/visitsOf)
		day := func(y int) int64 { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC).Unix() / table.Day }
		first, born := day(2010), day(1930)
		var line []byte
		for i := range n {
			p, visit := i%people, i/people
			d := draws(i + 1)
			who := draws(1<<40 + p)
			birth := time.Unix((born+int64(who.next()*16000))*table.Day, 0).UTC()
			if birth.Month() == time.February && birth.Day() == 29 { // a year older on 28 February or 1 March, as one likes
				birth = birth.AddDate(0, 0, -1)
			}
			at := (first+int64(visit)*120+int64(d.next()*100))*table.Day + int64(d.next()*table.Day)
			line = append(line[:0], 'p')
			line = strconv.AppendInt(line, int64(p), 10)
			line = birth.AppendFormat(append(line, ','), "2006-01-02")
			line = time.Unix(at, 0).UTC().AppendFormat(append(line, ','), "2006-01-02T15:04:05")
			line = strconv.AppendFloat(append(line, ','), 6+d.normal()/2, 'f', 1, 64)
			line = append(line, ',')
			if p%2 == 0 && visit == 2+p%7 {
				line = append(line, '1')
			}
			if _, err := w.Write(append(line, '\n')); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeLines(path string, lines func(*bufio.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := lines(w); err != nil {
		return err
	}
	return cmp.Or(w.Flush(), f.Close())
}

// visitsDataset is the file as a site registers it.
func visitsDataset(name, path string) dataset.Dataset {
	d := dataset.File(name, path)
	d.Patient, d.Time, d.Birth = "patient", "time", "birth"
	return d
}

// windows asks for adults with three numbers about the day of their diagnosis: the last
// HbA1c of the year before, how many there were, and the mean of the five years after.
func windows() (warehouse.Question, error) {
	back, zero, after := timeline.Days(-365), timeline.Days(0), timeline.Months(60)
	p, err := timeline.Compile(timeline.Spec{
		Index: &timeline.Index{Event: "diabetes"},
		Variables: map[string]timeline.Derived{
			"before": {Of: "hba1c", Take: timeline.Last, From: &back, To: &zero},
			"tests":  {Of: "hba1c", Take: timeline.Count, From: &back, To: &zero, Max: 50},
			"mean":   {Of: "hba1c", Take: timeline.Mean, From: &zero, To: &after},
			"age":    {Take: timeline.Age},
		},
	}, visitsDictionary(), nil)
	if err != nil {
		return warehouse.Question{}, err
	}
	e, err := cohort.Parse("age >= 18 && tests >= 1 && !missing(mean)", p.Schema())
	return warehouse.Question{Timeline: p, Cohort: &e, Variables: p.Schema()}, err
}

// features are sums over the cohort, to hold against each other.
type features struct {
	People                   int
	Age, Before, Tests, Mean float64
}

func featuresOf(t table.Table) features {
	sum := func(name string) (s float64) {
		for _, x := range t.Numbers(name) {
			s += x
		}
		return s
	}
	return features{t.Rows(), sum("age"), sum("before"), sum("tests"), sum("mean")}
}

func (f features) same(g features) bool {
	as := func(f features, x float64) values { return values{f.People, x} }
	return as(f, f.Age).same(as(g, g.Age)) && as(f, f.Before).same(as(g, g.Before)) && as(f, f.Tests).same(as(g, g.Tests)) && as(f, f.Mean).same(as(g, g.Mean))
}
