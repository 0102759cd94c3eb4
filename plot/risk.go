package plot

import (
	"math"
	"strconv"
)

const riskRow = 16 // pixels

// riskHeight is the room of the table of numbers at risk.
func (d *drawing) riskHeight() float64 { return 24 + riskRow*float64(len(d.f.AtRisk.Rows)) }

// riskNames is the room of its names, left of the axis.
func (d *drawing) riskNames() float64 {
	if d.f.AtRisk == nil || d.f.Kind != Step {
		return 0
	}
	w := 0.0
	for _, r := range d.f.AtRisk.Rows {
		w = max(w, width(r.Name, tickSize))
	}
	return min(w, d.w*0.22) + 20
}

// riskTable writes under the X axis how many are at risk at each tick: names in
// the curves' colours, numbers under their times.
func (d *drawing) riskTable(b box, xs scale, y float64) {
	y += 8
	d.words(words{x: b.x0 - width("0", tickSize)/2, y: y, text: "Number at risk", size: tickSize, bold: true})
	room := d.riskNames() - 20
	for i, r := range d.f.AtRisk.Rows {
		y += riskRow
		d.words(words{x: b.x0 - 18, y: y, text: shorten(r.Name, tickSize, room), size: tickSize, anchor: "end",
			role: d.roleOf(r.Name, i), bold: true, full: r.Name})
		last := math.Inf(-1)
		for k, t := range d.f.AtRisk.Times {
			if k >= len(r.N) || !usable(r.N[k], false) || t < xs.lo || t > xs.hi {
				continue
			}
			n := strconv.FormatFloat(r.N[k], 'f', 0, 64)
			if x := xs.at(t); x-width(n, tickSize)/2 >= last+4 {
				d.words(words{x: x, y: y, text: n, size: tickSize, anchor: "middle"})
				last = x + width(n, tickSize)/2
			}
		}
	}
}

// roleOf is the colour of the curve of that name, ink where curves are unnamed.
func (d *drawing) roleOf(name string, i int) role {
	for k, s := range d.f.Series {
		if s.Name == name && len(d.f.Series) > 1 {
			return series(k)
		}
	}
	if len(d.f.Series) > 1 {
		return series(i)
	}
	return ink
}
