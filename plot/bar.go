package plot

import (
	"math"
	"strconv"
)

// bars draws counts over intervals (a histogram) or values of categories.
// Heights start at zero: a bar's length is its value.
func (d *drawing) bars() {
	height := d.h
	if height == 0 {
		height = d.top + min(max(d.w*0.52, 220), 480)
	}
	top := d.top
	if d.f.named() {
		top = d.legend(d.w*0.09, d.top, func(i int, x, y float64) {
			d.rect(x+6, y-5, 14, 10, fill(series(i))...)
		})
	}
	var ey extent
	ey.add(0)
	for _, s := range d.f.Series {
		ey.add(s.Y...)
		ey.add(s.Lo...)
		ey.add(s.Hi...)
	}
	if d.f.Y.Log {
		ey = positive(ey, d.f.Series)
	}
	cats := d.f.categories()
	b := box{y0: top + 8, x1: d.w - 18}
	probe := ey.axis(d.f.Y, 52, height-48, b.y0, true)
	b.x0 = yRoom(probe, d.f.Y, probe.ticks(52))
	names, bottom := d.bottom(cats, b)
	b.y1 = height - bottom
	if d.h == 0 && bottom > 60 {
		b.y1, height = b.y1+bottom-48, height+bottom-48
	}
	d.h = height
	ys := ey.axis(d.f.Y, 52, b.y1, b.y0, true)
	d.yAxis(b, ys, d.f.Y, ys.ticks(52))
	if cats != nil {
		d.categoryBars(b, ys, len(cats))
		names(b)
		return
	}
	d.histogram(b, ys)
}

// positive is the extent of the bars on a logarithmic axis, which has no zero:
// they start at half of the smallest.
func positive(e extent, ss []Series) extent {
	p := extent{}
	for _, s := range ss {
		p.add(s.Y...)
		p.add(s.Lo...)
		p.add(s.Hi...)
	}
	if p.any {
		p.lo /= 2
	}
	return p
}

// categories are the names under groups of bars; nil for a histogram.
func (f Figure) categories() []string {
	if len(f.X.Labels) > 0 {
		return f.X.Labels
	}
	var longest []string
	n, histogram := 0, true
	for _, s := range f.Series {
		n = max(n, len(s.Y))
		if len(s.Labels) > len(longest) {
			longest = s.Labels
		}
		histogram = histogram && len(s.X) >= max(len(s.Y), 1)
	}
	if len(longest) == 0 && histogram {
		return nil
	}
	out := make([]string, n)
	for i := range out {
		out[i] = strconv.Itoa(i + 1)
		if i < len(longest) {
			out[i] = longest[i]
		}
	}
	return out
}

// bottom plans the names of categories: level and wrapped where they fit, else
// turned. It returns how to draw them and the height that they and the axis
// label need.
func (d *drawing) bottom(cats []string, b box) (draw func(box), height float64) {
	height = 26
	if d.f.X.Label != "" {
		height = 48
	}
	if len(cats) == 0 {
		return nil, height
	}
	band := (b.x1 - b.x0) / float64(len(cats))
	lines, turned := 1, false
	for _, c := range cats {
		l := wrap(c, tickSize, band-6, 3)
		lines = max(lines, len(l))
		for _, s := range l {
			turned = turned || len([]rune(s)) > 0 && s[len(s)-1:] != c[max(len(c)-1, 0):] && width(c, tickSize) > band-6 && hasEllipsis(s)
		}
	}
	extra := float64(lines-1) * 13
	if turned {
		extra = min(widest(cats, tickSize), 110)*0.7071 - 4
	}
	return func(b box) {
		d.line(b.x0, b.y1, b.x1, b.y1, muted, 1)
		for i, c := range cats {
			x := b.x0 + (float64(i)+0.5)*band
			if turned {
				if every := int(math.Ceil(15 / band)); i%max(every, 1) == 0 {
					d.words(words{x: x + 4, y: b.y1 + 14, text: shorten(c, tickSize, 110), size: tickSize, anchor: "end", turn: -45, full: c})
				}
				continue
			}
			for k, l := range wrap(c, tickSize, band-6, 3) {
				d.words(words{x: x, y: b.y1 + 16 + float64(k)*13, text: l, size: tickSize, anchor: "middle"})
			}
		}
		if d.f.X.Label != "" {
			d.words(words{x: (b.x0 + b.x1) / 2, y: b.y1 + 38 + extra, text: shorten(d.f.X.Label, labelSize, d.w-20), size: labelSize, anchor: "middle", full: d.f.X.Label})
		}
	}, height + max(extra, 0)
}

func hasEllipsis(s string) bool {
	r := []rune(s)
	return len(r) > 0 && r[len(r)-1] == '…'
}

// categoryBars draws the bars of each category beside each other.
func (d *drawing) categoryBars(b box, ys scale, n int) {
	band := (b.x1 - b.x0) / float64(n)
	wide := min(band*0.72, 72*float64(len(d.f.Series)))
	one := wide / float64(len(d.f.Series))
	for i, s := range d.f.Series {
		for k := 0; k < min(n, len(s.Y)); k++ {
			x := b.x0 + (float64(k)+0.5)*band - wide/2 + float64(i)*one
			d.bar(x, min(one*0.06, 1), one, s, k, i, ys)
		}
	}
}

// bar draws one bar and its interval.
func (d *drawing) bar(x, gap, wide float64, s Series, k, i int, ys scale) {
	if math.IsNaN(s.Y[k]) {
		return
	}
	base := ys.hold(0)
	if ys.log {
		base = ys.from
	}
	y := ys.hold(s.Y[k])
	d.rect(x+gap, y, wide-2*gap, base-y, append(fill(series(i)), "fill-opacity", "0.85")...)
	if !math.IsNaN(s.Lo[k]) && !math.IsNaN(s.Hi[k]) {
		mid, lo, hi := x+wide/2, ys.hold(s.Lo[k]), ys.hold(s.Hi[k])
		d.line(mid, lo, mid, hi, ink, 1.25)
		d.line(mid-4, lo, mid+4, lo, ink, 1.25)
		d.line(mid-4, hi, mid+4, hi, ink, 1.25)
	}
}

// histogram draws bars from edge to edge. With as many edges as heights the
// last bar is as wide as the one before. Several series share each interval.
func (d *drawing) histogram(b box, ys scale) {
	var ex extent
	edges := make([][]float64, len(d.f.Series))
	for i, s := range d.f.Series {
		e := append([]float64(nil), s.X...)
		if n := len(e); n == len(s.Y) && n > 0 {
			w := 1.0
			if n > 1 {
				w = e[n-1] - e[n-2]
			}
			e = append(e, e[n-1]+w)
		}
		edges[i] = e
		ex.add(e...)
	}
	xs := scale{lo: ex.lo, hi: ex.hi, from: b.x0 + 6, to: b.x1 - 6, log: d.f.X.Log && ex.lo > 0}
	if d.f.X.Min != nil {
		xs.lo = *d.f.X.Min
	}
	if d.f.X.Max != nil {
		xs.hi = *d.f.X.Max
	}
	if !(xs.hi > xs.lo) {
		xs.widen(d.f.X)
	}
	d.clip(box{b.x0, b.y0, b.x1 - 8, b.y1 - 4})
	for i, s := range d.f.Series {
		for k := 0; k < len(s.Y) && k+1 < len(edges[i]); k++ {
			x0, x1 := xs.at(edges[i][k]), xs.at(edges[i][k+1])
			part := (x1 - x0) / float64(len(d.f.Series))
			d.bar(x0+float64(i)*part, 0.5, part, s, k, i, ys)
		}
	}
	d.shut("g")
	d.xAxis(b, xs, d.f.X, xs.ticks(70))
}
