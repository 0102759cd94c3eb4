package cox

import (
	"math"
	"strings"
	"testing"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/analysis/internal/survival/survivaltest"
	"hmsp.center/hmsp/table"
)

const lungFormula = "Surv(time, status == 2) ~ age + sex + ph.ecog"

// With at least one event a bin, the shared baseline is coxph on times rounded
// up to the grid, and any split of the people over sites opens the same sums,
// bit for bit.
func TestCoarsenedIsCoxphOnRoundedTimes(t *testing.T) {
	g := survivaltest.Goldens(t, survivaltest.Data("golden.json"))
	for name, tt := range map[string]struct {
		data    table.Table
		formula string
		width   float64
		ties    string
	}{
		"cox_lung_7":         {lung(t), lungFormula, 7, "efron"},
		"cox_lung_14":        {lung(t), lungFormula, 14, "efron"},
		"cox_lung_30":        {lung(t), lungFormula, 30, "efron"},
		"cox_lung_60":        {lung(t), lungFormula, 60, "efron"},
		"cox_lung_90":        {lung(t), lungFormula, 90, "efron"},
		"cox_lung_7_breslow": {lung(t), lungFormula, 7, "breslow"},
		"cox_lung_7_strata":  {lung(t), "Surv(time, status == 2) ~ age + ph.ecog + strata(sex)", 7, "efron"},
		// On the times themselves the grid changes nothing: late entry, strata, offset.
		"cox_heart":      {heart(t), "Surv(start, stop, event) ~ age + year + surgery + transplant", 0.5, "efron"},
		"cox_cgd":        {cgd(t), "Surv(tstart, tstop, status) ~ treat + age + steroids + strata(center)", 1, "efron"},
		"cox_cgd_offset": {cgd(t), "Surv(tstart, tstop, status) ~ treat + steroids + offset(age / 50) + strata(center)", 1, "efron"},
		"cox_veteran":    {veteran(t), "Surv(time, status) ~ trt + karno", 1, "efron"},
	} {
		t.Run(name, func(t *testing.T) {
			p := analysis.Params{"formula": tt.formula, "baseline": "coarsened", "width": tt.width, "min_events": 1, "ties": tt.ties}
			r := analysistest.SameWords(t, New(), p, tt.data.Schema, tt.data, analysistest.Deal(tt.data, 5)...)
			agree(t, r, g[name], exact)
		})
	}
}

// Methods C7.3: on lung, coarsening moves no estimate by more than this many of
// its standard errors.
func TestBiasOfCoarsening(t *testing.T) {
	data := lung(t)
	fit := func(p analysis.Params) []float64 {
		p["formula"] = lungFormula
		return numbers(t, analysistest.Drive(t, New(), p, data.Schema, analysistest.Deal(data, 3)...), "terms", "estimate")
	}
	whole := analysistest.Drive(t, New(), analysis.Params{"formula": lungFormula}, data.Schema, data)
	beta, se := numbers(t, whole, "terms", "estimate"), numbers(t, whole, "terms", "std.error")
	for _, tt := range []struct {
		width, least float64
		ties         string
		from, to     float64 // the largest bias, in standard errors
	}{
		{7, 1, "efron", 0, 0.01},
		{14, 1, "efron", 0, 0.04},
		{30, 1, "efron", 0, 0.10},
		{60, 1, "efron", 0, 0.17},
		{90, 1, "efron", 0, 0.17},
		{90, 1, "breslow", 0.45, 0.465},
		{180, 1, "breslow", 0.535, 0.545},
		{7, 5, "efron", 0, 0.21}, // the default: late bins of five events are long
		{1, 5, "efron", 0, 0.11},
	} {
		worst := 0.0
		for j, b := range fit(analysis.Params{"baseline": "coarsened", "width": tt.width, "min_events": tt.least, "ties": tt.ties}) {
			worst = math.Max(worst, math.Abs(b-beta[j])/se[j])
		}
		if worst < tt.from || worst > tt.to {
			t.Errorf("width %v, at least %v events, %s: largest bias %.4f standard errors, want %v to %v", tt.width, tt.least, tt.ties, worst, tt.from, tt.to)
		}
	}
}

// Every opened bin holds at least min_events events.
func TestBinsHoldEnoughEvents(t *testing.T) {
	data := lung(t)
	_, rounds := analysistest.Rounds(t, New(), analysis.Params{"formula": lungFormula, "baseline": "coarsened", "width": 1, "min_events": 8}, data.Schema, data)
	r, _, err := New().Start(analysis.Params{"formula": lungFormula, "baseline": "coarsened", "width": 1, "min_events": 8}, data.Schema)
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.(*run).decode(rounds[1].State)
	if err != nil {
		t.Fatal(err)
	}
	size := r.(*run).binSums(s)
	if s.Bins.Len() < 10 || len(rounds[1].Grid.Frac) != size*s.Bins.Len() {
		t.Fatalf("%d bins, %d sums", s.Bins.Len(), len(rounds[1].Grid.Frac))
	}
	for k := range s.Bins.Len() {
		if d := rounds[1].Words[2*size*k]; d < 8 { // whole numbers have no fraction bits
			t.Errorf("bin %d holds %d events", k, d)
		}
	}
}

func TestCoarsenedMonotoneLikelihoodNamesTheTerm(t *testing.T) {
	data := lung(t)
	status, sex := append([]float64(nil), data.Numbers("status")...), data.Codes("sex")
	for i := range status {
		if sex[i] == 1 {
			status[i] = 1
		}
	}
	columns := append([]table.Column(nil), data.Columns...)
	columns[data.Schema.Index("status")].Numbers = status
	data, err := table.New(data.Schema, columns, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := analysistest.Drive(t, New(), analysis.Params{"formula": "Surv(time, status == 2) ~ age + sex", "baseline": "coarsened"}, data.Schema, analysistest.Deal(data, 3)...)
	if b := numbers(t, r, "terms", "estimate"); !math.IsInf(b[1], -1) {
		t.Errorf("estimates %v, want -Inf for sex2", b)
	}
	if !strings.Contains(strings.Join(r.Notes, " "), "monotone likelihood") {
		t.Errorf("notes %q do not say it", r.Notes)
	}
}
