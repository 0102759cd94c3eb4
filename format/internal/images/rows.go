package images

import (
	"context"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/radiomics"
)

// A row is a row of any table: string, int64 or float64 by the column's name.
type row map[string]any

func (m Image) imaging() row {
	r := row{format.Patient: m.Patient, format.Time: m.Time, format.Code: m.Code, format.Status: "available", format.Modality: m.Modality,
		format.Visit: m.Visit, format.ID: m.ID, Equipment: m.Equipment, BurnedIn: m.BurnedIn, Encoding: m.Kind}
	names := []string{Columns, Rows, Slices, Frames}
	for i := range m.Shape {
		r[names[i]] = int64(m.Shape[len(m.Shape)-1-i])
	}
	across, through := spacing(m.Shape, m.Spacing)
	if across > 0 {
		r[PixelSpacing] = across
	}
	if through > 0 {
		r[SliceSpacing] = through
	}
	return r
}

// spacing is that between columns and that between slices; 0 where not known.
func spacing(shape []int, mm []float64) (across, through float64) {
	n := len(mm)
	if n >= 1 {
		across = mm[n-1]
	}
	if n >= 3 && shape[n-3] > 1 {
		through = mm[n-3]
	}
	return across, through
}

// measurements are the facts of an image and the features of its intensities.
func (m Image) measurements(ctx context.Context) ([]row, error) {
	facts := m.Facts
	add := func(code string, x float64, unit string) {
		facts = append(facts, Fact{Code: code, Number: x, Unit: unit})
	}
	across, through := spacing(m.Shape, m.Spacing)
	if across > 0 {
		add(CodePixelSpacing, across, "mm")
	}
	if through > 0 {
		add(CodeSliceSpacing, through, "mm")
	}
	if m.Read != nil {
		im, err := m.Read(ctx)
		if err != nil {
			return nil, err
		}
		im = im.Grey()
		for _, f := range radiomics.Features(im, radiomics.Bins) {
			add(f.Code, f.Value, "")
		}
		if ml, ok := radiomics.VolumeAbove(im, Bright); ok {
			add(CodeBright(), ml, "mL")
		}
		if m.NonZero {
			im = im.NonZero()
			for _, f := range radiomics.Features(im, radiomics.Bins) {
				add(CodeNonZero+f.Name, f.Value, "")
			}
			if ml, ok := radiomics.Volume(im); ok {
				add(CodeNonZero+"volume", ml, "mL")
			}
		}
	}
	out := make([]row, len(facts))
	for i, f := range facts {
		out[i] = row{format.Patient: m.Patient, format.Time: m.Time, format.Code: f.Code, format.Status: "final", format.Unit: f.Unit,
			format.ValueCode: f.ValueCode, format.ValueText: f.Text, format.Visit: m.Visit, format.ID: m.ID + "/" + f.Code}
		if f.ValueCode == "" && f.Text == "" {
			out[i][format.Value] = f.Number
		}
	}
	return out, nil
}

// A builder gathers the rows of one table into batches.
type builder struct {
	columns []format.Column
	batch   format.Batch
	size    int // bytes of the batch
	given   int // rows before it
}

func newBuilder(all []format.Column, at []int) *builder {
	b := &builder{}
	for _, k := range at {
		b.columns = append(b.columns, all[k])
	}
	b.take()
	return b
}

// take gives the batch and begins the next.
func (b *builder) take() format.Batch {
	out := b.batch
	b.given += out.Rows
	b.batch = format.Batch{First: b.given + 1, Columns: make([]format.Values, len(b.columns))}
	b.size = 0
	return out
}

func (b *builder) add(r row) {
	i := b.batch.Rows
	b.batch.Rows++
	for k, c := range b.columns {
		v := &b.batch.Columns[k]
		cell, there := r[c.Name]
		switch c.Kind {
		case format.Int:
			x, _ := cell.(int64)
			v.Int = append(v.Int, x)
		case format.Float:
			x, _ := cell.(float64)
			v.Float = append(v.Float, x)
		default:
			s, _ := cell.(string)
			v.Text = append(v.Text, s)
			there = s != ""
			b.size += len(s)
		}
		if !there && v.Null == nil {
			v.Null = make([]bool, i, i+1)
		}
		if v.Null != nil {
			v.Null = append(v.Null, !there)
		}
	}
	b.size += 24 * len(b.columns)
}
