package quality

import "math"

// digitSample is about how many values are looked at for the preference of digits.
const digitSample = 1 << 16

// mostDecimals is how many decimals are tried.
const mostDecimals = 3

// digits counts the last digits of values that were read off an instrument.
type digits struct {
	n     int
	whole [mostDecimals + 1]int     // values that have no more than so many decimals
	last  [mostDecimals + 1][10]int // their last digits at so many
}

func (d *digits) add(x float64) {
	d.n++
	x = math.Abs(x)
	for k, scale := 0, 1.0; k <= mostDecimals; k, scale = k+1, scale*10 {
		y := x * scale
		r := math.Round(y)
		if r > 1e12 {
			return
		}
		if math.Abs(y-r) <= 1e-6*max(1, y*1e-3) {
			d.whole[k]++
			d.last[k][int(int64(r)%10)]++
		}
	}
}

// judge gives the digit preference score, from 0 to 1: the root of chi-squared over
// nine times the number of values, of the last digits against an even distribution
// (Kuulasmaa, Hense, Tolonen, Quality assessment of data on blood pressure in the WHO
// MONICA project, 1998, where it is times 100). The last digit is that of the fewest
// decimals that 99% of the values do with. It is not judged of values that do not
// spread over 20 last digits, whose last digits are uneven by themselves, nor of
// values without a resolution, as those that were converted from another unit.
func (d *digits) judge(s *sketch) (score *float64, decimals *int) {
	if d.n < 100 {
		return nil, nil
	}
	for k, scale := 0, 1.0; k <= mostDecimals; k, scale = k+1, scale*10 {
		if 100*d.whole[k] < 99*d.n {
			continue
		}
		q := s.quantiles(false, 0.25, 0.75)
		if (q[1]-q[0])*scale < 20 {
			return nil, nil
		}
		n := float64(d.whole[k])
		chi := 0.0
		for _, c := range d.last[k] {
			e := n / 10
			chi += (float64(c) - e) * (float64(c) - e) / e
		}
		x := math.Sqrt(chi / (9 * n))
		return &x, &k
	}
	return nil, nil
}
