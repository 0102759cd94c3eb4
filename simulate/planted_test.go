package simulate_test

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/biom"
	"hmsp.center/hmsp/format/fitbit"
	"hmsp.center/hmsp/format/vcf"
	"hmsp.center/hmsp/simulate"
	"hmsp.center/hmsp/simulate/modality"
)

// slope is that of a regression of y on x and its standard error; pairs with a NaN are
// left out.
func slope(x, y []float64) (b, se float64) {
	var n, mx, my float64
	for i := range x {
		if !math.IsNaN(x[i] + y[i]) {
			n, mx, my = n+1, mx+x[i], my+y[i]
		}
	}
	mx, my = mx/n, my/n
	var xx, xy, yy float64
	for i := range x {
		if !math.IsNaN(x[i] + y[i]) {
			xx, xy, yy = xx+(x[i]-mx)*(x[i]-mx), xy+(x[i]-mx)*(y[i]-my), yy+(y[i]-my)*(y[i]-my)
		}
	}
	b = xy / xx
	return b, math.Sqrt((yy - b*xy) / (n - 2) / xx)
}

// The hits that are planted are found in the genotypes that are written: each estimate is
// within 4 standard errors of the truth (a chance of 1 in 1300 of a false alarm over the
// twelve, for a seed that is fixed), and the largest are far from nothing.
func TestHitsAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 1500 genomes")
	}
	o := simulate.Options{Seed: 4, People: 1500, Years: 4, Variants: 500, Sites: []string{"north"}, Formats: []string{"vcf"}}
	dir := write(t, o)
	truth := readTruth(t, dir)
	people := rows(t, filepath.Join(dir, "truth", "north", "people.csv"))
	var wanted [][]string
	for _, code := range truth.Beside.Hits {
		wanted = append(wanted, strings.Fields(code))
	}
	_, values := columns(t, vcf.New().(format.Wide), filepath.Join(dir, "north", "vcf", "north.vcf.gz"), wanted)
	for k, h := range truth.Genome.Hits {
		if h.Trait == "t2d" {
			continue // log odds ratios: too few at 1500
		}
		y := make([]float64, len(people))
		for i, p := range people {
			y[i] = number(t, p[string(h.Trait)])
		}
		b, se := slope(values[k], y)
		if math.Abs(b-h.Effect) > 4*se || math.Abs(h.Effect) >= 5 && math.Abs(b) < 3*se {
			t.Errorf("hit %d of %s: %.2f (standard error %.2f), planted %.2f", k, h.Trait, b, se, h.Effect)
		}
	}
}

// So are the effects of activity on steps and of diabetes on a taxon.
func TestEffectsAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 500 people with stools and watches")
	}
	o := simulate.Options{Seed: 4, People: 500, Years: 8, Variants: 500, Sites: []string{"plains"}, Formats: []string{"biom", "fitbit"}}
	dir := write(t, o)
	activity := map[string]float64{}
	for _, p := range rows(t, filepath.Join(dir, "truth", "plains", "people.csv")) {
		activity[p["patient"]] = number(t, p["activity"])
	}
	steps, _ := measured(t, fitbit.New(), filepath.Join(dir, "plains", "fitbit"), "loinc:41950-7")
	var x, y []float64
	for _, w := range rows(t, filepath.Join(dir, "truth", "plains", "watches.csv")) {
		x = append(x, activity[w["patient"]])
		y = append(y, math.Log(steps[w["patient"]]/number(t, w["worn_minutes"])))
	}
	want := readTruth(t, dir).Beside.Watch.Effects[0].Size
	if b, se := slope(x, y); math.Abs(b-want) > 4*se || b < 5*se {
		t.Errorf("activity on the logarithm of steps: %.3f (standard error %.3f), planted %.3f", b, se, want)
	}
	names, values := columns(t, biom.New().(format.Wide), filepath.Join(dir, "plains", "biom", "plains.biom"), [][]string{{"clr(taxon013)"}, {"clr(taxon003)"}})
	diabetes := make([]float64, len(names))
	for i, s := range rows(t, filepath.Join(dir, "truth", "plains", "stools.csv")) {
		if modality.StoolName(s["patient"]) != names[i] {
			t.Fatal("the truth has another order")
		}
		diabetes[i] = number(t, s["diabetes"])
	}
	// Zeros and the other taxa draw log-ratios towards nothing; metformin adds to one of them.
	if b, se := slope(diabetes, values[0]); b < 3*se {
		t.Errorf("diabetes on taxon 13: %.2f (standard error %.2f), planted 1.2 and more", b, se)
	}
	if b, se := slope(diabetes, values[1]); b > -3*se {
		t.Errorf("diabetes on taxon 3: %.2f (standard error %.2f), planted -1", b, se)
	}
}
