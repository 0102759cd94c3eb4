package site_test

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The references of the modalities: numbers that others computed of the same files, or
// that a reader of the plain file finds.

// frequency is of the counted allele, by PLINK; other of the other one.
func frequency(file, id string, other bool) func(*testing.T, []float64) {
	return func(t *testing.T, x []float64) {
		for _, r := range cells(t, "reference/genomics/"+file+".afreq.gz", '\t') {
			if r["ID"] != id {
				continue
			}
			want := 2 * number(t, r["ALT_FREQS"])
			if other {
				want = 2 - want
			}
			same(t, x, int(number(t, r["OBS_CT"]))/2, want)
			return
		}
		t.Fatalf("%s is not in the reference", id)
	}
}

// firstOfBed decodes the first variant of 500 people: two bits each, 0 of two first
// alleles, 1 missing, 2 of one, 3 of none (PLINK 1 binary).
func firstOfBed(name string) func(*testing.T, []float64) {
	return func(t *testing.T, x []float64) {
		b := make([]byte, 3+125)
		if _, err := io.ReadFull(opened(t, name), b); err != nil {
			t.Fatal(err)
		}
		var want []float64
		for _, four := range b[3:] {
			for range 4 {
				if four&3 != 1 {
					want = append(want, float64([4]int{2, 0, 1, 0}[four&3]))
				}
				four >>= 2
			}
		}
		same(t, x, len(want), mean(want))
	}
}

// row is that of a feature in a table of which the rows are features; the first columns
// are no samples.
func row(name, feature string, first int) func(*testing.T, []float64) {
	return func(t *testing.T, x []float64) {
		in := csv.NewReader(opened(t, name))
		all, err := in.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, fields := range all {
			if fields[0] != feature {
				continue
			}
			var want []float64
			for _, f := range fields[first:] {
				want = append(want, number(t, f))
			}
			same(t, x, len(want), mean(want))
			return
		}
		t.Fatalf("%s is not in the file", feature)
	}
}

// column is that of a feature in a table of which the rows are samples.
func column(name, feature string) func(*testing.T, []float64) {
	return func(t *testing.T, x []float64) {
		want := numbers(t, cells(t, name, ','), feature)
		same(t, x, len(want), mean(want))
	}
}

// leukaemia is Welch's test between 11 people with AML and 27 with ALL.
func leukaemia(t *testing.T, x []float64) {
	var want struct {
		Welch []struct {
			Gene string
			T    float64
		} `json:"welch_top50"`
	}
	reference(t, &want, "expression", "golub.json")
	if len(x) != 38 || want.Welch[0].Gene != "X95735_at" {
		t.Fatalf("%d people; %s", len(x), want.Welch[0].Gene)
	}
	m1, v1 := moments(x[:27])
	m2, v2 := moments(x[27:])
	if got := (m2 - m1) / math.Sqrt(v1/27+v2/11); !near(math.Abs(got), math.Abs(want.Welch[0].T)) {
		t.Errorf("t is %v, want %v", got, want.Welch[0].T)
	}
}

func moments(x []float64) (m, variance float64) {
	m = mean(x)
	for _, v := range x {
		variance += (v - m) * (v - m)
	}
	return m, variance / float64(len(x)-1)
}

// ageing is the slope of methylation on age.
func ageing(t *testing.T, x []float64) {
	var want struct {
		Top []struct {
			Probe string
			Slope float64
		} `json:"top50"`
	}
	reference(t, &want, "expression", "methylation_age.json")
	age := numbers(t, cells(t, "expression/methylation_samples.csv", ','), "Age")
	if len(x) != len(age) || want.Top[0].Probe != "cg08446924" {
		t.Fatalf("%d people; %s", len(x), want.Top[0].Probe)
	}
	m, variance := moments(age)
	slope := 0.0
	for i, a := range age {
		slope += (a - m) * x[i]
	}
	if slope /= variance * float64(len(age)-1); !near(slope, want.Top[0].Slope) {
		t.Errorf("the slope is %v, want %v", slope, want.Top[0].Slope)
	}
}

func dietswap(t *testing.T, x []float64) {
	var want struct{ Shannon map[string]float64 }
	reference(t, &want, "microbiome", "dietswap.json")
	total := 0.0
	for _, v := range want.Shannon {
		total += v
	}
	same(t, x, len(want.Shannon), total/float64(len(want.Shannon)))
}

func globalpatterns(t *testing.T, x []float64) {
	var want struct{ Shannon []float64 }
	reference(t, &want, "microbiome", "globalpatterns.json")
	same(t, x, len(want.Shannon), mean(want.Shannon))
}

// reads are the counts of a sparse table of BIOM 1.0, by sample.
func reads(name string) func(*testing.T, []float64) {
	return func(t *testing.T, x []float64) {
		var b struct {
			Shape [2]int
			Data  [][3]float64
		}
		if err := json.NewDecoder(opened(t, "microbiome/biom/"+name)).Decode(&b); err != nil {
			t.Fatal(err)
		}
		total := 0.0
		for _, d := range b.Data {
			total += d[2]
		}
		same(t, x, b.Shape[1], total/float64(b.Shape[1]))
	}
}

func fitbit(t *testing.T, x []float64) {
	var want struct {
		Rows  int
		Steps float64 `json:"mean_daily_steps"`
	}
	reference(t, &want, "wearable", "fitbit.json")
	same(t, x, want.Rows, want.Steps)
}

// inBed is of the nights of the table of sleep, of which three are there twice.
func inBed(t *testing.T, x []float64) {
	nights := map[string]float64{}
	for _, r := range cells(t, "wearable/fitbit/sleepDay_merged.csv", ',') {
		nights[r["Id"]+" "+r["SleepDay"]] = number(t, r["TotalTimeInBed"]) / 60
	}
	total := 0.0
	for _, h := range nights {
		total += h
	}
	same(t, x, len(nights), total/float64(len(nights)))
}

// apple sums equal those of the hours of Fitbit from which the exports were made.
func apple(t *testing.T, x []float64) {
	want, got := 0.0, 0.0
	for _, r := range cells(t, "wearable/fitbit/hourlySteps_merged.csv", ',') {
		if slices.Contains([]string{"1503960366", "4558609924", "6962181067"}, r["Id"]) {
			want += number(t, r["StepTotal"])
		}
	}
	for _, v := range x {
		got += v
	}
	if got != want {
		t.Errorf("%v steps, want %v", got, want)
	}
}

func glucose(t *testing.T, x []float64) {
	want := numbers(t, cells(t, "reference/wearable/cgm_5_subjects_per_subject.csv", ','), "mean")
	same(t, x, 5, mean(want))
}

// beats are the 2273 that the makers of the MIT-BIH database found in half an hour, of
// which the mean of minutes is a little another.
func beats(t *testing.T, x []float64) {
	if want := 2273 * 60 * 360. / 650000; len(x) != 1 || math.Abs(x[0]-want) > 0.005*want {
		t.Errorf("%v, want %v", x, want)
	}
}

// highest is the highest heart rate of a table of records.
func highest(name string) func(*testing.T, []float64) {
	return func(t *testing.T, x []float64) {
		if want := slices.Max(numbers(t, cells(t, name, ','), "heart_rate")); len(x) == 0 || slices.Max(x) != want {
			t.Errorf("%v, want %v", x, want)
		}
	}
}

// fastest is the highest heart rate that a point of the track has.
func fastest(t *testing.T, x []float64) {
	b, err := io.ReadAll(opened(t, "wearable/tcx/test_shifted.tcx"))
	if err != nil {
		t.Fatal(err)
	}
	want := 0.0
	for _, m := range regexp.MustCompile(`<HeartRateBpm[^>]*>\s*<Value>(\d+)`).FindAllSubmatch(b, -1) {
		want = max(want, number(t, string(m[1])))
	}
	if len(x) == 0 || slices.Max(x) != want {
		t.Errorf("%v, want %v", x, want)
	}
}

// pixels are mean values of images among those of a folder, and voxels of all.
func pixels(names ...string) func(*testing.T, []float64) {
	return func(t *testing.T, x []float64) {
		contains(t, x, means(t, "dicom_pixels.json", "", names)...)
	}
}

func voxels(names ...string) func(*testing.T, []float64) {
	return func(t *testing.T, x []float64) {
		want := means(t, "nifti_stats.json", "nifti/", names)
		same(t, x, len(want), mean(want))
		contains(t, x, want...)
	}
}

func means(t *testing.T, file, folder string, names []string) []float64 {
	t.Helper()
	var want map[string]struct{ Mean float64 }
	reference(t, &want, "imaging", file)
	var out []float64
	for _, n := range names {
		out = append(out, want[folder+n].Mean)
	}
	return out
}

func pneumonia(set string, intensity bool) func(*testing.T, []float64) {
	return func(t *testing.T, x []float64) {
		var want struct {
			Counts map[string]struct {
				N, Positive int
				Mean        float64 `json:"mean_pixel"`
			}
		}
		reference(t, &want, "imaging", "pneumoniamnist.json")
		w := want.Counts[set]
		if intensity {
			same(t, x, w.N, 255*w.Mean)
		} else {
			same(t, x, w.N, float64(w.Positive)/float64(w.N))
		}
	}
}

// words are counted as format/text says: letters and digits, which a hyphen or an
// apostrophe may join.
func words(of func(*testing.T) []string) func(*testing.T, []float64) {
	return func(t *testing.T, x []float64) {
		word := regexp.MustCompile(`[\p{L}\p{M}\p{Nd}]+(?:[-'’][\p{L}\p{M}\p{Nd}]+)*`)
		var want []float64
		for _, s := range of(t) {
			want = append(want, float64(len(word.FindAllString(s, -1))))
		}
		same(t, x, len(want), mean(want))
	}
}

func visits(t *testing.T) []string {
	var out []string
	for _, r := range cells(t, "text/aci_bench_train.csv", ',') {
		out = append(out, r["dialogue"], r["note"])
	}
	return out
}

func letters(t *testing.T) []string {
	lines := bufio.NewScanner(opened(t, "text/grascco_phi.ndjson"))
	lines.Buffer(nil, 1<<20)
	var out []string
	for lines.Scan() {
		var note struct{ Text string }
		if err := json.NewDecoder(strings.NewReader(lines.Text())).Decode(&note); err != nil {
			t.Fatal(err)
		}
		out = append(out, note.Text)
	}
	return out
}

func sentences(t *testing.T) []string {
	var all []struct {
		Text string `json:"full_text"`
	}
	if err := json.NewDecoder(opened(t, "text/presidio_synth_dataset_v2.json")).Decode(&all); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range all {
		out = append(out, s.Text)
	}
	return out
}
