package stat

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// R's distribution functions (testdata/make_dist.R), relative down to 1e-300: to
// 1e-10, a hundred times finer than the 1e-8 asked of a table, and to 5e-9 for F
// with a million degrees of freedom.
func TestTailsAreThoseOfR(t *testing.T) {
	f, err := os.Open("testdata/dist.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		var x [4]float64
		for i := range x {
			if x[i], err = strconv.ParseFloat(line[1+i], 64); err != nil {
				t.Fatal(err)
			}
		}
		a, b, c, want := x[0], x[1], x[2], x[3]
		var got float64
		switch line[0] {
		case "normal":
			got = NormalTwoSided(-a)
		case "normalq":
			got = NormalQuantile(a)
		case "t":
			got = TTwoSided(-a, b)
		case "tq":
			got = TQuantile(a, b)
		case "chisq":
			got = ChiSquareUpper(a, b)
		case "f":
			got = FUpper(a, b, c)
		case "lfact":
			got = LogFactorial(a)
		}
		tol := 1e-10
		if line[0] == "f" && c == 1e6 {
			tol = 5e-9
		}
		if !(math.Abs(got-want) <= tol*math.Abs(want)+1e-300) {
			t.Errorf("%v: got %.17g (relative difference %.2g)", line, got, (got-want)/want)
		}
	}
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func TestTailsOfNonsenseAreNaN(t *testing.T) {
	for i, x := range []float64{NormalTwoSided(math.NaN()), NormalQuantile(2), TTwoSided(1, 0), TTwoSided(math.NaN(), 3), TQuantile(0.5, -1),
		TQuantile(-0.5, 1), ChiSquareUpper(1, 0), ChiSquareUpper(math.NaN(), 1), FUpper(1, 0, 1), FUpper(1, 1, 0), FUpper(math.NaN(), 1, 1)} {
		if x == x {
			t.Errorf("case %d: %v", i, x)
		}
	}
	if TTwoSided(math.Inf(1), 3) != 0 || ChiSquareUpper(-1, 1) != 1 || FUpper(0, 1, 1) != 1 {
		t.Error("limits are wrong")
	}
}

// A solution solves the equations of the columns kept, the inverse is one, and
// a copy or a sum of earlier columns is left out: that one and no other.
func TestSolve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.IntRange(1, 7).Draw(t, "p")
		alias := rapid.IntRange(-1, p-1).Draw(t, "alias")
		rows := make([][]float64, 40)
		for i := range rows {
			rows[i] = make([]float64, p)
			for j := range rows[i] {
				rows[i][j] = rapid.Float64Range(-1, 1).Draw(t, "x") + math.Sin(float64(7*i+3*j*j+i*j))
				if j == alias {
					rows[i][j] = 0
					for k := range j {
						rows[i][j] += float64(k+1) * rows[i][k]
					}
				}
			}
		}
		a, v := mat.NewSymDense(p, nil), make([]float64, p)
		for i, r := range rows {
			for j := range p {
				for k := j; k < p; k++ {
					a.SetSym(j, k, a.At(j, k)+r[j]*r[k])
				}
				v[j] += r[j] * float64(i%5)
			}
		}
		s := Solve(a, v)
		want := p
		if alias >= 0 {
			want--
		}
		if s.Rank != want {
			t.Fatalf("rank %d of %d, aliased %v, want column %d", s.Rank, p, s.Aliased, alias)
		}
		for i := range p {
			if s.Aliased[i] != (i == alias) || s.Aliased[i] != math.IsNaN(s.Beta[i]) {
				t.Fatalf("aliased %v, beta %v, want column %d", s.Aliased, s.Beta, alias)
			}
			if i == alias {
				continue
			}
			sum := 0.0
			for j := range p {
				if j == alias {
					continue
				}
				sum += a.At(i, j) * s.Beta[j]
				unit := 0.0
				for k := range p {
					if k != alias {
						unit += a.At(i, k) * s.Inverse.At(k, j)
					}
				}
				if math.Abs(unit-b2f(i == j)) > 1e-6 {
					t.Fatalf("inverse times matrix is %v at %d,%d", unit, i, j)
				}
			}
			if math.Abs(sum-v[i]) > 1e-6*(1+math.Abs(v[i])) {
				t.Fatalf("equation %d: %v, want %v", i, sum, v[i])
			}
		}
	})
}
