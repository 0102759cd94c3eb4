package noisy

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// observe counts leaves at every level and adds noise of the given deviations; the
// first is the root's.
func observe(s Shape, leaves []int, sd []float64, r *rand.Rand) (Count, [][]float64) {
	counts := make([][]float64, len(s.levels))
	for l := range counts {
		counts[l] = make([]float64, s.levels[l])
		for _, leaf := range leaves {
			counts[l][s.Node(l, leaf)]++
		}
		for i := range counts[l] {
			counts[l][i] += sd[l+1] * r.NormFloat64()
		}
	}
	return Count{float64(len(leaves)) + sd[0]*r.NormFloat64(), sd[0]}, counts
}

func shape(t testing.TB, leaves int) Shape {
	t.Helper()
	s, err := NewShape(leaves)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestShapes(t *testing.T) {
	for leaves, want := range map[int][]int{1: {1}, 2: {2}, 16: {16}, 17: {2, 17}, 83: {6, 83}, 256: {16, 256}, 257: {2, 17, 257}, 65536: {16, 256, 4096, 65536}} {
		s := shape(t, leaves)
		if !slices.Equal(s.Levels(), want) {
			t.Errorf("%d leaves have levels %v, want %v", leaves, s.Levels(), want)
		}
		for l := range want {
			if got := s.Node(l, leaves-1); got != want[l]-1 {
				t.Errorf("%d leaves: the last is in node %d of level %d of %d", leaves, got, l, want[l])
			}
		}
	}
	for _, leaves := range []int{-1, 0, 65537} {
		if _, err := NewShape(leaves); err == nil {
			t.Errorf("%d leaves were taken", leaves)
		}
	}
}

// dense is the weighted least squares fit of the leaves by the normal equations,
// with its covariance: what a tree must agree with.
func dense(s Shape, root Count, counts [][]float64, sd []float64) (*mat.VecDense, *mat.SymDense) {
	a, b := mat.NewSymDense(s.Leaves, nil), mat.NewVecDense(s.Leaves, nil)
	observed := func(from, to int, y, sd float64) {
		for i := from; i < to; i++ {
			b.SetVec(i, b.AtVec(i)+y/sd/sd)
			for j := i; j < to; j++ {
				a.SetSym(i, j, a.At(i, j)+1/sd/sd)
			}
		}
	}
	observed(0, s.Leaves, root.N, root.SD)
	for l, level := range counts {
		for node, y := range level {
			from, to := 0, 0
			for leaf := s.Leaves - 1; leaf >= 0; leaf-- {
				if s.Node(l, leaf) == node {
					from, to = leaf, max(to, leaf+1)
				}
			}
			observed(from, to, y, sd[l])
		}
	}
	var inverse mat.SymDense
	var chol mat.Cholesky
	chol.Factorize(a)
	_ = chol.InverseTo(&inverse)
	var x mat.VecDense
	_ = chol.SolveVecTo(&x, b)
	return &x, &inverse
}

// The two passes give the least squares fit, and the variances of what is read off
// it are the exact ones.
func TestTreeIsTheLeastSquaresFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := NewShape(rapid.SampledFrom([]int{2, 5, 16, 17, 40, 83, 256, 259}).Draw(t, "leaves"))
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		sd := []float64{rapid.Float64Range(0.1, 20).Draw(t, "root")}
		for range s.levels {
			sd = append(sd, rapid.Float64Range(0.1, 20).Draw(t, "sd"))
		}
		people := make([]int, 200)
		for i := range people {
			people[i] = r.IntN(s.Leaves)
		}
		root, counts := observe(s, people, sd, r)
		tree := s.Settle(root, counts, sd[1:])
		x, cov := dense(s, root, counts, sd[1:])
		from := rapid.IntRange(0, s.Leaves-1).Draw(t, "from")
		to := rapid.IntRange(from+1, s.Leaves).Draw(t, "to")
		prob := rapid.Float64Range(0, 1).Draw(t, "prob")
		check := func(what string, got, want float64) {
			if !(math.Abs(got-want) < 1e-7*(1+math.Abs(want))) {
				t.Fatalf("%d leaves, %d..%d: %s is %v, the normal equations have %v", s.Leaves, from, to, what, got, want)
			}
		}
		weigh := func(inside, outside float64, from, to int) (value, sd float64) {
			w := mat.NewVecDense(s.Leaves, nil)
			for i := range s.Leaves {
				w.SetVec(i, outside)
				if i >= from && i < to {
					w.SetVec(i, inside)
				}
			}
			var cw mat.VecDense
			cw.MulVec(cov, w)
			return mat.Dot(w, x), math.Sqrt(mat.Dot(w, &cw))
		}
		n, noise := weigh(1, 1, 0, s.Leaves)
		check("the total", tree.Total().N, n)
		check("the total's noise", tree.Total().SD, noise)
		n, noise = weigh(1, 0, from, to)
		check("the range", tree.Range(from, to).N, n)
		check("the range's noise", tree.Range(from, to).SD, noise)
		_, noise = weigh(1-prob, -prob, 0, to)
		check("the rank's noise", tree.RankNoise(to-1, prob), noise)
	})
}

// What is read is monotone, and the two readings are each other's inverse.
func TestReadingIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := NewShape(rapid.IntRange(2, 5000).Draw(t, "leaves"))
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		noise := rapid.SampledFrom([]float64{1e-7, 1, 30, 1e6}).Draw(t, "noise")
		sd := make([]float64, len(s.levels)+1)
		for i := range sd {
			sd[i] = noise
		}
		people := make([]int, rapid.IntRange(0, 300).Draw(t, "people"))
		for i := range people {
			people[i] = min(int(math.Abs(r.NormFloat64())*float64(s.Leaves)/4), s.Leaves-1)
		}
		root, counts := observe(s, people, sd, r)
		tree := s.Settle(root, counts, sd[1:])
		total, last := math.Max(tree.Total().N, 0), -1.0
		for k := range 60 {
			rank := total * float64(k) / 59
			leaf, within := tree.Place(rank)
			place := float64(leaf) + within
			if leaf < 0 || leaf >= s.Leaves || !(within >= 0 && within <= 1) || place < last {
				t.Fatalf("rank %v of %v is at %v, after %v", rank, total, place, last)
			}
			last = place
			if got := tree.Below(place); total > 1e-3 && math.Abs(got-rank) > 1e-6*(1+total) {
				t.Fatalf("%v are below the place of %v", got, rank)
			}
		}
	})
}

// Methods B6: 10,000 people, 65536 leaves, rho .02436 over four levels, no root:
// mean rank error at most .3%, largest at most 1.5%, of 5 quantiles in 50 runs.
func TestRankErrorOfMethodsB6(t *testing.T) {
	const people, runs, rho = 10000, 50, .02436
	s := shape(t, MostLeaves)
	r := rand.New(rand.NewPCG(20260601, 3))
	sigma := math.Sqrt(float64(len(s.levels)) / (2 * rho))
	sd := []float64{0, sigma, sigma, sigma, sigma} // the root is not counted
	for k, draw := range []func() float64{
		func() float64 { return 0.5 + 0.1*r.NormFloat64() },
		func() float64 { return 0.01 * math.Exp(r.NormFloat64()) },
		r.Float64,
	} {
		name := []string{"normal", "lognormal", "uniform"}[k]
		leaves := make([]int, people)
		for i := range leaves {
			leaves[i] = min(max(int(draw()*MostLeaves), 0), MostLeaves-1)
		}
		slices.Sort(leaves)
		mean, worst := 0.0, 0.0
		covered := 0
		probs := []float64{0.05, 0.25, 0.5, 0.75, 0.95}
		for range runs {
			_, counts := observe(s, leaves, sd, r)
			tree := s.Settle(Unknown(), counts, sd[1:])
			for _, p := range probs {
				leaf, _ := tree.Place(p * tree.Total().N)
				below, upto := searches(leaves, leaf)
				off := math.Max(0, math.Max(below-p*people, p*people-upto)) / people
				mean, worst = mean+off/float64(runs*len(probs)), math.Max(worst, off)
				if off*people <= Z95*tree.RankNoise(leaf, p) {
					covered++
				}
			}
		}
		t.Logf("%s: mean rank error %.3f%%, largest %.2f%%, intervals hold in %d of %d", name, 100*mean, 100*worst, covered, runs*len(probs))
		if mean > .003 || worst > .015 {
			t.Errorf("%s: mean rank error %.3f%%, largest %.2f%%: want at most .3%% and 1.5%%", name, 100*mean, 100*worst)
		}
	}
}

// searches is how many are below the leaf, and up to and including it.
func searches(sorted []int, leaf int) (below, upto float64) {
	a, _ := slices.BinarySearch(sorted, leaf)
	b, _ := slices.BinarySearch(sorted, leaf+1)
	return float64(a), float64(b)
}

func TestSimplexIsTheNearestPoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(rapid.Float64Range(-50, 50), 1, 20).Draw(t, "xs")
		total := rapid.Float64Range(0.001, 100).Draw(t, "total")
		got := slices.Clone(xs)
		Simplex(got, total)
		sum := 0.0
		for _, x := range got {
			if x < 0 {
				t.Fatalf("%v is below 0", x)
			}
			sum += x
		}
		if math.Abs(sum-total) > 1e-9*(1+total) {
			t.Fatalf("sums to %v, want %v", sum, total)
		}
		// Optimality: what is above 0 has moved by one amount, what is 0 by no more.
		moved := math.Inf(-1)
		for i, x := range got {
			if x > 0 {
				moved = x - xs[i]
			}
		}
		for i, x := range got {
			if x > 0 && math.Abs(x-xs[i]-moved) > 1e-9 || x == 0 && -xs[i] < moved-1e-9 {
				t.Fatalf("%v moved to %v", xs, got)
			}
		}
	})
	xs := []float64{3, -1, 2}
	Simplex(xs, -2)
	if !slices.Equal(xs, []float64{0, 0, 0}) {
		t.Errorf("of nobody there are %v", xs)
	}
}

func TestPositiveHasNoNegativeEigenvalue(t *testing.T) {
	a := mat.NewSymDense(3, []float64{2, 1.5, -1, 1.5, 0.5, 0.3, -1, 0.3, -0.4})
	b := Positive(a)
	var e, d mat.EigenSym
	e.Factorize(b, false)
	d.Factorize(a, false)
	for k, x := range e.Values(nil) {
		if want := math.Max(0, d.Values(nil)[k]); math.Abs(x-want) > 1e-12 {
			t.Errorf("eigenvalue %v, want %v", x, want)
		}
	}
	if c := Positive(b); !mat.EqualApprox(b, c, 1e-12) {
		t.Error("a positive matrix was changed")
	}
}
