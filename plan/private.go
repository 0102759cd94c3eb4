package plan

import (
	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/dp/account"
	"hmsp.center/hmsp/dp/mechanism"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// DefaultPatients is the number of patients for which the expected error of a
// study is said that does not name one.
const DefaultPatients = 1000

// startPrivate starts the private form of an analysis. Its noise is decided when
// all analyses of the study are known: see budget.
func (b *builder) startPrivate(e study.Entry, a analysis.Analysis, params analysis.Params, schema table.Schema, refuse func(error)) {
	private, ok := a.(analysis.PrivateAnalysis)
	if !ok {
		b.problem(e.Name, "analysis", "%q has no private form: leave it out, or run it in a study without `privacy:`", e.Analysis)
		return
	}
	run, state, err := private.StartPrivate(params, schema)
	if err != nil {
		refuse(err)
		return
	}
	b.private = append(b.private, started{Entry{Name: e.Name, About: a.About(), Params: params, Start: state}, run, refuse})
}

// started is a private run whose noise is not yet decided.
type started struct {
	Entry
	run    analysis.PrivateRun
	refuse func(error)
}

// budget divides the study's budget over its analyses. What one site books is
// what the noise of the fewest honest contributors gives.
func (b *builder) budget() {
	p := b.Study.Privacy
	honest := b.Minimum - b.Colluders
	if b.Trial {
		honest = len(b.Sites) // one process holds all of it
	}
	runs := make([]analysis.PrivateRun, len(b.private))
	for i, s := range b.private {
		runs[i] = s.run
	}
	programs, err := mechanism.Divide(mechanism.Budget{Epsilon: p.Epsilon, Delta: p.Delta, Noise: dp.Kind(p.Noise)}, honest, len(b.Sites), runs...)
	if err != nil {
		b.problem("", "privacy", "%v", err)
		return
	}
	budget := &Budget{Epsilon: p.Epsilon, Delta: p.Delta, Honest: honest, Patients: p.ExpectedPatients}
	if budget.Patients == 0 {
		budget.Patients = DefaultPatients
	}
	for i, s := range b.private {
		e := s.Entry
		e.Private, e.Run, e.Expect = programs[i], programs[i], programs[i].Expect(budget.Patients)
		if e.Start, err = programs[i].Start(s.Start); err != nil {
			s.refuse(err)
			return
		}
		b.add(e, s.refuse)
		budget.book(programs[i].Events())
	}
	if budget.Rho, err = account.RhoOf(budget.Events()); err != nil {
		b.problem("", "privacy", "%v", err)
		return
	}
	if p.Noise == "" && p.Delta > 0 {
		budget.frugal(honest, len(b.Sites), runs, programs)
	}
	b.Budget = budget
}

// frugal says what the study would book with Gaussian noise throughout, where that
// is less than half, and how much larger the noise would be.
func (b *Budget) frugal(honest, parties int, runs []analysis.PrivateRun, programs []*mechanism.Program) {
	others, err := mechanism.Divide(mechanism.Budget{Epsilon: b.Epsilon, Delta: b.Delta, Noise: dp.Gaussian}, honest, parties, runs...)
	if err != nil {
		return
	}
	var other Budget
	times := 1.0
	for i, o := range others {
		other.book(o.Events())
		times = max(times, o.Deviation()/programs[i].Deviation())
	}
	if rho, err := account.RhoOf(other.Events()); err == nil && rho < b.Rho/2 {
		b.Gaussian = &Frugal{Rho: rho, Times: times}
	}
}

// book adds what an analysis does, round by round.
func (b *Budget) book(rounds [][]dp.Event) {
	for i, es := range rounds {
		if i == len(b.Rounds) {
			b.Rounds = append(b.Rounds, nil)
		}
		b.Rounds[i] = append(b.Rounds[i], es...)
	}
}
