package moments

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"hmsp.center/hmsp/analysis/internal/noisy"
)

// Bins of the histogram of a column over -1..1: odd, so that indicators stand in
// the middle of theirs.
const Bins = 33

// Bin is the place of x, which is within -1..1.
func Bin(x float64) int {
	return min(max(int(math.Round((x+1)/2*(Bins-1))), 0), Bins-1)
}

// A Spread is where a column's values lie: mean and standard deviation, and how far
// from the mean, in standard deviations, values go that stand out from the noise.
// Dictionaries declare ranges several times as wide as most people's values, and
// the noise of a private sum grows with the range.
type Spread struct {
	Mean, Deviation, Reach float64
}

// SpreadOf reads a histogram whose counts, of about n people in all, carry noise of
// standard deviation sd. A column that is not centred has its spread about 0.
func SpreadOf(counts []float64, sd, n float64, centred bool) Spread {
	const width = 2.0 / (Bins - 1)
	at := func(k int) float64 { return float64(k)*width - 1 }
	total, s, q := 0.0, 0.0, 0.0
	kept := slices.Clone(counts)
	noisy.Simplex(kept, n) // takes off all counts what noise has put on those of nobody
	for k, c := range kept {
		total, s, q = total+c, s+c*at(k), q+c*at(k)*at(k)
	}
	if !(total > 0) {
		return Spread{0, 1, 1}
	}
	out := Spread{Mean: s / total}
	if !centred {
		out.Mean = 0
	}
	out.Deviation = math.Max(math.Sqrt(math.Max(0, q/total-2*out.Mean*s/total+out.Mean*out.Mean)), width/3)
	far := 0.0
	for k, c := range kept {
		if c > 0 && counts[k] > 2*sd {
			far = math.Max(far, math.Abs(at(k)-out.Mean)+width/2)
		}
	}
	if far == 0 {
		far = 1 + math.Abs(out.Mean)
	}
	out.Reach = far / out.Deviation
	return out
}

// A Scaling takes rows x of a design to rows z = T x of mean about 0 and standard
// deviation about 1, but for the intercept.
type Scaling struct {
	T    *mat.Dense
	Room float64 // the length that hardly any z exceeds
}

// Scale reads the histograms of all columns but the intercept, one after the other.
func Scale(counts, sd []float64, n float64, columns int, intercept bool) Scaling {
	s := Scaling{T: mat.NewDense(columns, columns, nil)}
	first, squares := 0, 0.0
	if intercept {
		first, squares = 1, 1
		s.T.Set(0, 0, 1)
	}
	for j := first; j < columns; j++ {
		at := (j - first) * Bins
		c := SpreadOf(counts[at:at+Bins], sd[at], n, intercept)
		s.T.Set(j, j, 1/c.Deviation)
		if intercept {
			s.T.Set(j, 0, -c.Mean/c.Deviation)
		}
		squares += c.Reach * c.Reach
	}
	s.Room = math.Sqrt(squares)
	return s
}

// Imagined is the scaling that rows without noise would have, and the mean of z z'.
func Imagined(rows [][]float64, intercept bool) (Scaling, *mat.SymDense) {
	p := len(rows[0])
	m := mat.NewSymDense(p, nil)
	for _, x := range rows {
		m.SymRankOne(m, 1/float64(len(rows)), mat.NewVecDense(p, x))
	}
	s := Scaling{T: mat.NewDense(p, p, nil)}
	for j := range p {
		mean := 0.0
		if intercept && j > 0 {
			mean = m.At(0, j)
		}
		deviation := math.Sqrt(math.Max(m.At(j, j)-mean*mean, 1e-6))
		s.T.Set(j, j, 1/deviation)
		if intercept && j > 0 {
			s.T.Set(j, 0, -mean/deviation)
		}
	}
	return s, Sandwich(s.T, m)
}

// Length is the length to which rows z of p columns are shortened: one and a half
// times its root mean square, or more where noise is so small that even limit adds
// little error, up to the room of all of them.
func Length(p int, room, limit float64) float64 {
	return math.Min(room, math.Max(1.5*math.Sqrt(float64(p)), limit))
}

// Little is the share of the sampling error that noise may have before a bound is
// drawn closer than the data need.
const Little = 0.1

// A White row is a row z = T x shortened to a length.
type White struct {
	T      []float64 // row by row
	Length float64
	Z      []float64
	Factor float64 // of the shortening: Z is Factor T x
}

// Row takes a row of the design.
func (w *White) Row(x []float64) {
	if w.Z == nil {
		w.Z = make([]float64, len(x))
	}
	length := 0.0
	for j := range w.Z {
		w.Z[j] = 0
		for k, t := range w.T[j*len(x) : (j+1)*len(x)] {
			w.Z[j] += t * x[k]
		}
		length += w.Z[j] * w.Z[j]
	}
	w.Factor = math.Min(1, w.Length/math.Sqrt(length))
	for j := range w.Z {
		w.Z[j] *= w.Factor
	}
}

// AddTo adds r z in units of Length, clipped to a length of 1.
func (w *White) AddTo(at int, r float64, add func(int, float64)) {
	most := w.Length / w.length()
	r = math.Min(math.Max(r, -most), most)
	for j, z := range w.Z {
		add(at+j, r*z/w.Length)
	}
}

func (w *White) length() float64 {
	squares := 0.0
	for _, z := range w.Z {
		squares += z * z
	}
	return math.Sqrt(squares)
}

// AddOuter adds the upper triangle of r z z', within a norm of 1.
func (w *White) AddOuter(at int, r float64, add func(int, float64)) {
	length := w.length()
	r = math.Min(r/(w.Length*w.Length), 1/(length*length))
	for a := range w.Z {
		for _, z := range w.Z[a:] {
			add(at, r*w.Z[a]*z)
			at++
		}
	}
}
