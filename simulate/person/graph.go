// Package person makes people: who they are, and what befalls them, by structural
// equations with known coefficients.
//
// It serves simulate. The causal graph is data (Equations): the same table is
// evaluated for each person and written beside the records as their truth.
package person

import (
	"fmt"
	"math"

	"hmsp.center/hmsp/simulate/chance"
)

// A Variable of the causal graph.
type Variable int

// The variables, each after its causes.
const (
	Age       Variable = iota // at entry, in years
	Male                      // 1 or 0
	AncestryB                 // share of the second ancestral population
	AncestryC                 // and of the third
	GenesLDL                  // scores of the hits (genome.Panel.Scores)
	GenesBMI
	GenesT2D
	EverSmoker
	Smoker   // current
	Activity // standardised habit of moving
	BMI      // kg/m2, this and the following at entry
	Height   // cm
	SBP      // mm[Hg], untreated
	DBP
	LDL // mg/dL, untreated
	HDL
	LogTriglycerides // natural logarithm of mg/dL
	HbA1c            // %, without diabetes
	Glucose          // mg/dL
	Creatinine       // mg/dL
	LogCRP           // natural logarithm of mg/L
	Diabetes         // type 2: at entry (logistic), or when (Weibull)
	Hypertension
	CHD // coronary heart disease
	Statin
	Metformin
	Antihypertensive
	Aspirin
	Death
	DropOut
	Lesion // of the brain, where an image was taken
	Variables
)

func (v Variable) String() string {
	return [...]string{"age", "male", "ancestry_b", "ancestry_c", "genes_ldl", "genes_bmi", "genes_t2d",
		"ever_smoker", "smoker", "activity", "bmi", "height", "sbp", "dbp", "ldl", "hdl", "log_triglycerides",
		"hba1c", "glucose", "creatinine", "log_crp", "diabetes", "hypertension", "chd", "statin", "metformin",
		"antihypertensive", "aspirin", "death", "drop_out", "lesion"}[v]
}

// MarshalText writes the variable's name.
func (v Variable) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (v *Variable) UnmarshalText(b []byte) error {
	for *v = 0; *v < Variables; *v++ {
		if v.String() == string(b) {
			return nil
		}
	}
	return fmt.Errorf("person: %q is no variable", b)
}

// A Kind of equation.
type Kind string

// The kinds. With lp = Intercept + the site's shift + sum of Coefficient*(x-Centre):
const (
	Linear   Kind = "linear"   // x = lp + normal of standard deviation SD, cut off at 3 SD
	Logistic Kind = "logistic" // P(x=1) = 1/(1+exp(-lp))
	Weibull  Kind = "weibull"  // hazard Shape*t^(Shape-1)*exp(lp), t in years since entry
)

// A Term of an equation.
type Term struct {
	Cause       Variable `json:"cause"`
	Centre      float64  `json:"centre"`
	Coefficient float64  `json:"coefficient"`
}

// An Equation says how a variable comes about.
type Equation struct {
	Outcome   Variable `json:"outcome"`
	Kind      Kind     `json:"kind"`
	Intercept float64  `json:"intercept"`
	SD        float64  `json:"sd,omitempty"`
	Shape     float64  `json:"shape,omitempty"`
	Terms     []Term   `json:"terms"`
	Note      string   `json:"note,omitempty"`
}

// Equations are the causal graph, in the order in which they are drawn.
func Equations() []Equation {
	age := func(c float64) Term { return Term{Age, 50, c} }
	bmi := func(c float64) Term { return Term{BMI, 26, c} }
	on := func(v Variable, c float64) Term { return Term{v, 0, c} }
	return []Equation{
		{EverSmoker, Logistic, -0.4, 0, 0, []Term{age(-0.01), on(Male, 0.4)}, ""},
		{Smoker, Logistic, 0, 0, 0, []Term{age(-0.03)}, "among those who ever smoked"},
		{Activity, Linear, 0, 1, 0, []Term{age(-0.02), on(Smoker, -0.2)}, ""},
		{BMI, Linear, 26, 3, 0, []Term{age(0.04), on(Male, 0.5), on(Activity, -0.8), on(Smoker, -0.6), on(GenesBMI, 1), on(AncestryB, 0.8), on(AncestryC, -0.5)}, ""},
		{Height, Linear, 164, 6, 0, []Term{age(-0.05), on(Male, 13)}, ""},
		{SBP, Linear, 124, 10, 0, []Term{age(0.45), on(Male, 4), bmi(0.9), on(Smoker, 3), on(AncestryB, 3)}, ""},
		{DBP, Linear, 77, 6, 0, []Term{{SBP, 124, 0.4}, on(Male, 1)}, ""},
		{LDL, Linear, 128, 26, 0, []Term{age(0.4), on(Male, 2), bmi(1), on(Smoker, 4), on(GenesLDL, 1), on(AncestryB, -3), on(AncestryC, 4)}, ""},
		{HDL, Linear, 58, 8, 0, []Term{on(Male, -11), bmi(-0.6), on(Activity, 1.5)}, ""},
		{LogTriglycerides, Linear, 4.7, 0.35, 0, []Term{on(Male, 0.1), bmi(0.03)}, ""},
		{HbA1c, Linear, 5.4, 0.22, 0, []Term{age(0.006), bmi(0.02), on(Smoker, 0.05)}, ""},
		{Glucose, Linear, 92, 7, 0, []Term{{HbA1c, 5.4, 20}}, ""},
		{Creatinine, Linear, 0.75, 0.1, 0, []Term{age(0.003), on(Male, 0.2)}, ""},
		{LogCRP, Linear, 0.4, 0.7, 0, []Term{bmi(0.07), on(Smoker, 0.2)}, ""},

		{Diabetes, Logistic, -3.2, 0, 0, []Term{age(0.05), bmi(0.12), on(Male, 0.3), on(Smoker, 0.25), on(GenesT2D, 1), on(AncestryC, 0.4)}, "at entry"},
		{Hypertension, Logistic, -1.2, 0, 0, []Term{age(0.03), {SBP, 124, 0.06}, bmi(0.05)}, "at entry"},
		{CHD, Logistic, -4.2, 0, 0, []Term{age(0.07), on(Male, 0.6), on(Smoker, 0.5), {LDL, 128, 0.01}, on(Diabetes, 0.5)}, "at entry"},
		{Statin, Logistic, -2.5, 0, 0, []Term{age(0.03), {LDL, 128, 0.025}, on(CHD, 1.5), on(Diabetes, 1)}, "at entry; begins within 60 days"},
		{Metformin, Logistic, 1.2, 0, 0, []Term{bmi(0.1)}, "of those with diabetes; begins within 90 days of it"},
		{Antihypertensive, Logistic, 0.8, 0, 0, []Term{{SBP, 124, 0.02}}, "of those with hypertension; begins within 60 days of it"},
		{Aspirin, Logistic, 1.5, 0, 0, nil, "of those with coronary heart disease; begins within 10 days of it"},

		{Diabetes, Weibull, math.Log(0.006), 0, 1.2, []Term{age(0.04), bmi(0.1), on(Male, 0.2), on(Smoker, 0.3), on(GenesT2D, 1), on(AncestryC, 0.3)}, "of those without at entry"},
		{Hypertension, Weibull, math.Log(0.02), 0, 1, []Term{age(0.03), {SBP, 124, 0.03}, bmi(0.04)}, "of those without at entry"},
		{CHD, Weibull, math.Log(0.003), 0, 1.3, []Term{age(0.06), on(Male, 0.5), on(Smoker, 0.6), {LDL, 128, 0.01}, {SBP, 124, 0.012}, on(Diabetes, 0.6), on(Statin, -0.35)}, "of those without at entry; diabetes and statin at entry"},
		{Death, Weibull, math.Log(0.0025), 0, 1.1, []Term{age(0.085), on(Male, 0.35), on(Smoker, 0.6), on(Diabetes, 0.4), on(CHD, 0.7)}, "diabetes at entry; chd from its onset on, a time-varying covariate"},
		{DropOut, Weibull, math.Log(0.02), 0, 1, nil, "independent of everything"},
		{Lesion, Logistic, -1.5, 0, 0, []Term{age(0.04), on(Hypertension, 0.6)}, "among those with a head image; hypertension before it"},
	}
}

// An Effect of a treatment, or of an onset, on what is measured from then on.
type Effect struct {
	Cause   Variable `json:"cause"`
	Outcome Variable `json:"outcome"`
	Form    string   `json:"form"` // add, or multiply
	Size    float64  `json:"size"`
}

// Effects act after the entry.
func Effects() []Effect {
	return []Effect{
		{Statin, LDL, "multiply", statinLDL},
		{Diabetes, HbA1c, "add", diabetesHbA1c},
		{Diabetes, Glucose, "add", diabetesGlucose},
		{Metformin, HbA1c, "add", metforminHbA1c},
		{Metformin, Glucose, "add", metforminGlucose},
		{Antihypertensive, SBP, "add", treatedSBP},
		{Antihypertensive, DBP, "add", treatedDBP},
		{CHD, LogCRP, "add", chdLogCRP},
	}
}

const (
	statinLDL        = 0.68
	diabetesHbA1c    = 1.5
	diabetesGlucose  = 40
	metforminHbA1c   = -0.9
	metforminGlucose = -25
	treatedSBP       = -12
	treatedDBP       = -6
	chdLogCRP        = 0.3
)

// A model looks equations up by outcome and kind.
type model struct{ at [3][Variables]Equation }

func newModel() *model {
	m := &model{}
	for _, e := range Equations() {
		m.at[index(e.Kind)][e.Outcome] = e
	}
	return m
}

func index(k Kind) int {
	switch k {
	case Linear:
		return 0
	case Logistic:
		return 1
	}
	return 2
}

// values hold a person's variables.
type values = [Variables]float64

func (e *Equation) predictor(x *values, shift float64) float64 {
	lp := e.Intercept + shift
	for _, t := range e.Terms {
		lp += t.Coefficient * (x[t.Cause] - t.Centre)
	}
	return lp
}

func (m *model) linear(s *chance.Stream, v Variable, x *values, t Traits) float64 {
	e := &m.at[0][v]
	return e.predictor(x, t.shift(v)) + s.Residual(e.SD)
}

func (m *model) logistic(s *chance.Stream, v Variable, x *values, t Traits) bool {
	e := &m.at[1][v]
	return s.Chance(chance.Expit(e.predictor(x, t.shift(v))))
}

// weibull is a time in years since entry.
func (m *model) weibull(s *chance.Stream, v Variable, x *values) float64 {
	e := &m.at[2][v]
	return s.Weibull(e.Shape, math.Exp(e.predictor(x, 0)))
}
