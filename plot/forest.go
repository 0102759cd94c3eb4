package plot

import (
	"fmt"
	"math"
)

const forestRow = 24 // pixels

// A row of a forest is a heading of a group or an estimate with its interval.
type forestLine struct {
	label      string
	heading    bool
	x, lo, hi  float64
	series     int
	known, all bool // an estimate; an interval too
}

// forest draws one row per label: name, point with interval, numbers in words.
func (d *drawing) forest() {
	lines := d.f.forestLines()
	height := d.top + 8 + forestRow*float64(len(lines)) + 50
	row := float64(forestRow)
	if d.h > 0 {
		row = max((d.h-d.top-58)/float64(len(lines)), 15)
		height = d.h
	}
	d.h = max(height, d.top+58+row*float64(len(lines)))
	text := make([]string, len(lines))
	left := 0.0
	for i, l := range lines {
		text[i] = l.numbers(d.f.X.Log)
		left = max(left, width(l.label, labelSize)*1.06)
		if !l.heading && d.f.named() {
			left = max(left, width(l.label, labelSize)+14)
		}
	}
	left = min(left, d.w*0.36)
	right := widest(text, labelSize)
	b := box{x0: 14 + left + 18, y0: d.top + 4, x1: d.w - 14 - right - 16, y1: d.top + 8 + row*float64(len(lines))}
	if b.x1-b.x0 < 80 { // a narrow page: the picture goes before the numbers
		b.x1 = max(b.x0+60, d.w-20)
		text = make([]string, len(lines))
	}
	xs := d.f.forestScale(lines, b)
	ts := xs.ticks(56)
	for _, t := range ts {
		d.line(xs.at(t), b.y0, xs.at(t), b.y1, grid, 1)
	}
	d.forestReference(b, xs)
	for i, l := range lines {
		y := b.y0 + row*(float64(i)+0.5)
		indent := 0.0
		if !l.heading && d.f.named() {
			indent = 12
		}
		d.words(words{x: 14 + indent, y: y + 4, text: shorten(l.label, labelSize, left-indent), size: labelSize, bold: l.heading, full: l.label})
		if l.heading {
			continue
		}
		d.interval(l, xs, y)
		d.words(words{x: d.w - 14, y: y + 4, text: text[i], size: labelSize, anchor: "end"})
	}
	d.xAxis(b, xs, d.f.X, ts)
}

func (f Figure) forestLines() []forestLine {
	var out []forestLine
	for i, s := range f.Series {
		if s.Name != "" && f.named() {
			out = append(out, forestLine{label: s.Name, heading: true})
		}
		for k := range s.X {
			l := forestLine{x: s.X[k], lo: s.Lo[k], hi: s.Hi[k], series: i}
			if k < len(s.Labels) {
				l.label = s.Labels[k]
			} else if k < len(f.Y.Labels) {
				l.label = f.Y.Labels[k]
			}
			l.known = !math.IsNaN(l.x)
			l.all = l.known && !math.IsNaN(l.lo) && !math.IsNaN(l.hi)
			out = append(out, l)
		}
	}
	return out
}

// forestScale holds all estimates and the reference; an interval that reaches
// more than three times as far as the rest of the picture leaves it with an
// arrow.
func (f Figure) forestScale(lines []forestLine, b box) scale {
	var points, all extent
	points.add(f.null())
	for _, l := range lines {
		if l.known {
			points.add(l.x)
		}
		if l.all {
			all.add(l.lo, l.hi)
		}
	}
	all.add(points.lo, points.hi)
	if f.X.Log {
		room := max(math.Pow(points.hi/points.lo, 1.5), 8)
		all.lo, all.hi = max(all.lo, points.lo/room), min(all.hi, points.hi*room)
	}
	if !(all.hi > all.lo) {
		all.add(all.lo-1, all.hi+1)
	}
	s := scale{lo: all.lo, hi: all.hi, from: b.x0 + 8, to: b.x1 - 8, log: f.X.Log}
	if f.X.Min != nil {
		s.lo = *f.X.Min
	}
	if f.X.Max != nil {
		s.hi = *f.X.Max
	}
	if !(s.hi > s.lo) {
		s.widen(f.X)
	}
	return s
}

// null is the value of no effect.
func (f Figure) null() float64 {
	if f.X.Log {
		return 1
	}
	return 0
}

func (d *drawing) forestReference(b box, xs scale) {
	if n := d.f.null(); n >= xs.lo && n <= xs.hi {
		d.el("line", append(stroke(muted, 1.25), "stroke-dasharray", "4 3", "x1", num(xs.at(n)), "y1", num(b.y0), "x2", num(xs.at(n)), "y2", num(b.y1))...)
	}
}

// interval draws a point on its interval; ends outside the axis become arrows.
func (d *drawing) interval(l forestLine, xs scale, y float64) {
	r := series(l.series)
	if !d.f.named() {
		r = series(0)
	}
	if l.all {
		x0, x1 := xs.hold(l.lo), xs.hold(l.hi)
		d.line(x0, y, x1, y, r, 1.75)
		d.end(x0, y, -1, l.lo < xs.lo, r)
		d.end(x1, y, 1, l.hi > xs.hi, r)
	}
	if l.known && l.x >= xs.lo && l.x <= xs.hi {
		d.rect(xs.at(l.x)-4, y-4, 8, 8, fill(r)...)
	}
}

func (d *drawing) end(x, y, way float64, arrow bool, r role) {
	if !arrow {
		d.line(x, y-4, x, y+4, r, 1.5)
		return
	}
	d.el("path", append(fill(r), "d", fmt.Sprintf("M%s %sl%s -4.5v9z", num(x+way*6), num(y), num(-way*8)))...)
}

// numbers writes estimate and interval with two significant digits of the
// interval's width, the same decimals in all three.
func (l forestLine) numbers(log bool) string {
	switch {
	case l.heading:
		return ""
	case !l.known:
		return "not estimated"
	}
	dec := 2
	if wide := math.Abs(l.hi - l.lo); l.all && wide > 0 {
		dec = 1 - int(math.Floor(math.Log10(wide)))
		if log && l.x < 10 {
			dec = max(dec, 2)
		}
	}
	write := func(x float64) string {
		if dec > 6 || math.Abs(x) >= 1e7 {
			return scientific(x)
		}
		return plain(x, max(dec, 0))
	}
	if !l.all {
		return write(l.x)
	}
	between := "–"
	if l.lo < 0 || l.hi < 0 {
		between = " to "
	}
	return write(l.x) + " (" + write(l.lo) + between + write(l.hi) + ")"
}
