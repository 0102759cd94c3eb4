package crosstab

import (
	"math"
	"math/bits"
	"slices"
	"sort"

	"hmsp.center/hmsp/analysis/internal/stat"
)

// An exact test enumerates at most so many fillings of the smaller half, which
// are kept, and of the larger, which pass by.
const (
	mostKept    = 1_000_000
	mostPassing = 6_000_000
	// Full rows leave fewer fillings than are counted beforehand; a table that
	// is beyond the limit by more than this factor is not begun.
	slack = 30
)

// exact is the p-value of Fisher's exact test of any table: the probability,
// given the margins, of all tables at most as probable as this one. ok is false
// where the table is too large to enumerate.
//
// The columns are cut in two halves. Every filling of the smaller half is written
// down under the row sums that it uses up; every filling of the larger half then
// looks up, among the fillings that complete it, how many are improbable enough.
// So the work grows with the square root of the number of tables. (Mehta and
// Patel, JASA 1983;78:427-434, have the network that this is the middle of.)
func exact(g grid) (p float64, ok bool) {
	if i, j := g.shape(); i > j {
		g = g.transpose() // fewer row sums to keep
	}
	rows, columns, n := g.margins()
	e, ok := newEnumeration(rows, n)
	if !ok {
		return 0, false
	}
	small, large, fillings := e.split(columns)
	if fillings > math.Log(slack*mostPassing) {
		return 0, false
	}
	ends := map[uint64]*ending{}
	if !e.fill(small, mostKept, func(used uint64, log float64) {
		end := ends[used]
		if end == nil {
			end = &ending{}
			ends[used] = end
		}
		end.logs = append(end.logs, log)
	}) {
		return 0, false
	}
	for _, end := range ends {
		end.sum()
	}
	constant, observed := -e.factorial[int(n)], 0.0
	for _, r := range rows {
		constant += e.factorial[int(r)]
	}
	for j, c := range columns {
		observed += e.factorial[int(c)]
		for i := range rows {
			observed -= e.factorial[int(g.n[i][j])]
		}
	}
	limit := observed + math.Log1p(1e-7)
	if !e.fill(large, mostPassing, func(used uint64, log float64) {
		if end := ends[e.all-used]; end != nil {
			p += end.atMost(limit-log, log+constant)
		}
	}) {
		return 0, false
	}
	return min(p, 1), true
}

// An enumeration fills columns with counts that stay below the row sums. What
// is used of the row sums is one number, a digit per row to the base of its sum
// plus one.
type enumeration struct {
	rows      []int
	place     []uint64 // of each row's digit
	all       uint64   // all rows used up
	factorial []float64
	left      int // fillings before giving up
}

func newEnumeration(rows []float64, n float64) (*enumeration, bool) {
	e := &enumeration{place: make([]uint64, len(rows))}
	next := uint64(1)
	for i, r := range rows {
		e.rows = append(e.rows, int(r))
		e.place[i] = next
		e.all += next * uint64(r)
		hi, lo := bits.Mul64(next, uint64(r)+1)
		if hi != 0 || n > 1e6 {
			return nil, false
		}
		next = lo
	}
	e.factorial = make([]float64, int(n)+len(rows)+1)
	for i := range e.factorial {
		e.factorial[i] = stat.LogFactorial(float64(i))
	}
	return e, true
}

// split cuts the columns so that both halves have about as many fillings, and
// returns the half with fewer first, and the logarithm of at most how many the
// other has.
func (e *enumeration) split(columns []float64) (small, large []int, fillings float64) {
	sorted := slices.Clone(columns)
	slices.Sort(sorted)
	slices.Reverse(sorted)
	var a, b float64 // logarithms of the numbers of fillings
	more := len(e.rows) - 1
	for _, c := range sorted {
		l := e.factorial[int(c)+more] - e.factorial[int(c)] - e.factorial[more]
		if a <= b {
			small, a = append(small, int(c)), a+l
		} else {
			large, b = append(large, int(c)), b+l
		}
	}
	if a > b {
		return large, small, a
	}
	return small, large, b
}

// fill calls visit for every filling of the columns with what it uses of the
// row sums, and the sum of log(column!/(cells!)). It gives up after most fillings.
func (e *enumeration) fill(columns []int, most int, visit func(used uint64, log float64)) bool {
	e.left = most
	return e.column(columns, slices.Clone(e.rows), 0, 0, visit)
}

// column fills the first of the columns, with room left in each row.
func (e *enumeration) column(columns, room []int, used uint64, log float64, visit func(uint64, float64)) bool {
	if len(columns) == 0 {
		e.left--
		visit(used, log)
		return e.left >= 0
	}
	below := 0
	for _, r := range room {
		below += r
	}
	return e.cell(columns, 0, columns[0], below, room, used, log+e.factorial[columns[0]], visit)
}

// cell puts left people into row i and those after it, which have room for
// total people.
func (e *enumeration) cell(columns []int, i, left, total int, room []int, used uint64, log float64, visit func(uint64, float64)) bool {
	if i == len(room) {
		return e.column(columns[1:], room, used, log, visit)
	}
	total -= room[i]
	for x := max(0, left-total); x <= min(left, room[i]); x++ {
		room[i] -= x
		ok := e.cell(columns, i+1, left-x, total, room, used+uint64(x)*e.place[i], log-e.factorial[x], visit)
		room[i] += x
		if !ok {
			return false
		}
	}
	return true
}

// An ending is all fillings of the smaller half that use the same row sums.
type ending struct {
	logs []float64 // ascending
	sums []float64 // of exp(logs - top), up to and with each
	top  float64
}

func (e *ending) sum() {
	slices.Sort(e.logs)
	e.top = e.logs[len(e.logs)-1]
	total := 0.0
	for _, l := range e.logs {
		total += math.Exp(l - e.top)
		e.sums = append(e.sums, total)
	}
}

// atMost is exp(scale) times the sum of all fillings whose log is at most limit.
func (e *ending) atMost(limit, scale float64) float64 {
	i := sort.Search(len(e.logs), func(i int) bool { return e.logs[i] > limit })
	if i == 0 {
		return 0
	}
	return e.sums[i-1] * math.Exp(e.top+scale)
}
