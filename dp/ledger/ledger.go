// Package ledger is a site's book of privacy: who was promised how much of the
// privacy of its patients, what was spent of it, and what is left. It serves the
// site's door, which reserves the whole price of a study before anything is
// computed, spends a round durably before its vector leaves, and settles when the
// study is over; and the steward who reads it.
//
// The currency is rho of zero-concentrated differential privacy. The rule is the
// fixed filter of Whitehouse, Ramdas, Rogers and Wu (ICML 2023, Theorem 1; before
// them Rogers, Roth, Ullman and Vadhan, NeurIPS 2016): as long as spent and
// reserved rho never exceed a limit that was fixed beforehand, everything within
// the limit together is limit-zCDP, whoever asks, and however the next question
// depends on the answers before. Limits hold in any 365 days: with calendar years,
// two limits could be spent within two days.
//
// It refuses a study that would exceed a limit of the dataset, the study, the
// requester or the purpose, and says what was left. The dataset's limit is the
// guarantee; those of requesters and purposes are governance, since requesters may
// talk to each other.
package ledger

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"hmsp.center/hmsp/dp"
)

// A Claim is what a study will spend at most, at this site.
type Claim struct {
	Study             string       // digest, hex
	Question          string       // digest, hex: the same for the same question on the same data at all the same sites
	Dataset, Snapshot string       // registered name; digest of the data
	Researcher        string       // member of the charter
	Purpose           string       // of the study
	Rounds            [][]dp.Event // what each round will do
	Delta             float64      // at which the study states its epsilon
	// Predicate is the canonical cohort predicate, "" for everybody; see Config.Parts.
	Predicate string
	// OneRow says that by its registration the dataset has one row per patient, so
	// that a predicate over rows reads a single patient's own record. It must not be
	// found out from the data. Without it nothing composes in parallel.
	OneRow bool
	At     time.Time // when it was asked; zero: now
}

// A Grant is what Reserve gives.
type Grant struct {
	// Charged is false where the question was paid for before: the answer is to be
	// the same, with the same noise.
	Charged bool
	// Generation counts how often the question's noise was renewed.
	Generation int
	Rho        float64 // newly reserved
	Left       Balance // of the dataset, with this claim
}

// Config is what a ledger works with.
type Config struct {
	Store  Store
	Limits Limits
	// Cost is the rho of events after each other; it must refuse an event that it
	// does not know (account.RhoOf).
	Cost func([]dp.Event) (float64, error)
	// Epsilon states rho as epsilon at delta (account.EpsilonOfRho), for what a
	// researcher is told; nil tells rho only.
	Epsilon func(rho, delta float64) float64
	// Parts says whether two cohort predicates are provably disjoint, so that no
	// record can be in both (cohort.Disjoint). Nil: nothing is, and all spending adds
	// up.
	Parts func(a, b string) bool
	Now   func() time.Time
	// Random is the source of the noise key; nil is crypto/rand.
	Random io.Reader
}

// A Ledger is an open ledger; its methods may be called at once from everywhere.
// Every change is on the disk before its method returns. Changes that are asked
// for while another is being written share the next write.
type Ledger struct {
	cfg     Config
	waiting sync.Mutex // guards queue
	queue   []*change
	turn    chan struct{} // of one: guards state; held over a write
	state   *state        // nil: must be read again, for a write failed
}

// ErrUnknown says that the ledger holds no reservation of a study, or of a question.
var ErrUnknown = errors.New("not in the ledger")

// ErrOver says that a study was settled: it can spend no more.
var ErrOver = errors.New("the study was settled")

// Exhausted says that a limit does not allow a claim.
type Exhausted struct {
	Scope string // "dataset", "study", "requester", "purpose"
	Name  string // of the dataset, study, requester or purpose
	Asked float64
	Left  float64
	Limit float64
	// Delta, and EpsilonLeft: the epsilon that Left allows at it; 0 where not known.
	Delta, EpsilonLeft float64
	// Renews is when enough of what was spent is a year old, if nothing else is
	// spent until then; zero: never, since the claim exceeds the whole limit or
	// waits for reservations of running studies.
	Renews time.Time
}

func (e *Exhausted) Error() string {
	left := fmt.Sprintf("%.4g of %.4g", e.Left, e.Limit)
	if e.Scope != scopeStudy {
		left += " in 365 days"
	}
	if e.EpsilonLeft > 0 {
		left += fmt.Sprintf(" (epsilon %.3g at delta %.3g)", e.EpsilonLeft, e.Delta)
	}
	return fmt.Sprintf("privacy budget of the %s %s: the study asks for rho %.4g, left is %s; %s", e.Scope, e.Name, e.Asked, left, e.mend())
}

func (e *Exhausted) mend() string {
	switch {
	case e.Asked > e.Limit:
		return "it is more than the whole limit: ask with a smaller epsilon"
	case !e.Renews.IsZero():
		return "enough is free again on " + e.Renews.UTC().Format("2 January 2006")
	}
	return "running studies hold the rest"
}

// DeltaRefused says that a study states its epsilon at a delta that the site does
// not allow.
type DeltaRefused struct{ Asked, Limit float64 }

func (e *DeltaRefused) Error() string {
	return fmt.Sprintf("the study states its epsilon at delta %.3g; this site allows at most %.3g: ask with that delta", e.Asked, e.Limit)
}

// OtherSet says that a question was answered before with other contributors: the
// same noise under another sum would show one site's part. The question is burnt.
type OtherSet struct{ Before, Now []string }

func (e *OtherSet) Error() string {
	return fmt.Sprintf("this question was answered before as the sum of %v, now of %v: the same noise may not be used for both", e.Before, e.Now)
}

// OtherRound says that a round of a question was paid for as something else than it
// asks now: the rounds before it went another way. The question is burnt.
type OtherRound struct{ Round int }

func (e *OtherRound) Error() string {
	return fmt.Sprintf("round %d of this question was paid for as something else than it asks now", e.Round)
}

// The scopes of limits.
const (
	scopeDataset   = "dataset"
	scopeStudy     = "study"
	scopeRequester = "requester"
	scopePurpose   = "purpose"
)

// Open reads a ledger, or begins one in an empty store. A store whose records were
// altered, or lost in part, is refused.
func Open(cfg Config) (*Ledger, error) {
	if cfg.Store == nil || cfg.Cost == nil || cfg.Now == nil {
		return nil, errors.New("open ledger: Store, Cost and Now are required")
	}
	if err := cfg.Limits.Valid(); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	l := &Ledger{cfg: cfg, turn: make(chan struct{}, 1)}
	s, err := read(cfg)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	l.state = s
	return l, nil
}

// Reserve books what a study will spend at most, before anything is computed. The
// same question was paid for if its noise is used again: then only rounds that
// never left are charged. Reserving again for the same study changes nothing.
// Errors: *Exhausted, *DeltaRefused, ErrOver.
func (l *Ledger) Reserve(c Claim) (Grant, error) {
	c.At = c.At.UTC()
	priced, err := l.costs(c)
	if err != nil {
		return Grant{}, fmt.Errorf("reserve: %w", err)
	}
	var g Grant
	err = l.change(func(s *state, now time.Time) (records []record, err error) {
		records, g, err = s.reserve(priced, c.Study, c.Question, s.clock(latest(now, c.At)))
		return records, err
	})
	if err != nil {
		return Grant{}, fmt.Errorf("reserve: %w", l.explain(err, c.Dataset))
	}
	g.Left, err = l.Balance(c.Dataset, c.At)
	return g, err
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Spend books that a round's vector leaves: it is called before, and once it has
// returned the rho of the round stays spent whatever happens. A round that was
// spent before changes nothing. Errors: ErrUnknown, ErrOver.
func (l *Ledger) Spend(study string, round int) error { return l.SpendAs(study, round, "") }

// SpendAs is Spend of a round that asks something that only the rounds before
// settled; asked names it. A round is paid for as what it asked first: the same
// round of the same question asking something else burns the question and is
// *OtherRound, for its noise would be fresh, and paid by nobody.
func (l *Ledger) SpendAs(study string, round int, asked string) error {
	var other *OtherRound
	err := l.change(func(s *state, now time.Time) (records []record, err error) {
		records, other, err = s.spend(study, round, asked, now)
		return records, err
	})
	if err != nil {
		return fmt.Errorf("spend round %d: %w", round, err)
	}
	if other != nil {
		return other
	}
	return nil
}

// Settle says that a study is over: rounds that were never spent come back, unless
// another study with the same question still runs. A study that was settled, or
// that never reserved anything, changes nothing.
func (l *Ledger) Settle(study string) error {
	err := l.change(func(s *state, now time.Time) ([]record, error) { return s.settle(study, now), nil })
	if err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	return nil
}

// SettleUnless settles every study that the ledger takes to be running and for which
// runs says no. A site calls it when it starts: a study that it has forgotten, as
// after a restore without its journal, would hold its reservation for ever.
func (l *Ledger) SettleUnless(runs func(study string) bool) error {
	err := l.change(func(s *state, now time.Time) (records []record, err error) {
		for _, x := range s.order {
			if !x.settled && !runs(x.digest) {
				records = append(records, s.settle(x.digest, now)...)
			}
		}
		return records, nil
	})
	if err != nil {
		return fmt.Errorf("settle forgotten studies: %w", err)
	}
	return nil
}

// Burn ends the use of a question's noise: the next asking gets a new generation
// and is charged again. Error: ErrUnknown.
func (l *Ledger) Burn(question string) error {
	err := l.change(func(s *state, now time.Time) ([]record, error) { return s.burn(question, now) })
	if err != nil {
		return fmt.Errorf("burn: %w", err)
	}
	return nil
}

// ConfirmRound books the set of sites for which this site helps to open the sum of
// a round. The same round of the same question with the same noise gets the same
// set again, otherwise ConfirmRound burns the question and returns *OtherSet. It is
// to be called for every round: where the sets were the same in all rounds before,
// so were the sums, and the noise of the next round belongs to the same question.
// Other errors: ErrUnknown, ErrOver.
func (l *Ledger) ConfirmRound(study string, round int, contributors []string) error {
	var other *OtherSet
	err := l.change(func(s *state, now time.Time) (records []record, err error) {
		records, other, err = s.confirm(study, round, contributors, now)
		return records, err
	})
	if err != nil {
		return fmt.Errorf("confirm round %d: %w", round, err)
	}
	if other != nil {
		return other
	}
	return nil
}
