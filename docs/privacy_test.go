package docs_test

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/dp/account"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/dp/noise"
	"hmsp.center/hmsp/internal/demo"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/engine/local"
	"hmsp.center/hmsp/internal/execute"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/plot"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

const privacyPage = "docs/privacy.md"

// belief is the most that someone can believe after a result, who before it gave
// the prior probability that a patient is in the data (or any other two facts
// about one patient): Bayes' rule with the likelihood ratio exp(epsilon).
func belief(prior, epsilon float64) float64 {
	odds := math.Exp(epsilon) * prior / (1 - prior)
	return odds / (1 + odds)
}

// TestBeliefs: what the page says of an attacker's belief is Bayes' rule.
func TestBeliefs(t *testing.T) {
	var rows []string
	for _, e := range []float64{0.1, 0.3, 1, 3, 5.2, 10} {
		percent := func(prior float64) string { return percentage(belief(prior, e)) }
		rows = append(rows, fmt.Sprintf("| %v | %.3g | %s | %s | %s |", e, math.Exp(e), percent(0.01), percent(0.1), percent(0.5)))
	}
	holds(t, rows)
	f := plot.Figure{Name: "belief", Kind: plot.Line, Title: "What a result can make of a belief about one patient",
		X:       plot.Axis{Label: "belief before the result, in percent", Min: new(float64), Max: ptr(100)},
		Y:       plot.Axis{Label: "at most after it, in percent", Min: new(float64), Max: ptr(100)},
		Caption: "The largest belief that anybody can have after a private result, over the belief before it, for four values of epsilon. On the diagonal nothing was learnt."}
	for _, e := range []float64{0.1, 1, 3, 10} {
		s := plot.Series{Name: fmt.Sprintf("epsilon %v", e)}
		for p := 0; p <= 100; p++ {
			s.X, s.Y = append(s.X, float64(p)), append(s.Y, 100*belief(min(float64(p)/100, 1-1e-12), e))
		}
		f.Series = append(f.Series, s)
	}
	golden(t, "docs/images/belief.svg", plot.SVG(f, plot.Options{}))
}

// percentage never says that something is sure which is not.
func percentage(p float64) string {
	if p > 0.995 {
		return fmt.Sprintf("%.3f %%", math.Floor(1e5*p)/1e3)
	}
	return fmt.Sprintf("%.2g %%", 100*p)
}

func ptr(x float64) *float64 { return &x }

// holds asks that the page has these rows of a table.
func holds(t *testing.T, rows []string) {
	t.Helper()
	if text := page(t, privacyPage); !strings.Contains(text, strings.Join(rows, "\n")+"\n") {
		t.Errorf("%s does not hold these rows:\n%s", privacyPage, strings.Join(rows, "\n"))
	}
}

// TestShownFiles: the files of limits and roles that pages show are right.
func TestShownFiles(t *testing.T) {
	shown := 0
	for _, name := range pages(t) {
		for _, b := range blocks(name, page(t, name)) {
			var err error
			switch filepath.Base(b.file) {
			case ledger.File:
				_, err = ledger.ParseLimits(b.file, []byte(b.text))
			case member.RolesFile:
				err = manifest.Decode(b.file, []byte(b.text), member.RolesJSONSchema(), new(member.Roles))
			default:
				continue
			}
			if shown++; err != nil {
				t.Errorf("%s:%d: %v", name, b.first, err)
			}
		}
	}
	if shown < 2 {
		t.Errorf("%d such files: the administrator's page shows both", shown)
	}
}

// words are a text on one line.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }

// A trial plans the demonstration's private study as its six sites would.
type trial struct {
	tables     []table.Table
	consortium *local.Consortium
}

func newTrial(t *testing.T) trial {
	t.Helper()
	raw, err := demo.Files.ReadFile("dictionary.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		HMSP       string       `json:"hmsp"`
		Dictionary table.Schema `json:"dictionary"`
	}
	if err := manifest.Decode("dictionary.yaml", raw, charter.DictionarySchema(), &file); err != nil {
		t.Fatal(err)
	}
	sites := []string{"east", "lakes", "north", "plains", "south", "west"}
	var x trial
	for _, s := range sites {
		x.tables = append(x.tables, analysistest.CSV(t, filepath.Join(root(), "internal/demo/lung", s+".csv"), file.Dictionary))
	}
	rules := charter.DefaultRules()
	rules.Disclosure = &charter.Disclosure{} // all off: the whole curve
	if x.consortium, err = local.Found("lung-network", file.Dictionary, rules, sites...); err != nil {
		t.Fatal(err)
	}
	return x
}

// plan is the survival of all patients by the formula's right side, private unless
// the budget is nil.
func (x trial) plan(t *testing.T, by string, budget *study.Privacy) *plan.Plan {
	t.Helper()
	raw, err := demo.Files.ReadFile("private.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := study.Parse("private.yaml", []byte(strings.Replace(string(raw), "~ sex", "~ "+by, 1)))
	if err != nil {
		t.Fatal(err)
	}
	s.Privacy, s.Cohort = budget, ""
	p, err := x.consortium.Plan(*s, standard.Catalog(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func budgetOf(epsilon float64, kind string) *study.Privacy {
	return &study.Privacy{Epsilon: epsilon, Delta: 1e-6, Unit: study.UnitPatient, Noise: kind, ExpectedPatients: 228}
}

// TestPrices: the page's price list is what the planner makes of the study.
func TestPrices(t *testing.T) {
	x := newTrial(t)
	var rows []string
	for _, e := range []float64{0.1, 0.3, 1, 3} {
		for _, kind := range []string{"laplace", "gaussian"} {
			p := x.plan(t, "1", budgetOf(e, kind))
			rho := p.Budget.Rho
			rows = append(rows, fmt.Sprintf("| %v | %s | %.2g people | %.2g | %d |", e, kind, p.Entries[0].Private.Deviation(), rho, int(ledger.DefaultPerDataset/rho)))
		}
	}
	holds(t, rows)
	year := account.EpsilonOfRho(ledger.DefaultPerDataset, ledger.DefaultDelta)
	if text := words(page(t, privacyPage)); !strings.Contains(text, fmt.Sprintf("rho %v in any 365 days, which is epsilon %.1f at delta", ledger.DefaultPerDataset, year)) {
		t.Errorf("%s does not say that rho %v is epsilon %.1f", privacyPage, ledger.DefaultPerDataset, year)
	}
}

// TestNoisyCurves draws the same study without noise, and with the noise of the
// sites at two budgets, from fixed random bytes.
func TestNoisyCurves(t *testing.T) {
	x := newTrial(t)
	f := plot.Figure{Name: "noise", Kind: plot.Step, Title: "Survival with advanced lung cancer, 228 patients, exact and under noise",
		X: plot.Axis{Label: "days", Min: new(float64), Max: ptr(1050)}, Y: plot.Axis{Label: "probability of survival", Min: new(float64), Max: ptr(1)},
		Caption: "The exact survival curve, and what the same study gives under the noise of epsilon 1 and of epsilon 0.3, in intervals of 30 days. Drawn from one set of random numbers."}
	for _, c := range []struct {
		name   string
		budget *study.Privacy
	}{{"exact", nil}, {"epsilon 1", budgetOf(1, "")}, {"epsilon 0.3", budgetOf(0.3, "")}} {
		curve, err := x.run(t, x.plan(t, "1", c.budget), 0).Table("curve")
		if err != nil {
			t.Fatal(err)
		}
		s := plot.Series{Name: c.name, X: []float64{0}, Y: []float64{1}}
		s.X, s.Y = append(s.X, numbers(t, curve, "time")...), append(s.Y, numbers(t, curve, "estimate")...)
		f.Series = append(f.Series, s)
	}
	golden(t, "docs/images/noise.svg", plot.SVG(f, plot.Options{}))
}

// TestEvidenceUnderNoise: the log-rank test of men and women, exact and in 200
// draws of the noise of epsilon 1.
func TestEvidenceUnderNoise(t *testing.T) {
	x := newTrial(t)
	value := func(p *plan.Plan, seed byte) float64 {
		tab, err := x.run(t, p, seed).Table("logrank")
		if err != nil {
			t.Fatal(err)
		}
		return numbers(t, tab, "p.value")[0]
	}
	small, private := 0, x.plan(t, "sex", budgetOf(1, ""))
	for seed := range 200 {
		if value(private, byte(seed)) < 0.05 {
			small++
		}
	}
	want := fmt.Sprintf("p = %.4f exactly; of 200 draws of the noise of epsilon 1, %d give p below 0.05", value(x.plan(t, "sex", nil), 0), small)
	if !strings.Contains(words(page(t, privacyPage)), want) {
		t.Errorf("%s does not say: %s", privacyPage, want)
	}
}

func numbers(t *testing.T, tab analysis.Table, name string) []float64 {
	t.Helper()
	c, err := tab.Column(name)
	if err != nil {
		t.Fatal(err)
	}
	return c.Numbers
}

// run sums the parts of all sites, each with its own noise, as the sites would.
func (x trial) run(t *testing.T, p *plan.Plan, seed byte) *analysis.Result {
	t.Helper()
	b, err := engine.NewBundle(p)
	if err != nil {
		t.Fatal(err)
	}
	source := fixedBytes(t, seed)
	for !b.Done() {
		sum := make([]uint64, b.Layout().Words())
		for _, people := range x.tables {
			k := b.Tasks()[0]
			v, err := execute.Local(t.Context(), people, k.Run, k.State, k.Bounds, k.Grid)
			if err == nil && k.Private != nil {
				err = k.Private.Noise(k.State, v.Words, source)
			}
			if err != nil {
				t.Fatal(err)
			}
			b.Layout().AddTo(sum, v.Words)
		}
		if err := b.Advance(sum); err != nil {
			t.Fatal(err)
		}
	}
	findings := b.Findings()
	if findings[0].Result == nil {
		t.Fatalf("no result: %s", findings[0].Failed)
	}
	return findings[0].Result
}

// fixedBytes is a source of noise that is the same every time for a seed.
func fixedBytes(t *testing.T, seed byte) *noise.Source {
	t.Helper()
	block, err := aes.NewCipher(append(make([]byte, 31), seed))
	if err != nil {
		t.Fatal(err)
	}
	return noise.NewSource(cipher.StreamReader{S: cipher.NewCTR(block, make([]byte, aes.BlockSize)), R: endless{}})
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { clear(b); return len(b), nil }
