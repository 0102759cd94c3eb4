package vcf

import (
	"bytes"
	"math"
	"strconv"

	"hmsp.center/hmsp/genotype"
)

// A layout is where a sample's fields are that are read, by FORMAT (section 1.6.2); -1 if
// it has no such field.
type layout struct {
	gt, ds, gp int
	fields     int
	last       int    // of those that are read: GP is, where there is nothing else
	text       []byte // the FORMAT that it is of
}

func (l *layout) set(format []byte) {
	if bytes.Equal(l.text, format) && l.fields > 0 {
		return
	}
	*l = layout{gt: -1, ds: -1, gp: -1, text: append(l.text[:0], format...)}
	for rest, more := format, true; more; l.fields++ {
		var key []byte
		key, rest, more = bytes.Cut(rest, []byte{':'})
		switch string(key) {
		case "GT":
			l.gt = l.fields
		case "DS":
			l.ds = l.fields
		case "GP":
			l.gp = l.fields
		}
	}
	l.last = max(l.gt, l.ds)
	if l.last < 0 {
		l.last = l.gp
	}
}

// soft decodes samples with dosages, or with GT in any place or none. Where c.Dosages is
// nil there are none to be read.
func (d *decoder) soft(b []byte, n int, l layout, c *genotype.Calls) (int, error) {
	i := 0
	for p := 0; p <= len(b); i++ {
		if i == n {
			return n + 1, nil
		}
		var sample []byte
		sample, p = field(b, p)
		if why := d.sample(sample, i, l, c); why != "" {
			return i, wrong(i, why)
		}
	}
	return i, nil
}

// sample decodes the fields of one sample; those at the end may be left out.
func (d *decoder) sample(b []byte, i int, l layout, c *genotype.Calls) (why string) {
	count, haploid, dosage := -1, false, float32(math.NaN())
	for k, more := 0, true; more && (k <= l.last || k == l.fields); k++ {
		if k == l.fields {
			return "has more fields than FORMAT names"
		}
		var value []byte
		if value, b, more = cut(b, ':'); len(value) == 0 {
			continue // as htslib takes it
		}
		switch k {
		case l.gt:
			var end int
			if count, haploid, end, why = d.one(value, 0); why == "" && end != len(value) {
				why = "has a genotype that is none"
			}
		case l.ds:
			dosage, why = d.ds(value)
		case l.gp:
			if c.Dosages != nil && l.ds < 0 {
				dosage, why = d.gp(value)
			}
		}
		if why != "" {
			return why
		}
	}
	return settle(c, i, count, haploid && l.ds >= 0, dosage)
}

// cut is bytes.Cut by one byte.
func cut(b []byte, at byte) (before, after []byte, found bool) {
	if i := bytes.IndexByte(b, at); i >= 0 {
		return b[:i], b[i+1:], true
	}
	return b, nil, false
}

// hardWithin is how near to a count a dosage lies that is called, 0.1, rounded up as plink2
// does, which keeps dosages in steps of 1/16384 (--hard-call-threshold).
const hardWithin = 1638.5 / 16384

// settle sets the call and the dosage of a sample. A dosage of a haploid genotype is of one
// allele, and counts as two.
func settle(c *genotype.Calls, i, count int, haploid bool, dosage float32) (why string) {
	if c.Dosages == nil {
		c.Set(i, count)
		return ""
	}
	if dosage != dosage { // missing
		c.Dosages[i] = dosage
		if count >= 0 {
			c.Dosages[i] = float32(count)
		}
		c.Set(i, count)
		return ""
	}
	if haploid {
		dosage *= 2
	}
	if dosage < 0 || dosage > 2.001 {
		return "has a dosage that is not between 0 and 2, or 0 and 1 of a haploid genotype"
	}
	dosage = min(dosage, 2)
	c.Dosages[i] = dosage
	nearest := int(dosage + 0.5)
	if math.Abs(float64(dosage)-float64(nearest)) >= hardWithin {
		nearest = -1
	}
	c.Set(i, nearest)
	return ""
}

// ds reads the dosage of the target: the values are of the alternate alleles in order.
func (d *decoder) ds(b []byte) (dosage float32, why string) {
	if string(b) == "." || d.alleles == 0 {
		return float32(math.NaN()), ""
	}
	for k, more := 1, true; more; k++ {
		var value []byte
		if value, b, more = cut(b, ','); k > d.alleles {
			return 0, "has more dosages than the record has alternate alleles"
		}
		if k == d.target {
			dosage, why = float(value)
		}
		if !more && k < d.alleles {
			return 0, "has fewer dosages than the record has alternate alleles"
		}
	}
	return dosage, why
}

// gp makes a dosage of the probabilities of the genotypes, which are in the order of the
// likelihoods (GL, section 1.6.2): of j/k at k(k+1)/2+j.
func (d *decoder) gp(b []byte) (dosage float32, why string) {
	if string(b) == "." {
		return float32(math.NaN()), ""
	}
	values := bytes.Count(b, []byte{','}) + 1
	w, ok := d.weights(values)
	if !ok {
		return 0, noProbabilities
	}
	for more := true; more; {
		var value []byte
		value, b, more = cut(b, ',')
		p, why := float(value)
		if why != "" {
			return 0, why
		}
		w.add(p)
	}
	return w.dosage()
}

const noProbabilities = "has GP that are not the probabilities of its genotypes: one for each, from 0 to 1, together 1 (before VCF 4.3 they may be on the phred scale)"

// weights sums up the dosage of the target from probabilities.
type weights struct {
	target      int
	haploid     bool
	j, k        int
	sum, weight float32
	bad         bool
}

func (d *decoder) weights(values int) (weights, bool) {
	n := d.alleles + 1
	return weights{target: d.target, haploid: values == n}, values == n || values == n*(n+1)/2
}

func (w *weights) add(p float32) {
	w.bad = w.bad || !(p >= -0.001 && p <= 1.001)
	w.sum += p
	if w.haploid {
		w.weight += 2 * p * float32(hit(w.j, w.target))
		w.j++
		return
	}
	w.weight += p * float32(hit(w.j, w.target)+hit(w.k, w.target))
	if w.j++; w.j > w.k {
		w.j, w.k = 0, w.k+1
	}
}

func (w *weights) dosage() (float32, string) {
	if w.sum != w.sum {
		return w.sum, ""
	}
	if w.bad || w.sum < 0.98 || w.sum > 1.02 {
		return 0, noProbabilities
	}
	return max(0, min(w.weight/w.sum, 2)), ""
}

// float reads a number; NaN for a point.
func float(b []byte) (float32, string) {
	if string(b) == "." {
		return float32(math.NaN()), ""
	}
	mantissa, scale, point := 0, 1, false
	for _, d := range b {
		switch {
		case d == '.' && !point:
			point = true
		case d >= '0' && d <= '9' && len(b) <= 16:
			mantissa = 10*mantissa + int(d-'0')
			if point {
				scale *= 10
			}
		default:
			return slowFloat(b)
		}
	}
	if len(b) == 0 {
		return slowFloat(b)
	}
	return float32(float64(mantissa) / float64(scale)), ""
}

func slowFloat(b []byte) (float32, string) {
	x, err := strconv.ParseFloat(string(b), 32)
	if err != nil || math.IsInf(x, 0) {
		return 0, "has a dosage that is no number"
	}
	return float32(x), ""
}
