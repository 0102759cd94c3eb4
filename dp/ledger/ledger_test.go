package ledger

import (
	"crypto/sha3"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/dp"
)

// memory is a store that holds what was written, and can fail; see faults.
type memory struct {
	kept  map[string][]byte
	write func(keep func()) error // nil: keep
}

func newMemory() *memory { return &memory{kept: map[string][]byte{}} }

func (m *memory) Read(visit func(string, []byte) error) error {
	for _, k := range names(m.kept) {
		if err := visit(k, m.kept[k]); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Write(pairs []Pair) error {
	keep := func() {
		for _, p := range pairs {
			m.kept[p.Key] = slices.Clone(p.Value)
		}
	}
	if m.write != nil {
		return m.write(keep)
	}
	keep()
	return nil
}

// stream is an endless source of fixed bytes.
func stream(name string) io.Reader {
	s := sha3.NewSHAKE256()
	io.WriteString(s, name)
	return s
}

// gauss is an event that costs rho.
func gauss(rho float64) dp.Event { return dp.Event{Kind: dp.Gaussian, Noise: math.Sqrt(0.5 / rho)} }

// price is the rho of Gaussian events: 1/(2 noise^2).
func price(events []dp.Event) (rho float64, err error) {
	for _, e := range events {
		if e.Kind != dp.Gaussian {
			return 0, errors.New("an event that only Gaussian prices know")
		}
		rho += float64(e.Times()) * 0.5 / (e.Noise * e.Noise)
	}
	return rho, nil
}

// start is a day on which tests begin.
func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// A bench is a ledger over memory with a clock that tests move.
type bench struct {
	*Ledger
	t     *testing.T
	store *memory
	cfg   Config
	now   time.Time
}

func newBench(t *testing.T, limits Limits) *bench {
	b := &bench{t: t, store: newMemory(), now: start()}
	b.cfg = Config{Store: b.store, Limits: limits, Cost: price, Now: func() time.Time { return b.now }, Random: stream("key")}
	b.reopen()
	return b
}

func (b *bench) reopen() {
	b.t.Helper()
	l, err := Open(b.cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Ledger = l
}

// claim is one of study s asking question q, with a cost for each round.
func (b *bench) claim(s, q string, rhos ...float64) Claim {
	c := Claim{Study: s, Question: q, Dataset: "lung", Snapshot: "snap", Researcher: "ruth", Purpose: "research", Delta: 1e-6, At: b.now}
	for _, r := range rhos {
		c.Rounds = append(c.Rounds, []dp.Event{gauss(r)})
	}
	return c
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// grant reserves, and says whether it was charged and with which generation.
func (b *bench) grant(c Claim, charged bool, generation int) {
	b.t.Helper()
	g, err := b.Reserve(c)
	b.must(err)
	if g.Charged != charged || g.Generation != generation {
		b.t.Fatalf("study %s: charged %v, generation %d; want %v, %d", c.Study, g.Charged, g.Generation, charged, generation)
	}
}

// stands compares the balance of lung, and again after opening the store anew.
func (b *bench) stands(spent, reserved float64) {
	b.t.Helper()
	for range 2 {
		got, err := b.Balance("lung", b.now)
		b.must(err)
		if math.Abs(got.Spent-spent) > 1e-9 || math.Abs(got.Reserved-reserved) > 1e-9 || math.Abs(got.Left-(got.Limit-spent-reserved)) > 1e-9 {
			b.t.Fatalf("spent %v, reserved %v, left %v; want %v, %v of %v", got.Spent, got.Reserved, got.Left, spent, reserved, got.Limit)
		}
		b.reopen()
	}
}

func (b *bench) exhausted(c Claim, scope string, left float64) *Exhausted {
	b.t.Helper()
	_, err := b.Reserve(c)
	var e *Exhausted
	if !errors.As(err, &e) || e.Scope != scope || math.Abs(e.Left-left) > 1e-9 {
		b.t.Fatalf("got %v, want the %s exhausted with %v left", err, scope, left)
	}
	return e
}

func TestReserveSpendSettle(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.grant(b.claim("s1", "q1", 0.1, 0.2), true, 0)
	b.stands(0, 0.3)
	b.grant(b.claim("s1", "q1", 0.1, 0.2), true, 0) // again: nothing changes
	b.stands(0, 0.3)
	b.must(b.Spend("s1", 0))
	b.must(b.Spend("s1", 0))
	b.stands(0.1, 0.2)
	b.must(b.Settle("s1"))
	b.must(b.Settle("s1"))
	b.must(b.Settle("never asked"))
	b.stands(0.1, 0)
	if err := b.Spend("s1", 1); !errors.Is(err, ErrOver) {
		t.Errorf("spend after settling: %v", err)
	}
	if err := b.Spend("s2", 0); !errors.Is(err, ErrUnknown) {
		t.Errorf("spend of an unknown study: %v", err)
	}
	if _, err := b.Reserve(b.claim("s1", "q1", 0.1, 0.2)); !errors.Is(err, ErrOver) {
		t.Errorf("reserve after settling: %v", err)
	}
	b.grant(b.claim("s3", "q3", 0.4), true, 0)
	b.stands(0.1, 0.4)
	e := b.exhausted(b.claim("s4", "q4", 1e-9), "dataset", 0)
	if !strings.Contains(e.Error(), "running studies hold the rest") && !strings.Contains(e.Error(), "free again") {
		t.Errorf("does not say when: %v", e)
	}
	if err := b.Spend("s3", 1); err == nil {
		t.Error("spent a round that was not reserved")
	}
}

func TestStickyQuestionsAreChargedOnce(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.grant(b.claim("s1", "q", 0.2, 0.2), true, 0)
	b.grant(b.claim("s2", "q", 0.2, 0.2), false, 0) // at once
	b.stands(0, 0.4)
	b.must(b.Spend("s1", 0))
	b.must(b.Settle("s1")) // s2 still runs: the second round stays reserved
	b.stands(0.2, 0.2)
	b.must(b.Spend("s2", 0)) // the same vector
	b.must(b.Settle("s2"))
	b.stands(0.2, 0)
	g, err := b.Reserve(b.claim("s3", "q", 0.2, 0.2)) // only the round that never left
	b.must(err)
	if !g.Charged || g.Generation != 0 || g.Rho != 0.2 {
		t.Errorf("grant %+v", g)
	}
	b.must(b.Spend("s3", 0))
	b.must(b.Spend("s3", 1))
	b.must(b.Settle("s3"))
	b.stands(0.4, 0)
	b.grant(b.claim("s4", "other", 0.1), true, 0)
	b.must(b.Spend("s4", 0))
	b.exhausted(b.claim("s5", "new", 0.01), "dataset", 0)
	b.grant(b.claim("s6", "q", 0.2, 0.2), false, 0) // nothing is left, and nothing is needed
	b.now = b.now.AddDate(3, 0, 0)
	b.grant(b.claim("s7", "q", 0.2, 0.2), false, 0) // the same answer tells nothing new
	b.stands(0, 0)
}

func TestBurnAndOtherSet(t *testing.T) {
	b := newBench(t, DefaultLimits())
	if err := b.Burn("q"); !errors.Is(err, ErrUnknown) {
		t.Errorf("burn of an unknown question: %v", err)
	}
	b.grant(b.claim("s1", "q", 0.1), true, 0)
	b.must(b.Spend("s1", 0))
	b.must(b.ConfirmRound("s1", 0, []string{"north", "east"}))
	b.must(b.ConfirmRound("s1", 0, []string{"east", "north", "east"}))
	b.must(b.Settle("s1"))
	b.grant(b.claim("s2", "q", 0.1), false, 0)
	b.must(b.ConfirmRound("s2", 0, []string{"east", "north"}))
	b.grant(b.claim("s3", "q", 0.1), false, 0)
	var other *OtherSet
	if err := b.ConfirmRound("s3", 0, []string{"east", "south"}); !errors.As(err, &other) || !slices.Equal(other.Before, []string{"east", "north"}) {
		t.Fatalf("another set: %v", err)
	}
	b.reopen()
	if err := b.ConfirmRound("s3", 0, []string{"east", "south"}); !errors.As(err, &other) {
		t.Errorf("the set again: %v", err)
	}
	b.grant(b.claim("s4", "q", 0.1), true, 1) // fresh noise, paid for anew
	b.must(b.ConfirmRound("s4", 0, []string{"east", "south"}))
	b.must(b.Burn("q"))
	b.must(b.Burn("q"))
	b.grant(b.claim("s5", "q", 0.1), true, 2)
	b.grant(b.claim("s6", "q", 0.15), true, 3) // other events: other noise
	if n, err := b.Burns("lung"); n != 2 || err != nil {
		t.Errorf("burns: %d, %v", n, err)
	}
	b.stands(0.1, 0.35)
}

// TestARoundIsPaidAsWhatItAsked: a later round asks what the rounds before led to, and
// who lies about these must not get a second draw of its noise for the first's price.
func TestARoundIsPaidAsWhatItAsked(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.grant(b.claim("s1", "q", 0.1, 0.1), true, 0)
	b.must(b.SpendAs("s1", 0, "start"))
	b.must(b.SpendAs("s1", 1, "here"))
	b.must(b.SpendAs("s1", 1, "here"))
	b.reopen()
	b.grant(b.claim("s2", "q", 0.1, 0.1), false, 0)
	b.must(b.SpendAs("s2", 0, "start"))
	b.must(b.SpendAs("s2", 1, "here"))
	b.grant(b.claim("s3", "q", 0.1, 0.1), false, 0)
	b.must(b.SpendAs("s3", 0, "start"))
	var other *OtherRound
	for range 2 {
		if err := b.SpendAs("s3", 1, "there"); !errors.As(err, &other) || other.Round != 1 {
			t.Errorf("another second round: %v", err)
		}
		b.reopen()
	}
	if n, err := b.Burns("lung"); n != 1 || err != nil {
		t.Errorf("burns: %d, %v", n, err)
	}
	b.stands(0.2, 0)
	b.grant(b.claim("s4", "q", 0.1, 0.1), true, 1)
	b.must(b.SpendAs("s4", 0, "start"))
	b.must(b.SpendAs("s4", 1, "there"))
	b.stands(0.4, 0)
}

// TestEveryRoundHasItsSet: a site may leave between two rounds, but the same question
// must lose the same site at the same round.
func TestEveryRoundHasItsSet(t *testing.T) {
	b := newBench(t, DefaultLimits())
	all, fewer := []string{"east", "north", "south"}, []string{"east", "north"}
	b.grant(b.claim("s1", "q", 0.1, 0.1), true, 0)
	b.must(b.ConfirmRound("s1", 0, all))
	b.must(b.ConfirmRound("s1", 1, fewer))
	b.grant(b.claim("s2", "q", 0.1, 0.1), false, 0)
	b.reopen()
	b.must(b.ConfirmRound("s2", 0, all))
	var other *OtherSet
	if err := b.ConfirmRound("s2", 1, all); !errors.As(err, &other) {
		t.Errorf("another set in the second round: %v", err)
	}
	for _, round := range []int{-1, 2} {
		if err := b.ConfirmRound("s2", round, all); err == nil {
			t.Errorf("confirmed round %d of 2", round)
		}
	}
	if err := b.ConfirmRound("s2", 0, nil); err == nil {
		t.Error("confirmed nobody")
	}
	if err := b.ConfirmRound("s9", 0, all); !errors.Is(err, ErrUnknown) {
		t.Errorf("confirm of an unknown study: %v", err)
	}
}

// TestForgottenStudiesAreSettled: what a site no longer knows gives back what it
// did not spend, and nothing more.
func TestForgottenStudiesAreSettled(t *testing.T) {
	b := newBench(t, DefaultLimits())
	for i, s := range []string{"s1", "s2", "s3"} {
		b.grant(b.claim(s, "q"+s, 0.05, 0.05), true, 0)
		for r := range i {
			b.must(b.Spend(s, r))
		}
	}
	b.stands(0.15, 0.15)
	b.must(b.SettleUnless(func(study string) bool { return study == "s2" }))
	b.stands(0.15, 0.05)
	if err := b.Spend("s1", 0); !errors.Is(err, ErrOver) {
		t.Errorf("a forgotten study spends: %v", err)
	}
	b.must(b.Spend("s2", 1))
	b.stands(0.2, 0)
}

func TestLimitsOfEveryScope(t *testing.T) {
	limits := Limits{Hmsp: Version, PerDataset: 1, PerStudy: 0.4, PerRequester: 0.5, PerPurpose: 0.7, Delta: 1e-6,
		Datasets: map[string]DatasetLimits{"heart": {PerDataset: 0.05, PerStudy: 0.04, Delta: 1e-8}, "lung2": {With: "lung"}}}
	b := newBench(t, limits)
	b.exhausted(b.claim("s0", "q0", 0.3, 0.2), "study", 0.4)
	b.grant(b.claim("s1", "q1", 0.4), true, 0)
	b.exhausted(b.claim("s2", "q2", 0.2), "requester", 0.1)
	c := b.claim("s3", "q3", 0.3)
	c.Researcher = "rolf"
	b.grant(c, true, 0)
	c = b.claim("s4", "q4", 0.1)
	c.Researcher = "rita"
	b.exhausted(c, "purpose", 0)
	c.Purpose = "planning"
	c.Dataset = "lung2" // the same patients
	b.grant(c, true, 0)
	c = b.claim("s5", "q5", 0.21)
	c.Researcher, c.Purpose = "rosa", "planning"
	b.exhausted(c, "dataset", 0.2)
	c.Dataset, c.Delta = "heart", 1e-9
	b.exhausted(c, "study", 0.04)
	c.Rounds, c.Delta = [][]dp.Event{{gauss(0.01)}}, 1e-7
	var d *DeltaRefused
	if _, err := b.Reserve(c); !errors.As(err, &d) || d.Limit != 1e-8 {
		t.Errorf("delta: %v", err)
	}
	b.stands(0, 0.8)
}

func TestWindowOf365Days(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.grant(b.claim("s1", "q1", 0.3), true, 0)
	b.now = b.now.AddDate(0, 2, 0)
	b.must(b.Spend("s1", 0)) // the year counts from here
	first := b.now
	b.must(b.Settle("s1"))
	b.now = time.Date(2026, 12, 31, 23, 59, 0, 0, time.UTC)
	b.grant(b.claim("s2", "q2", 0.2), true, 0)
	b.must(b.Spend("s2", 0))
	b.now = b.now.Add(2 * time.Minute) // a new calendar year gives nothing back
	if e := b.exhausted(b.claim("s3", "q3", 0.1), "dataset", 0); !e.Renews.Equal(first.Add(Window)) || !strings.Contains(e.Error(), "1 May 2027") {
		t.Errorf("renews %s: %v", e.Renews, e)
	}
	if e := b.exhausted(b.claim("s3", "q3", 0.6), "dataset", 0); !e.Renews.IsZero() || !strings.Contains(e.Error(), "more than the whole limit") {
		t.Errorf("more than the limit: %v", e)
	}
	b.now = first.Add(Window - time.Second)
	b.exhausted(b.claim("s3", "q3", 0.1), "dataset", 0)
	b.now = first.Add(Window)
	b.stands(0.2, 0)
	b.grant(b.claim("s3", "q3", 0.1), true, 0)
	b.now = first // a clock that is set back gives nothing back
	b.stands(0.2, 0.1)
}

func TestClaimsThatAreNotRight(t *testing.T) {
	b := newBench(t, DefaultLimits())
	for want, spoil := range map[string]func(*Claim){
		"without a study":    func(c *Claim) { c.Study = "" },
		"without a question": func(c *Claim) { c.Question = "" },
		"without a dataset":  func(c *Claim) { c.Dataset = "" },
		"without a snapshot": func(c *Claim) { c.Snapshot = "" },
		"of 0 rounds":        func(c *Claim) { c.Rounds = nil },
		"at delta":           func(c *Claim) { c.Delta = math.NaN() },
		"round 0: event":     func(c *Claim) { c.Rounds[0][0].Noise = 0 },
		"unknown kind":       func(c *Claim) { c.Rounds[0][0].Kind = "wish" },
		"only Gaussian":      func(c *Claim) { c.Rounds[0][0].Kind = dp.Laplace },
	} {
		c := b.claim("s", "q", 0.1)
		spoil(&c)
		if _, err := b.Reserve(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q in it", err, want)
		}
	}
	c := b.claim("s", "q", 0.1)
	b.cfg.Cost = func([]dp.Event) (float64, error) { return math.NaN(), nil }
	b.reopen()
	if _, err := b.Reserve(c); err == nil {
		t.Error("a cost that is no number was granted")
	}
	b.cfg.Cost = func([]dp.Event) (float64, error) { return math.Inf(1), nil }
	b.reopen()
	b.exhausted(c, "dataset", 0.5)
	b.cfg.Cost = price
	b.reopen()
	b.grant(c, true, 0)
	if _, err := b.Reserve(b.claim("s", "another", 0.1)); err == nil {
		t.Error("one study reserved two questions")
	}
}

func TestExhaustedInEpsilon(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.cfg.Epsilon = func(rho, delta float64) float64 { return 10 * rho }
	b.reopen()
	b.grant(b.claim("s1", "q1", 0.4), true, 0)
	if e := b.exhausted(b.claim("s2", "q2", 0.2), "dataset", 0.1); !strings.Contains(e.Error(), "0.1 of 0.5 in 365 days (epsilon 1 at delta 1e-06)") {
		t.Error(e)
	}
}

func TestNoiseKeyStays(t *testing.T) {
	b := newBench(t, DefaultLimits())
	first, err := b.NoiseKey()
	b.must(err)
	first[0] ^= 1 // a caller's copy
	b.reopen()
	again, err := b.NoiseKey()
	b.must(err)
	first[0] ^= 1
	if len(first) != 32 || !slices.Equal(first, again) {
		t.Error("the noise key is not kept")
	}
	other, err := Open(Config{Store: newMemory(), Limits: DefaultLimits(), Cost: price, Now: b.cfg.Now})
	b.must(err)
	fresh, err := other.NoiseKey()
	if err != nil || slices.Equal(fresh, again) {
		t.Errorf("two ledgers have one noise key (%v)", err)
	}
}

func TestEntriesSayWhoPays(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.grant(b.claim("s1", "q", 0.1, 0.2), true, 0)
	b.must(b.Spend("s1", 0))
	b.must(b.Settle("s1"))
	c := b.claim("s2", "q", 0.1, 0.2)
	c.Researcher = "rolf"
	b.grant(c, true, 0)
	b.must(b.Spend("s2", 1))
	b.grant(b.claim("s3", "q", 0.1, 0.2), false, 0)
	es, err := b.Entries("lung")
	b.must(err)
	var got []string
	for _, e := range es {
		got = append(got, e.Study)
	}
	if !slices.Equal(got, []string{"s3", "s2", "s1"}) {
		t.Fatalf("not newest first: %v", got)
	}
	if !es[0].Sticky() || es[1].Sticky() || es[2].Sticky() {
		t.Error("who is sticky?")
	}
	if es[2].Charged != 0.1 || es[1].Charged != 0.2 || es[1].Spent() != 0.2 || es[1].Rounds[0].Payer != "s1" {
		t.Errorf("who pays? %+v", es)
	}
	if es, err := b.Entries("heart"); len(es) != 0 || err != nil {
		t.Errorf("entries of another dataset: %v, %v", es, err)
	}
}
