package quality

import (
	"fmt"
	"maps"
	"slices"

	"hmsp.center/hmsp/spelling"
)

// Limits are what is demanded of a variable, each from 0 to 1; nil demands nothing.
type Limits struct {
	Completeness *float64 `json:"completeness,omitempty" yaml:"completeness,omitempty"` // at least
	Conformance  *float64 `json:"conformance,omitempty" yaml:"conformance,omitempty"`   // at least
	Plausibility *float64 `json:"plausibility,omitempty" yaml:"plausibility,omitempty"` // at least
	Uniqueness   *float64 `json:"uniqueness,omitempty" yaml:"uniqueness,omitempty"`     // at least
	Drift        *float64 `json:"drift,omitempty" yaml:"drift,omitempty"`               // population stability index, at most
	Score        *float64 `json:"score,omitempty" yaml:"score,omitempty"`               // at least
}

// Thresholds are what a study demands of a dataset: of each variable that it uses, and
// in place of that of single variables.
type Thresholds struct {
	Limits    `yaml:",inline"`
	People    int               `json:"people,omitempty" yaml:"people,omitempty"` // in the dataset, at least
	Variables map[string]Limits `json:"variables,omitempty" yaml:"variables,omitempty"`
}

// measures lists the limits by name.
func (l Limits) measures() []measure {
	return []measure{
		{"completeness", l.Completeness, false}, {"conformance", l.Conformance, false}, {"plausibility", l.Plausibility, false},
		{"uniqueness", l.Uniqueness, false}, {"drift", l.Drift, true}, {"score", l.Score, false},
	}
}

type measure struct {
	name  string
	limit *float64
	most  bool // it is an upper limit
}

// Valid says which threshold makes no sense, among the variables of a dictionary.
func (t Thresholds) Valid(variables []string) error {
	if t.People < 0 {
		return fmt.Errorf("quality: people is %d: want 0 or more", t.People)
	}
	check := func(where string, l Limits) error {
		for _, m := range l.measures() {
			if m.limit == nil || *m.limit >= 0 && *m.limit <= 1 {
				continue
			}
			return fmt.Errorf("quality%s: %s is %v: want 0 to 1", where, m.name, *m.limit)
		}
		return nil
	}
	if err := check("", t.Limits); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(t.Variables)) {
		if !slices.Contains(variables, name) {
			return fmt.Errorf("quality: variable %q is unknown%s", name, spelling.Suggest(name, variables))
		}
		if err := check(" of "+name, t.Variables[name]); err != nil {
			return err
		}
	}
	return nil
}

// of are the limits of a variable: its own where it has one.
func (t Thresholds) of(name string) Limits {
	l, own := t.Limits, t.Variables[name]
	for _, f := range []struct{ to, from **float64 }{
		{&l.Completeness, &own.Completeness}, {&l.Conformance, &own.Conformance}, {&l.Plausibility, &own.Plausibility},
		{&l.Uniqueness, &own.Uniqueness}, {&l.Drift, &own.Drift}, {&l.Score, &own.Score},
	} {
		if *f.from != nil {
			*f.to = *f.from
		}
	}
	return l
}

// A Shortfall is a demand that a dataset does not meet. It says what was demanded and
// not how much is there.
type Shortfall struct {
	Variable string  `json:"variable,omitempty"` // "" is the dataset
	Measure  string  `json:"measure"`
	Demanded float64 `json:"demanded"`
	Text     string  `json:"text"`
}

// Meets lists what a dataset falls short of for a study of the variables. It judges
// what is published, not the profile: a demand, repeated a little higher each time,
// would else read an exact count out of the answers. What is not published, because
// it is of too few people, does not meet a demand; what is rounded meets one that lies within
// the rounding.
func Meets(p Public, t Thresholds, variables []string) []Shortfall {
	var out []Shortfall
	if t.People > 0 && (p.People == nil || *p.People < t.People) {
		out = append(out, Shortfall{"", "people", float64(t.People), fmt.Sprintf("the study demands data of at least %d people", t.People)})
	}
	for _, name := range variables {
		v, have := p.lookup(name)
		for _, m := range t.of(name).measures() {
			if m.limit == nil || !have && m.most || have && v.Recorded && m.name == "completeness" {
				continue
			}
			got := v.measure(m.name)
			switch {
			case !have:
				out = append(out, Shortfall{name, m.name, *m.limit, fmt.Sprintf("the dataset does not have %s, of which the study demands a %s of %s", name, m.name, m.text())})
			case m.name == "drift" && got == nil: // it cannot be judged of what has no batches
			case got == nil:
				out = append(out, Shortfall{name, m.name, *m.limit, fmt.Sprintf("too few people have %s for its %s to be told, of which the study demands %s", name, m.name, m.text())})
			case m.most && *got > *m.limit+1e-9 || !m.most && *got < *m.limit-1e-9:
				out = append(out, Shortfall{name, m.name, *m.limit, fmt.Sprintf("%s does not have the %s of %s that the study demands", name, m.name, m.text())})
			}
		}
	}
	return out
}

func (m measure) text() string {
	switch {
	case m.most:
		return fmt.Sprintf("at most %.3g", *m.limit)
	case m.name == "score":
		return fmt.Sprintf("at least %.3g", *m.limit)
	}
	return fmt.Sprintf("at least %.4g%%", 100**m.limit)
}
