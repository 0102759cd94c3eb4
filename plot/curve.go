package plot

import (
	"fmt"
	"math"
	"strings"
)

// curves draws step curves, lines and points: everything with a number on
// either axis.
func (d *drawing) curves() {
	height := d.h
	if height == 0 {
		height = d.top + min(max(d.w*0.56, 280), 520)
	}
	risk := 0.0
	if d.f.Kind == Step && d.f.AtRisk != nil {
		risk = d.riskHeight()
		if d.h == 0 {
			height += risk
		}
	}
	b, xs, ys, xt, yt := d.lay(d.top+4, height-risk)
	tags := d.direct(b, xs, ys)
	if d.f.named() && tags == nil {
		end := d.legend(b.x0, d.top, d.sample)
		b, xs, ys, xt, yt = d.lay(end+2, height-risk)
	}
	d.h = height
	d.yAxis(b, ys, d.f.Y, yt)
	if d.f.Kind != Step {
		for _, t := range xt {
			d.line(xs.at(t), b.y0, xs.at(t), b.y1, grid, 1)
		}
	}
	d.clip(b)
	for i, s := range d.f.Series {
		d.band(s, i, xs, ys)
	}
	d.reference(b, xs, ys)
	for i, s := range d.f.Series {
		d.curve(s, i, xs, ys)
	}
	d.shut("g")
	end := d.xAxis(b, xs, d.f.X, xt)
	if risk > 0 {
		d.riskTable(b, xs, end)
	}
	for _, t := range tags {
		d.words(t)
	}
}

// lay divides the space between top and bottom into box and axes.
func (d *drawing) lay(top, bottom float64) (b box, xs, ys scale, xt, yt []float64) {
	b = box{y0: top + 6, y1: bottom - 48, x1: d.w - 18}
	if d.f.X.Label == "" {
		b.y1 += 16
	}
	var ex, ey extent
	for _, s := range d.f.Series {
		ex.add(s.X...)
		ex.add(s.Marks...)
		ey.add(s.Y...)
		ey.add(s.Lo...)
		ey.add(s.Hi...)
	}
	if d.f.AtRisk != nil && d.f.Kind == Step {
		ex.add(d.f.AtRisk.Times...)
	}
	ys = ey.axis(d.f.Y, 52, b.y1, b.y0, d.f.Kind == Step)
	yt = ys.ticks(52)
	b.x0 = max(yRoom(ys, d.f.Y, yt), d.riskNames()+12)
	xs = ex.axis(d.f.X, 84, b.x0, b.x1, d.f.Kind == Step)
	if d.f.AtRisk != nil && d.f.Kind == Step {
		return b, xs, ys, within(d.f.AtRisk.Times, xs.lo, xs.hi), yt
	}
	xt = xs.ticks(84)
	if n := len(xt); n > 0 { // room for half of the last number
		if over := xs.at(xt[n-1]) + width(xs.labels(xt)[n-1], tickSize)/2 - (d.w - 4); over > 0 {
			b.x1 -= over
			xs.to = b.x1
		}
	}
	return b, xs, ys, xt, yt
}

// clip opens a group that nothing leaves sideways; the curves' own thickness
// has room at the edge.
func (d *drawing) clip(b box) {
	id := d.id + "-clip"
	d.open("clipPath", "id", id)
	d.rect(b.x0-1, b.y0-4, b.x1-b.x0+8, b.y1-b.y0+8)
	d.shut("clipPath")
	d.open("g", "clip-path", "url(#"+id+")")
}

// reference draws the zero line of a Y axis that crosses it.
func (d *drawing) reference(b box, xs, ys scale) {
	if !ys.log && ys.lo < 0 && ys.hi > 0 {
		d.line(b.x0, ys.at(0), b.x1, ys.at(0), muted, 1)
	}
}

func (d *drawing) sample(i int, x, y float64) {
	if d.f.Kind == Scatter {
		d.el("circle", append(fill(series(i)), "cx", num(x+10), "cy", num(y), "r", "3.5")...)
		return
	}
	d.el("path", append(d.pen(i), "d", "M"+num(x)+" "+num(y)+"h20")...)
}

func (d *drawing) pen(i int) []string {
	p := append(stroke(series(i), 2), "stroke-linejoin", "round")
	if s := dash(i); s != "" {
		p = append(p, "stroke-dasharray", s)
	}
	return p
}

// band shades between the limits. A step band keeps each limit until the next
// point, as the curve does.
func (d *drawing) band(s Series, i int, xs, ys scale) {
	if d.f.Kind == Scatter {
		return
	}
	step := d.f.Kind == Step
	var up, down strings.Builder
	flush := func() {
		if up.Len() > 0 {
			d.el("path", append(fill(series(i)), "fill-opacity", "0.14", "d", up.String()+down.String()+"z")...)
		}
		up.Reset()
		down.Reset()
	}
	var lowers []string
	for k := range s.X {
		lo, hi := s.Lo[k], s.Hi[k]
		if math.IsNaN(lo) || math.IsNaN(hi) {
			writeBack(&down, lowers)
			flush()
			lowers = nil
			continue
		}
		x, y := num(xs.hold(s.X[k])), num(ys.hold(hi))
		switch {
		case up.Len() == 0:
			up.WriteString("M" + x + " " + y)
		case step:
			up.WriteString("H" + x + "V" + y)
		default:
			up.WriteString("L" + x + " " + y)
		}
		if step && k+1 < len(s.X) {
			next := num(xs.hold(s.X[k+1]))
			if math.IsNaN(s.Lo[k+1]) || math.IsNaN(s.Hi[k+1]) {
				up.WriteString("H" + next)
			}
			lowers = append(lowers, "L"+x+" "+num(ys.hold(lo)), "L"+next+" "+num(ys.hold(lo)))
		} else {
			lowers = append(lowers, "L"+x+" "+num(ys.hold(lo)))
		}
	}
	writeBack(&down, lowers)
	flush()
}

func writeBack(b *strings.Builder, points []string) {
	for i := len(points) - 1; i >= 0; i-- {
		b.WriteString(points[i])
	}
}

// curve draws one series over its band, with its marks.
func (d *drawing) curve(s Series, i int, xs, ys scale) {
	if d.f.Kind == Scatter {
		d.points(s, i, xs, ys, 3.5)
		return
	}
	var p strings.Builder
	for _, k := range d.thin(s, xs) {
		x, y := num(xs.at(s.X[k])), num(ys.at(s.Y[k]))
		switch {
		case p.Len() == 0:
			fmt.Fprintf(&p, "M%s %s", x, y)
		case d.f.Kind == Step:
			fmt.Fprintf(&p, "H%sV%s", x, y)
		default:
			fmt.Fprintf(&p, "L%s %s", x, y)
		}
	}
	d.el("path", append(d.pen(i), "d", p.String())...)
	if d.f.Kind == Line && len(s.X) <= 24 {
		d.points(s, i, xs, ys, 3)
	}
	d.marks(s, i, xs, ys)
}

// points draws dots, with their intervals in a scatter.
func (d *drawing) points(s Series, i int, xs, ys scale, r float64) {
	opacity := "1"
	if len(s.X) > 40 {
		opacity = "0.55"
	}
	for k := range s.X {
		x, y := xs.at(s.X[k]), ys.at(s.Y[k])
		if d.f.Kind == Scatter && !math.IsNaN(s.Lo[k]) && !math.IsNaN(s.Hi[k]) {
			d.line(x, ys.hold(s.Lo[k]), x, ys.hold(s.Hi[k]), series(i), 1.25)
		}
		d.el("circle", append(fill(series(i)), "cx", num(x), "cy", num(y), "r", num(r), "fill-opacity", opacity)...)
		if len(s.Labels) > 0 {
			d.words(words{x: x + 6, y: y - 5, text: s.Labels[k], size: tickSize, role: muted})
		}
	}
}

// marks draws a short upright line on the curve where someone was censored.
func (d *drawing) marks(s Series, i int, xs, ys scale) {
	var p strings.Builder
	last := math.Inf(-1)
	for _, m := range s.Marks {
		x := xs.at(m)
		if m < xs.lo || m > xs.hi || math.Abs(x-last) < 0.5 {
			continue
		}
		last = x
		fmt.Fprintf(&p, "M%s %sv7", num(x), num(ys.hold(s.value(m, d.f.Kind == Step))-3.5))
	}
	if p.Len() > 0 {
		d.el("path", append(stroke(series(i), 1.1), "d", p.String())...)
	}
}

// value is the height of the curve at x: of the last point for steps, between
// the neighbours for lines.
func (s Series) value(x float64, step bool) float64 {
	if len(s.X) == 0 || x < s.X[0] {
		if len(s.Y) == 0 {
			return 0
		}
		return s.Y[0]
	}
	k := 0
	for k+1 < len(s.X) && s.X[k+1] <= x {
		k++
	}
	if step || k+1 == len(s.X) || s.X[k+1] == s.X[k] {
		return s.Y[k]
	}
	return s.Y[k] + (x-s.X[k])/(s.X[k+1]-s.X[k])*(s.Y[k+1]-s.Y[k])
}

// thin leaves out points that cannot be seen: of many points in one quarter of
// a pixel it keeps the first, lowest, highest and last.
func (d *drawing) thin(s Series, xs scale) []int {
	var keep []int
	for from := 0; from < len(s.X); {
		to, lo, hi := from, from, from
		for to+1 < len(s.X) && math.Abs(xs.at(s.X[to+1])-xs.at(s.X[from])) < 0.25 {
			to++
			if s.Y[to] < s.Y[lo] {
				lo = to
			}
			if s.Y[to] > s.Y[hi] {
				hi = to
			}
		}
		for _, k := range []int{from, min(lo, hi), max(lo, hi), to} {
			if len(keep) == 0 || k > keep[len(keep)-1] {
				keep = append(keep, k)
			}
		}
		from = to + 1
	}
	return keep
}
