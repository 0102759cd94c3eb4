package plot

import (
	"math"
	"strconv"
)

// heatRows are the names of the rows; a matrix without names is numbered where
// it is square.
func (f Figure) heatRows(s Series) []string {
	cols := f.heatCols(s)
	if len(cols) == 0 {
		return nil
	}
	n := len(s.Z) / len(cols)
	if len(f.Y.Labels) == n {
		return f.Y.Labels
	}
	if n == len(cols) {
		return cols
	}
	return numbered(n)
}

func (f Figure) heatCols(s Series) []string {
	names := f.X.Labels
	if len(names) == 0 {
		names = s.Labels
	}
	if len(names) == 0 {
		if n := int(math.Round(math.Sqrt(float64(len(s.Z))))); n*n == len(s.Z) {
			return numbered(n)
		}
		return nil
	}
	if len(s.Z)%len(names) != 0 {
		return nil
	}
	return names
}

func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = strconv.Itoa(i + 1)
	}
	return out
}

// heat draws a matrix: colour says sign and size, the number stands in the cell
// where there is room.
func (d *drawing) heat() {
	s := d.f.Series[0]
	cols, rows := d.f.heatCols(s), d.f.heatRows(s)
	limit := heatLimit(s.Z)
	left := min(widest(rows, tickSize), d.w*0.28) + 22
	if d.f.Y.Label != "" {
		left += 20
	}
	room := d.w - left - 74
	cell := min(room/float64(len(cols)), 64)
	high := cell
	if d.h > 0 {
		high = max((d.h-d.top-80)/float64(len(rows)), 4)
	}
	high = min(high, max(cell*0.8, 18))
	turned := widest(cols, tickSize) > cell-4
	head := 18.0
	if turned {
		head = min(widest(cols, tickSize), 120)*0.7071 + 16
	}
	if d.f.X.Label != "" {
		head += 20
		d.words(words{x: left + cell*float64(len(cols))/2, y: d.top + 14, text: shorten(d.f.X.Label, labelSize, d.w-20), size: labelSize, anchor: "middle", full: d.f.X.Label})
	}
	b := box{left, d.top + head, left + cell*float64(len(cols)), d.top + head + high*float64(len(rows))}
	if d.h == 0 {
		d.h = b.y1 + 22
	}
	if d.f.Y.Label != "" {
		d.words(words{x: 20, y: (b.y0 + b.y1) / 2, text: shorten(d.f.Y.Label, labelSize, b.y1-b.y0+40), size: labelSize, anchor: "middle", turn: -90, full: d.f.Y.Label})
	}
	d.heatNames(b, cols, rows, cell, high, turned)
	for i := range rows {
		for k := range cols {
			d.cell(b.x0+float64(k)*cell, b.y0+float64(i)*high, cell, high, s.Z[i*len(cols)+k], limit)
		}
	}
	d.key(b, limit)
}

// heatLimit is the value of the darkest colour: 1 for correlations.
func heatLimit(z []float64) float64 {
	limit := 0.0
	for _, v := range z {
		if !math.IsNaN(v) {
			limit = max(limit, math.Abs(v))
		}
	}
	if limit <= 1+1e-9 {
		return 1
	}
	return limit
}

func (d *drawing) heatNames(b box, cols, rows []string, cell, high float64, turned bool) {
	for k, c := range cols {
		x := b.x0 + (float64(k)+0.5)*cell
		if !turned {
			d.words(words{x: x, y: b.y0 - 7, text: c, size: tickSize, anchor: "middle"})
		} else if cell >= 9 || k%int(math.Ceil(9/cell)) == 0 {
			d.words(words{x: x, y: b.y0 - 6, text: shorten(c, tickSize, 120), size: tickSize, turn: -45, full: c})
		}
	}
	for i, r := range rows {
		if high >= 9 || i%int(math.Ceil(9/high)) == 0 {
			d.words(words{x: b.x0 - 8, y: b.y0 + (float64(i)+0.5)*high + 4, text: shorten(r, tickSize, d.w*0.28), size: tickSize, anchor: "end", full: r})
		}
	}
}

func (d *drawing) cell(x, y, w, h, z, limit float64) {
	gap := 0.75
	if min(w, h) < 8 {
		gap = 0
	}
	if math.IsNaN(z) {
		d.rect(x+gap, y+gap, w-2*gap, h-2*gap, append(stroke(grid, 1), "stroke-dasharray", "2 2")...)
		return
	}
	l := strconv.Itoa(level(z / limit))
	d.rect(x+gap, y+gap, w-2*gap, h-2*gap, fill(role("d"+l))...)
	text := plain(z, heatDecimals(limit))
	size := min(tickSize, h*0.6, (w-6)/width("−0.00", 1))
	if size >= 7.5 && width(text, size) <= w-2 {
		d.words(words{x: x + w/2, y: y + h/2 + size*0.36, text: text, size: size, anchor: "middle", role: role("t" + l)})
	}
}

func heatDecimals(limit float64) int {
	switch {
	case limit < 10:
		return 2
	case limit < 100:
		return 1
	}
	return 0
}

// key draws the scale of colours at the right.
func (d *drawing) key(b box, limit float64) {
	x, high := b.x1+18, min(b.y1-b.y0, 220)
	step := high / levels
	for i := range levels {
		d.rect(x, b.y0+high-float64(i+1)*step, 12, step+0.3, fill(role("d"+strconv.Itoa(i)))...)
	}
	for _, v := range []float64{-1, 0, 1} {
		d.words(words{x: x + 17, y: b.y0 + high*(1-v)/2 + 4 - v*3, text: plain(v*limit, decimalsOf(limit)), size: tickSize, role: muted})
	}
}

func decimalsOf(limit float64) int {
	if limit == math.Trunc(limit) {
		return 0
	}
	return heatDecimals(limit)
}
