package plot

import "math"

// direct finds a place beside each curve for its name, so that no legend is
// needed: where no curve crosses it, no other name stands, and its own curve is
// the nearest. It returns nil where one of the names finds no place.
func (d *drawing) direct(b box, xs, ys scale) []words {
	if n := len(d.f.Series); d.f.Kind == Scatter || n < 2 || n > 5 || !d.f.named() {
		return nil
	}
	var out []words
	var taken []box
	for i, s := range d.f.Series {
		if s.Name == "" || len(s.X) < 2 || width(s.Name, labelSize) > (b.x1-b.x0)*0.3 {
			return nil
		}
		w, ok := d.beside(i, b, xs, ys, taken)
		if !ok {
			return nil
		}
		out = append(out, w)
		taken = append(taken, frameOf(w))
	}
	return out
}

func frameOf(w words) box {
	return box{w.x - 2, w.y - w.size, w.x + width(w.text, w.size)*1.06 + 2, w.y + 4}
}

// beside tries places along curve i, the middle of its right half first.
func (d *drawing) beside(i int, b box, xs, ys scale, taken []box) (words, bool) {
	s := d.f.Series[i]
	x0, x1 := xs.hold(s.X[0]), xs.hold(s.X[len(s.X)-1])
	for _, t := range []float64{0.62, 0.68, 0.56, 0.74, 0.5, 0.8, 0.44, 0.86, 0.38, 0.92, 0.32, 0.97, 0.26, 0.2} {
		px := x0 + t*(x1-x0)
		v := xs.lo + (px-xs.from)/(xs.to-xs.from)*(xs.hi-xs.lo)
		if xs.log {
			v = math.Exp(math.Log(xs.lo) + (px-xs.from)/(xs.to-xs.from)*math.Log(xs.hi/xs.lo))
		}
		py := ys.hold(s.value(v, d.f.Kind == Step))
		long := width(s.Name, labelSize) * 1.06
		for _, at := range [4][2]float64{{px + 5, py - 7}, {px - long - 6, py - 7}, {px - long - 6, py + 16}, {px + 5, py + 16}} {
			w := words{x: at[0], y: at[1], text: s.Name, size: labelSize, role: series(i), bold: true, halo: true}
			if d.clear(i, frameOf(w), b, xs, ys, taken) {
				return w, true
			}
		}
	}
	return words{}, false
}

// clear says whether nothing is in the frame of a name: 1 pixel from its own
// curve, 9 from every other.
func (d *drawing) clear(own int, f, b box, xs, ys scale, taken []box) bool {
	if f.x0 < b.x0+2 || f.x1 > b.x1 || f.y0 < b.y0-2 || f.y1 > b.y1-2 {
		return false
	}
	for _, t := range taken {
		if f.x0 < t.x1+4 && f.x1 > t.x0-4 && f.y0 < t.y1+4 && f.y1 > t.y0-4 {
			return false
		}
	}
	for i, s := range d.f.Series {
		gap := 9.0
		if i == own {
			gap = 1
		}
		wide := box{f.x0 - gap, f.y0 - gap, f.x1 + gap, f.y1 + gap}
		for k := 0; k+1 < len(s.X); k++ {
			ax, ay, bx, by := xs.at(s.X[k]), ys.at(s.Y[k]), xs.at(s.X[k+1]), ys.at(s.Y[k+1])
			if d.f.Kind == Step {
				if wide.crossed(ax, ay, bx, ay) || wide.crossed(bx, ay, bx, by) {
					return false
				}
			} else if wide.crossed(ax, ay, bx, by) {
				return false
			}
		}
		for _, m := range s.Marks {
			x, y := xs.at(m), ys.hold(s.value(m, d.f.Kind == Step))
			if wide.crossed(x, y-4, x, y+4) {
				return false
			}
		}
	}
	return true
}

// crossed says whether the segment from (ax, ay) to (bx, by) meets the box:
// Liang and Barsky's clipping, 1984.
func (b box) crossed(ax, ay, bx, by float64) bool {
	t0, t1 := 0.0, 1.0
	dx, dy := bx-ax, by-ay
	for _, e := range [4][2]float64{{-dx, ax - b.x0}, {dx, b.x1 - ax}, {-dy, ay - b.y0}, {dy, b.y1 - ay}} {
		p, q := e[0], e[1]
		if p == 0 {
			if q < 0 {
				return false
			}
			continue
		}
		if r := q / p; p < 0 {
			t0 = max(t0, r)
		} else {
			t1 = min(t1, r)
		}
	}
	return t0 <= t1
}
