package cli_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/internal/demo"
	"hmsp.center/hmsp/receipt"
)

// rounds is a private study of many rounds: gradients of a regression.
const rounds = `hmsp: study/v1
name: one-year-private
question: What matters for the first year?
purpose: research
legal_basis: GDPR Art. 9(2)(j)
dataset: lung
participation: {minimum: 6, patience: 10m}
privacy: {epsilon: 2, delta: 1e-6, noise: gaussian}
analyses:
  - {name: one-year, analysis: logistic, formula: (status == 2) ~ age + sex}
`

// TestKillNineOfAPrivateStudy: hub, sites and lead are killed with signal 9 in turn
// while a private study runs. It is released; every site's ledger is charged once,
// by what the receipt says, also when it is read from the dead site's disk; all
// audit logs and receipts verify; and the same file submitted again, to sites that
// have started again, gives the same findings to the last byte at no further cost:
// no kill led to a second draw of noise.
func TestKillNineOfAPrivateStudy(t *testing.T) {
	f := newFederation(t)
	if err := os.WriteFile(filepath.Join(f.dir, "rounds.yaml"), []byte(rounds), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range demo.Sites() {
		if err := os.WriteFile(filepath.Join(f.dir, s, "budget.yaml"), []byte("hmsp: budget/v1\nper_dataset: 1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	paid := map[string]float64{}
	for i, file := range []string{"private.yaml", "rounds.yaml"} {
		if i > 0 && testing.Short() {
			return
		}
		t.Run(file, func(t *testing.T) {
			f.t = t
			f.startAll()
			first := f.submit(file)
			f.killInTurn(first, uint64(i+1))
			one := f.released(first)
			if one.Receipt.Privacy == nil || len(one.Receipt.Logs) < 4 {
				t.Fatalf("receipt %+v", one.Receipt)
			}
			f.killAll()
			f.chargedOnce(first, one, paid)
			f.booksVerify(first)

			f.startAll()
			again := f.submit(file)
			two := f.released(again)
			if again == first || two.Receipt.Result != one.Receipt.Result || f.tables(again) != f.tables(first) {
				t.Errorf("asked again: result %s, was %s\n%s\nwas\n%s", two.Receipt.Result, one.Receipt.Result, f.tables(again), f.tables(first))
			}
			f.healthy()
			f.killAll()
			for _, s := range demo.Sites() {
				b := f.ledger(s)
				if got := b.Balances[0].Spent; got != paid[s] {
					t.Errorf("%s: asked again, spent %v, was %v", s, got, paid[s])
				}
				if e := entry(b, again); e == nil || e.Charged != 0 {
					t.Errorf("%s: asked again, entry %+v", s, e)
				}
			}
			f.booksVerify(again)
		})
	}
}

// submit types `study submit` and gives the study's digest.
func (f *federation) submit(file string) string {
	f.t.Helper()
	before := f.studies()
	f.hmsp("study", "submit", file, "--home", "ruth")
	for _, d := range f.studies() {
		if !slices.Contains(before, d) {
			return d
		}
	}
	f.t.Fatalf("no record of %s", file)
	return ""
}

// studies are the digests of what the researcher submitted.
func (f *federation) studies() (digests []string) {
	files, err := filepath.Glob(filepath.Join(f.dir, "ruth", "studies", "*.json"))
	if err != nil {
		f.t.Fatal(err)
	}
	for _, path := range files {
		digests = append(digests, strings.TrimSuffix(filepath.Base(path), ".json"))
	}
	return digests
}

// killInTurn kills hub, a site, the lead and everybody in turn, and starts them
// again, until the study is over or enough have died.
func (f *federation) killInTurn(study string, seed uint64) {
	f.t.Helper()
	rng := rand.New(rand.NewPCG(seed, 7))
	lead := f.record(study).Lead
	kills := 12
	if testing.Short() {
		kills = 4
	}
	var done []string
	for i := range kills {
		// Gaps grow, so that some deaths come before the decisions and some in late rounds.
		time.Sleep(20*time.Millisecond + rand.N(time.Duration(i+1)*80*time.Millisecond))
		victims := [][]string{{lead}, {"hub"}, {demo.Sites()[rng.IntN(6)]}, demo.Sites()}[i%4]
		for _, v := range victims {
			if !f.kill(v) {
				f.t.Fatalf("%s had ended by itself:\n%s", v, tail(filepath.Join(f.dir, v+".log")))
			}
		}
		for _, v := range victims {
			f.start(v)
		}
		if len(victims) == 6 {
			victims = []string{"all sites"}
		}
		done = append(done, victims[0])
	}
	f.t.Logf("killed %s", strings.Join(done, ", "))
}

// released waits for the end of a study, which must be a result of all sites, and
// writes it to a folder.
func (f *federation) released(study string) receipt.Outcome {
	f.t.Helper()
	o := f.watch(study)
	if o.Status != receipt.Released || len(o.Contributors) != 6 {
		f.t.Fatalf("%s: %s of %v", o.Status, o.Reason, o.Contributors)
	}
	f.hmsp("study", "result", study, "--home", "ruth", "--out", "result-"+study[:8])
	f.healthy()
	return o
}

// tables are the numbers of a written result, file by file.
func (f *federation) tables(study string) string {
	f.t.Helper()
	files, err := filepath.Glob(filepath.Join(f.dir, "result-"+study[:8], "*", "*.csv"))
	if err != nil || len(files) == 0 {
		f.t.Fatal(err, files)
	}
	var all strings.Builder
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s\n%s", filepath.Base(path), b)
	}
	return all.String()
}

func (f *federation) killAll() {
	for _, name := range append(demo.Sites(), "hub") {
		f.kill(name)
	}
}

// ledger is `hmsp ledger show --json` of a site.
func (f *federation) ledger(site string) (b struct {
	Live bool `json:"live"`
	ledger.Snapshot
}) {
	f.t.Helper()
	if err := json.Unmarshal([]byte(f.hmsp("ledger", "show", "--json", "--home", site)), &b); err != nil {
		f.t.Fatal(err)
	}
	if !b.Live || len(b.Balances) != 1 || b.Balances[0].Dataset != "lung" {
		f.t.Fatalf("%s: live %v, balances %+v", site, b.Live, b.Balances)
	}
	return b
}

func entry(b struct {
	Live bool `json:"live"`
	ledger.Snapshot
}, study string) *ledger.Entry {
	for i, e := range b.Entries {
		if e.Study == study {
			return &b.Entries[i]
		}
	}
	return nil
}

// chargedOnce holds every site's ledger against the receipt, and adds what was paid.
func (f *federation) chargedOnce(study string, o receipt.Outcome, paid map[string]float64) {
	f.t.Helper()
	price := o.Receipt.Privacy.Rho // rounded up to four digits
	for _, s := range demo.Sites() {
		b := f.ledger(s)
		e, spent := entry(b, study), b.Balances[0].Spent
		if once := spent - paid[s]; once > price || once < price*0.999 {
			f.t.Errorf("%s: rho %v was spent, the receipt says %v", s, once, price)
		}
		if e == nil || e.Charged > price || e.Charged < price*0.999 || e.Burnt || len(e.Rounds) != len(o.Receipt.Rounds) {
			f.t.Errorf("%s: of %d rounds, entry %.600v", s, len(o.Receipt.Rounds), e)
		}
		paid[s] = spent
	}
}

// booksVerify verifies the logs of all members and the receipt of a study, offline.
func (f *federation) booksVerify(study string) {
	f.t.Helper()
	path := filepath.Join("result-"+study[:8], "receipt.json")
	if out := f.hmsp("receipt", "verify", path, "--charter", "charter.yaml"); !strings.Contains(out, "signed by 6 contributors") {
		f.t.Errorf("receipt verify: %s", out)
	}
	for _, m := range append(demo.Sites(), "hub") {
		args := []string{"audit", "verify", "--home", m, "--charter", "charter.yaml"}
		if m != "hub" {
			args = append(args, "--receipt", path)
		}
		if out := f.hmsp(args...); !strings.Contains(out, "good: ") {
			f.t.Errorf("audit verify of %s: %s", m, out)
		}
	}
}
