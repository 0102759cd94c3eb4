package consent

import (
	"fmt"
	"slices"
	"time"

	"hmsp.center/hmsp/audit"
)

// A Report is what a proof shows about a patient.
type Report struct {
	Dataset string
	From    int64     // the entry of the first register
	Last    int64     // the last entry of the log that the proof covers
	Whole   bool      // the log was given from its entry 0 on: there is no register before
	Since   time.Time // of entry From
	Until   time.Time // of entry Last
	States  []StateReport
	Cohorts []CohortReport
}

// A StateReport is what one register held of the patient.
type StateReport struct {
	Entry      int64
	At         time.Time
	Known      bool // the register knew the patient
	Statements []Statement
}

// A CohortReport is one cohort of a study.
type CohortReport struct {
	Entry    int64
	At       time.Time
	Study    string // its digest
	Purpose  string
	Day      Day
	Decision Decision // what the patient's consent gave for it
	In       bool     // the patient was in the cohort
}

// Against says whether the patient was in a cohort without permission.
func (c CohortReport) Against() bool { return c.In && c.Decision.Outcome != Permit }

// Obeyed says whether no cohort was against the patient's consent.
func (r Report) Obeyed() bool { return !slices.ContainsFunc(r.Cohorts, CohortReport.Against) }

// Withdrawal is the first entry whose register held a withdrawal or a refusal of the
// patient; ok is false if none did.
func (r Report) Withdrawal() (entry int64, ok bool) {
	for _, s := range r.States {
		if slices.ContainsFunc(s.Statements, func(x Statement) bool { return x.Effect >= Refuses }) {
			return s.Entry, true
		}
	}
	return 0, false
}

// Verify checks a proof against the entries of a site's audit log, which must have
// been verified (package audit) and be all of them from the proof's first entry on, or
// from an earlier one.
// It needs nothing else, and no trust in the site: it is an error if the proof leaves
// out an entry about the dataset's consent, does not open what was booked, or what
// was booked contradicts itself. The report says whether the consent was obeyed.
//
// What it cannot see: whether the pseudonym is the patient's, which only the site's
// key tells; entries after the last one given, for which others hold checkpoints of
// the log; what was before the first one, unless Report.Whole; and a site whose
// program computes with other people than it books.
func Verify(p Proof, log []audit.Entry) (Report, error) {
	who, ok := parsePseudonym(p.Pseudonym)
	if !ok || p.Hmsp != ProofVersion || len(p.States) == 0 {
		return Report{}, fmt.Errorf("verify a consent: this is not a proof of version %s", ProofVersion)
	}
	v := &verifying{proof: p, who: who, states: p.States, cohorts: p.Cohorts}
	v.report = Report{Dataset: p.Dataset, From: p.States[0].Entry}
	if err := v.walk(log); err != nil {
		return Report{}, fmt.Errorf("verify a consent: %w", err)
	}
	return v.report, nil
}

type verifying struct {
	proof           Proof
	who             uint64
	states, cohorts []Opening // not met yet
	state           string    // digest of the register in force
	report          Report
}

func (v *verifying) walk(log []audit.Entry) error {
	if len(log) == 0 || log[0].Seq > v.report.From || v.report.From >= log[0].Seq+int64(len(log)) {
		return fmt.Errorf("the log does not hold entry %d, with which the proof begins", v.report.From)
	}
	v.report.Whole = log[0].Seq == 0
	for i, e := range log {
		if e.Seq != log[0].Seq+int64(i) {
			return fmt.Errorf("entry %d is missing from the log", log[0].Seq+int64(i))
		}
		if v.report.Last, v.report.Until = e.Seq, e.At; e.Seq == v.report.From {
			v.report.Since = e.At
		}
		if e.Facts[factDataset] != v.proof.Dataset {
			continue
		}
		var err error
		switch e.Kind {
		case KindState:
			err = v.newState(e)
		case KindCohort:
			err = v.newCohort(e)
		}
		if err != nil {
			return fmt.Errorf("entry %d: %w", e.Seq, err)
		}
	}
	if len(v.states)+len(v.cohorts) > 0 {
		return fmt.Errorf("the proof speaks of entries about consent that are not in the log, or not in its order")
	}
	return nil
}

// open follows the next opening, which must be the entry's.
func (v *verifying) open(list *[]Opening, e audit.Entry, kind, fact string) (o Opening, value Hash, in bool, err error) {
	if len(*list) == 0 || (*list)[0].Entry != e.Seq {
		return o, value, false, fmt.Errorf("the proof leaves it out or has it in another place")
	}
	o, *list = (*list)[0], (*list)[1:]
	var digest Hash
	if err := digest.UnmarshalText([]byte(e.Facts[fact])); err != nil {
		return o, value, false, fmt.Errorf("the fact %s is no digest: %w", fact, err)
	}
	value, in, err = o.Path.check(kind, digest, v.who)
	return o, value, in, err
}

func (v *verifying) newState(e audit.Entry) error {
	o, value, in, err := v.open(&v.states, e, stateTree, factState)
	if err != nil {
		return err
	}
	if !in && len(o.Statements) > 0 || in && newKeys(stateTree, o.Path.Salt).value(v.who, o.Statements) != value {
		return fmt.Errorf("the register that was booked does not hold these statements of the patient")
	}
	v.state = e.Facts[factState]
	v.report.States = append(v.report.States, StateReport{e.Seq, e.At, in, o.Statements})
	return nil
}

func (v *verifying) newCohort(e audit.Entry) error {
	_, _, in, err := v.open(&v.cohorts, e, cohortTree, factCohort)
	if err != nil {
		return err
	}
	day, ok := ParseDay(e.Facts[factDay])
	if !ok {
		return fmt.Errorf("the fact %s is no day", factDay)
	}
	if booked := dayOf(e.At); day < booked-1 || day > booked+1 { // clocks show two dates at once on earth
		return fmt.Errorf("consent was asked for another day than the one on which it was booked")
	}
	if e.Facts[factState] != v.state {
		return fmt.Errorf("consent was asked of another register than the one in force")
	}
	c := CohortReport{e.Seq, e.At, e.Study, e.Facts[factPurpose], day, Decision{Silent, Unknown}, in}
	if s := v.report.States[len(v.report.States)-1]; s.Known {
		c.Decision = Decide(s.Statements, c.Purpose, day)
	}
	v.report.Cohorts = append(v.report.Cohorts, c)
	return nil
}
