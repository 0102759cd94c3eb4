package policy

import (
	"fmt"
	"math"

	"github.com/cedar-policy/cedar-go/types"

	"hmsp.center/hmsp/law"
)

// A Request is what a policy is told of a study. It holds nothing of any patient.
type Request struct {
	Researcher string // a member of the charter
	Role       string // its role in the charter
	Dataset    string // by its registered name
	Purpose    string
	LegalBasis string
	Question   string // the research question
	Cohort     string // the expression that picks the patients; "" for everybody
	Analyses   []string
	Variables  []string // everything that the study reads
	Sites      int      // asked to take part
	Decide     string   // the site's setting: ask, approve, refuse

	Private        bool     // false: exact results, and the numbers below are not told
	Epsilon, Delta float64  // the study's bound
	Rho            float64  // what it books, in zero-concentrated differential privacy
	Left           *float64 // rho that is left of the dataset's budget; nil: not known, or nothing is to be paid
}

// Study decides over a study. It is pure: the same request gets the same decision,
// with its reasons in the order of the file. What cannot be put to the policy, as a
// budget that is no number, is refused.
func (p *Policy) Study(r Request) law.Decision {
	context, err := r.context()
	if err != nil {
		return law.Decision{Verdict: law.Refuse, Reasons: []law.Reason{{Rule: BadAsk, Text: err.Error()}}}
	}
	var parents []types.EntityUID
	if r.Role == "researcher" {
		parents = append(parents, uid("Role", r.Role))
	}
	who, what := uid("Researcher", r.Researcher), uid("Dataset", r.Dataset)
	run := p.ask(who, action("run"), what, parents, context)
	if !run.allowed {
		return law.Decision{Verdict: law.Refuse, Reasons: run.reasons}
	}
	alone := p.ask(who, action("runUnattended"), what, parents, context)
	if !alone.allowed {
		return law.Decision{Verdict: law.Ask, Reasons: alone.reasons}
	}
	return law.Decision{Verdict: law.Permit, Reasons: alone.reasons}
}

// context is the study as the schema's type Study.
func (r Request) context() (types.Record, error) {
	m := types.RecordMap{
		"purpose": uid("Purpose", r.Purpose), "legalBasis": types.String(r.LegalBasis), "question": types.String(r.Question), "cohort": types.String(r.Cohort),
		"analyses": set(r.Analyses), "variables": set(r.Variables), "sites": types.Long(r.Sites),
		"private": types.Boolean(r.Private), "decide": uid("Setting", r.Decide),
	}
	if !r.Private {
		return types.NewRecord(m), nil
	}
	if !(r.Delta >= 0 && r.Delta <= 1) {
		return types.Record{}, fmt.Errorf("delta %v is not within 0 and 1", r.Delta)
	}
	m["deltaPerBillion"] = types.Long(math.Ceil(r.Delta * 1e9))
	var err error
	if m["epsilon"], err = decimal("epsilon", r.Epsilon, math.Ceil); err != nil {
		return types.Record{}, err
	}
	if m["rho"], err = decimal("rho", r.Rho, math.Ceil); err != nil {
		return types.Record{}, err
	}
	if r.Left != nil {
		if m["budgetLeft"], err = decimal("what is left of the budget", *r.Left, math.Floor); err != nil {
			return types.Record{}, err
		}
		m["budgetCovers"] = types.Boolean(r.Rho <= *r.Left)
	}
	return types.NewRecord(m), nil
}

// maxDecimal is where a number of four decimal places is no longer exact in a
// float64, far beyond any budget.
const maxDecimal = 1e9

// decimal is a number from 0 as Cedar's type of four decimal places, rounded to the
// side of the patient.
func decimal(what string, x float64, round func(float64) float64) (types.Decimal, error) {
	if !(x >= 0 && x <= maxDecimal) {
		return types.Decimal{}, fmt.Errorf("%s %v is not within 0 and %v", what, x, maxDecimal)
	}
	d, err := types.NewDecimal(int64(round(x*1e4)), -4)
	if err != nil {
		return d, fmt.Errorf("%s %v: %w", what, x, err)
	}
	return d, nil
}

func set(names []string) types.Set {
	values := make([]types.Value, len(names))
	for i, n := range names {
		values[i] = types.String(n)
	}
	return types.NewSet(values...)
}
