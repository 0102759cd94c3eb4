package plot

// Type sizes in pixels: one step down from title to label to tick.
const (
	titleSize = 14
	labelSize = 12
	tickSize  = 11
)

// A drawing is a figure on its way: what is drawn, the space that is left.
type drawing struct {
	*canvas
	f    Figure
	w, h float64 // h is 0 until a kind of figure has decided it
	top  float64 // where the next thing may begin
}

// A box is the area inside the axes.
type box struct{ x0, y0, x1, y1 float64 }

// title writes the title at the top and returns where it ends.
func (d *drawing) title(t string) float64 {
	y := 12.0
	for _, l := range wrap(t, titleSize*1.04, d.w-24, 3) {
		y += titleSize + 4
		d.words(words{x: 12, y: y - 4, text: l, size: titleSize, bold: true, full: t})
	}
	return y + 8
}

// nothing says that there is nothing to see.
func (d *drawing) nothing() {
	if d.h == 0 {
		d.h = d.top + 120
	}
	d.words(words{x: d.w / 2, y: (d.top + d.h) / 2, text: "No data to show", size: labelSize + 1, anchor: "middle", role: muted})
}

// legend writes the names of the series in rows from x on, with a sample of
// each, and returns where it ends.
func (d *drawing) legend(x, y float64, sample func(i int, x, y float64)) float64 {
	at, row := x, y+12
	for i, s := range d.f.Series {
		if s.Name == "" {
			continue
		}
		name := shorten(s.Name, labelSize, d.w-x-50)
		need := 26 + width(name, labelSize) + 18
		if at > x && at+need > d.w-6 {
			at, row = x, row+18
		}
		sample(i, at, row-4)
		d.words(words{x: at + 26, y: row, text: name, size: labelSize, full: s.Name})
		at += need
	}
	return row + 10
}

// named says whether more than one series has a name to tell it by.
func (f Figure) named() bool {
	n := 0
	for _, s := range f.Series {
		if s.Name != "" {
			n++
		}
	}
	return n > 1 || n == 1 && len(f.Series) > 1
}

// yAxis draws grid, ticks and label at the left of the box.
func (d *drawing) yAxis(b box, s scale, a Axis, ts []float64) {
	for i, l := range s.labels(ts) {
		y := s.at(ts[i])
		d.line(b.x0, y, b.x1, y, grid, 1)
		d.line(b.x0-4, y, b.x0, y, muted, 1)
		d.words(words{x: b.x0 - 8, y: y + 4, text: l, size: tickSize, anchor: "end", role: muted})
	}
	if a.Label != "" {
		l := shorten(a.Label, labelSize, max(b.y1-b.y0, 60)+20)
		d.words(words{x: 20, y: (b.y0 + b.y1) / 2, text: l, size: labelSize, anchor: "middle", turn: -90, full: a.Label})
	}
}

// yRoom is the width that the Y axis takes, label included.
func yRoom(s scale, a Axis, ts []float64) float64 {
	w := widest(s.labels(ts), tickSize) + 14
	if a.Label != "" {
		w += 22
	}
	return max(w+6, 40)
}

// xAxis draws line, ticks and label under the box, and returns where it ends.
func (d *drawing) xAxis(b box, s scale, a Axis, ts []float64) float64 {
	d.line(b.x0, b.y1, b.x1, b.y1, muted, 1)
	last := -1e9
	for i, l := range s.labels(ts) {
		x, half := s.at(ts[i]), width(l, tickSize)/2
		d.line(x, b.y1, x, b.y1+4, muted, 1)
		if x-half < last+6 {
			continue // numbers never run into each other
		}
		last = x + half
		d.words(words{x: x, y: b.y1 + 17, text: l, size: tickSize, anchor: "middle", role: muted})
	}
	y := b.y1 + 22
	if a.Label != "" {
		y += 16
		d.words(words{x: (b.x0 + b.x1) / 2, y: y, text: shorten(a.Label, labelSize, d.w-20), size: labelSize, anchor: "middle", full: a.Label})
	}
	return y + 10
}
