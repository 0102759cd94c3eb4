package genomes

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
	"hmsp.center/hmsp/spelling"
)

// Open reads the genotypes of the variants that are named, and nothing else of the file
// unless something is computed of all of them.
func (f Format) Open(ctx context.Context, path string, o format.Options) (format.Reader, error) {
	o = o.Defaults()
	s, err := f.open(ctx, path)
	if err != nil {
		return nil, err
	}
	base := columns(s.info)
	if o.Columns == nil {
		for _, c := range base {
			o.Columns = append(o.Columns, c.Name)
		}
	}
	r := &reader{ctx: ctx, info: s.info, columns: make([]format.Column, len(o.Columns)), counts: make([]*counts, len(o.Columns)),
		rows: min(o.BatchRows, max(1, o.MaxBytes/(16*max(1, len(o.Columns)))))}
	if err := r.read(s, base, o.Columns); err != nil {
		return nil, err
	}
	return r, nil
}

// reader gives the rows of samples whose genotypes were read.
type reader struct {
	ctx     context.Context
	info    genotype.Info
	columns []format.Column
	counts  []*counts // of the columns of variants
	stats   *genotype.SampleStats
	rows    int
	next    int
	closed  bool
}

// counts are the genotypes of a wanted variant.
type counts struct {
	calls  genotype.Calls
	turned bool
}

// read finds the columns and reads their variants, in one pass where all have a place.
func (r *reader) read(s *parts, base []format.Column, names []string) error {
	var wanted []genotype.Wanted
	var place []int // in names, of each wanted
	for i, name := range names {
		if k := slices.IndexFunc(base, func(c format.Column) bool { return c.Name == name }); k >= 0 {
			r.columns[i] = base[k]
			if name != format.SampleColumn && name != format.SexColumn && r.stats == nil {
				r.stats = genotype.NewSampleStats(len(s.info.Samples))
			}
			continue
		}
		r.columns[i] = format.Column{Name: name, Kind: kind(s.info)}
		wanted, place = append(wanted, genotype.Want([]string{name})), append(place, i)
	}
	if wanted == nil && r.stats == nil {
		return nil
	}
	h := genotype.NewHarmoniser(wanted, s.info)
	o := genotype.Options{Keep: h.Keep, Regions: h.Regions()}
	if r.stats != nil {
		o = genotype.Options{}
	}
	met := map[genotype.Variant]genotype.Calls{} // of two that are the same neither is used
	err := s.each(r.ctx, o, func(v *genotype.Variant, c *genotype.Calls) {
		if r.stats != nil {
			r.stats.Add(v, c)
		}
		if len(wanted) > 0 && h.Add(*v) {
			met[*v] = c.Clone()
		}
	})
	if err != nil {
		return err
	}
	matches, _ := h.Matches()
	for k, m := range matches {
		i := place[k]
		if !m.Found {
			return lacks(s.path, names[i], m, base)
		}
		r.counts[i] = &counts{calls: met[m.Variant], turned: m.Turned}
	}
	return nil
}

// lacks is the error about a column that the file has not.
func lacks(path, name string, m genotype.Match, base []format.Column) error {
	if m.Problem != "" {
		return &format.Error{File: path, Column: name, Text: m.Problem, Mend: m.Mend}
	}
	list := make([]string, len(base))
	for i, c := range base {
		list[i] = c.Name
	}
	return &format.Error{File: path, Column: name, Text: "the file has no such column or variant" + spelling.Suggest(name, list)}
}

func (r *reader) Columns() []format.Column { return r.columns }

func (r *reader) Close() error {
	r.closed = true
	return nil
}

func (r *reader) Next() (format.Batch, error) {
	if r.closed {
		return format.Batch{}, errors.New("the reader is closed")
	}
	if err := r.ctx.Err(); err != nil {
		return format.Batch{}, err
	}
	n := min(r.rows, len(r.info.Samples)-r.next)
	if n == 0 {
		return format.Batch{}, io.EOF
	}
	b := format.Batch{Rows: n, First: r.next + 1, Columns: make([]format.Values, len(r.columns))}
	for i, c := range r.columns {
		b.Columns[i] = r.values(c, r.counts[i], n)
	}
	r.next += n
	return b, nil
}

// values are those of a column for the next n samples.
func (r *reader) values(c format.Column, variant *counts, n int) format.Values {
	if variant != nil {
		return variant.values(c.Kind, r.next, n)
	}
	var v format.Values
	for i := r.next; i < r.next+n; i++ {
		switch c.Name {
		case format.SampleColumn:
			v.Text = append(v.Text, r.info.Samples[i].ID)
		case format.SexColumn:
			s := r.info.Samples[i].Sex
			v.Text = append(v.Text, map[genotype.Sex]string{genotype.Male: "male", genotype.Female: "female"}[s])
			v.Null = append(v.Null, s == genotype.Unknown)
		case CallRate:
			v = float(v, r.stats.CallRate(i))
		case Heterozygosity:
			v = float(v, r.stats.Heterozygosity(i))
		case Variants:
			v.Int = append(v.Int, int64(r.stats.Called(i)))
		}
	}
	return v
}

// float appends a number that is missing where it is none.
func float(v format.Values, x float64) format.Values {
	v.Null = append(v.Null, math.IsNaN(x))
	if math.IsNaN(x) {
		x = 0
	}
	v.Float = append(v.Float, x)
	return v
}

// values are the counts of n samples from one on.
func (k *counts) values(kind format.Kind, from, n int) format.Values {
	var v format.Values
	for i := from; i < from+n; i++ {
		if kind == format.Float {
			v = float(v, k.dosage(i))
			continue
		}
		x := k.calls.Count(i)
		v.Null = append(v.Null, x < 0)
		switch {
		case x < 0:
			x = 0
		case k.turned:
			x = 2 - x
		}
		v.Int = append(v.Int, int64(x))
	}
	return v
}

// dosage is the expected count of sample i, NaN where it is missing.
func (k *counts) dosage(i int) float64 {
	x := float64(k.calls.Count(i))
	if k.calls.Dosages != nil {
		x = float64(k.calls.Dosages[i])
	} else if x < 0 {
		return math.NaN()
	}
	if k.turned {
		return 2 - x
	}
	return x
}
