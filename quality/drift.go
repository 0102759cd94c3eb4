package quality

import "math"

const (
	ksParts  = 60  // parts of the distribution in which it is compared
	psiParts = 10  // coarser, for the index: the usual deciles
	smallest = 50  // people of a batch at least, and of all others
	chance   = 3.1 // the normal quantile of a chance of 1 in 1000, before the number of batches
)

// drift compares each batch with all others together, and keeps the largest
// population stability index, sum (p-q) ln(p/q) over deciles or levels (Siddiqi,
// Credit Risk Scorecards, 2006: from 0.1 moderate, from 0.25 large).
//
// Small batches differ by chance: for samples of n and m people the index is about
// (1/n + 1/m) times chi-squared (Yurdakul, Statistical properties of the population
// stability index, 2018), so a difference is confirmed above the quantile of that. People are
// counted and not values, which are alike in one patient.
func (v *pass) drift() *Drift {
	groups, n := psiGroups(v.total)
	var best *Drift
	compared := 0
	for i, label := range v.meter.batches.labels {
		others := 0
		rest := make([]int, len(v.total))
		for j := range v.cells {
			if j == i {
				continue
			}
			others = max(others, v.people[j]) // people may be in several
			for k, c := range v.cells[j] {
				rest[k] += c
			}
		}
		if v.people[i] < smallest || others < smallest {
			continue
		}
		compared++
		d := Drift{Batch: label, PSI: psi(fold(v.cells[i], groups, n), fold(rest, groups, n))}
		if v.column.variable.Numeric() && v.column.variable.Kind != "flag" {
			d.KS = ks(v.cells[i], rest)
		}
		d.Confirmed = d.PSI > chiSquared(n-1, chance+0.5*math.Log10(float64(len(v.cells))))*(1/float64(v.people[i])+1/float64(others))
		if best == nil || d.Confirmed && !best.Confirmed || d.Confirmed == best.Confirmed && d.PSI > best.PSI {
			best = &d
		}
	}
	if compared < 2 {
		return nil
	}
	return best
}

// psiGroups joins neighbouring parts to about deciles of the whole; levels stay.
func psiGroups(total []int) (group []int, n int) {
	group = make([]int, len(total))
	if len(total) <= psiParts {
		for i := range group {
			group[i] = i
		}
		return group, len(total)
	}
	all := 0
	for _, c := range total {
		all += c
	}
	seen, at, last := 0, -1, -1
	for i, c := range total {
		if want := min((2*seen+c)*psiParts/max(2*all, 1), psiParts-1); want > last {
			at, last = at+1, want
		}
		group[i] = at
		seen += c
	}
	return group, at + 1
}

func fold(cells, group []int, n int) []int {
	out := make([]int, n)
	for i, c := range cells {
		out[group[i]] += c
	}
	return out
}

// psi adds half a value to every cell, so that an empty one makes no infinity.
func psi(a, b []int) float64 {
	na, nb := 0.5*float64(len(a)), 0.5*float64(len(b))
	for i := range a {
		na, nb = na+float64(a[i]), nb+float64(b[i])
	}
	sum := 0.0
	for i := range a {
		p, q := (float64(a[i])+0.5)/na, (float64(b[i])+0.5)/nb
		sum += (p - q) * math.Log(p/q)
	}
	return sum
}

// ks is the largest difference of the distributions at the bounds of the parts, which
// is at most the true distance.
func ks(a, b []int) float64 {
	na, nb := 0, 0
	for i := range a {
		na, nb = na+a[i], nb+b[i]
	}
	sa, sb, d := 0, 0, 0.0
	for i := range a {
		sa, sb = sa+a[i], sb+b[i]
		d = max(d, math.Abs(share(sa, na)-share(sb, nb)))
	}
	return d
}

// chiSquared is the quantile of chi-squared at a normal quantile z (Wilson and
// Hilferty, PNAS 1931;17:684).
func chiSquared(df int, z float64) float64 {
	k := float64(max(df, 1))
	x := 1 - 2/(9*k) + z*math.Sqrt(2/(9*k))
	return k * x * x * x
}
