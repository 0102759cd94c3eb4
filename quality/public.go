package quality

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"hmsp.center/hmsp/disclosure"
)

// PublicVersion is the kind and version of what is published of a profile.
const PublicVersion = "quality/v2-public"

// A Public profile is what other members may know of a dataset. What would tell
// something about few people is nil or absent.
type Public struct {
	Hmsp      string           `json:"hmsp"`
	Dataset   string           `json:"dataset"`
	People    *int             `json:"people,omitempty"`     // rounded
	FirstYear string           `json:"first_year,omitempty"` // with enough people
	LastYear  string           `json:"last_year,omitempty"`
	Variables []PublicVariable `json:"variables"`
	Checks    []PublicCheck    `json:"checks,omitempty"`
	Score     *float64         `json:"score,omitempty"`
}

// A PublicVariable has rounded shares and no count.
type PublicVariable struct {
	Name         string   `json:"name"`
	Recorded     bool     `json:"recorded,omitempty"` // Completeness is how many have it
	Completeness *float64 `json:"completeness,omitempty"`
	Conformance  *float64 `json:"conformance,omitempty"`
	Plausibility *float64 `json:"plausibility,omitempty"`
	Uniqueness   *float64 `json:"uniqueness,omitempty"`
	Drift        *float64 `json:"drift,omitempty"` // 0, 0.1, 0.25, 0.5 or 1: the index is at least that
	Score        *float64 `json:"score,omitempty"` // of the shares that are published
	Findings     []string `json:"findings,omitempty"`
}

// Published is what may be told of a profile under the consortium's rules.
//
// Counts are not published, but for the number of people, rounded to tens or more.
// Shares are rounded to a step that is so wide that each stands for all numbers of
// people from none to more than the minimum cell, at both ends: neither how many have
// a value nor how many have none can be told to be few (primary and complementary
// suppression in one). For the step, the people who have a value are taken from what is
// published. Scores are computed from the rounded shares, drift is one of five grades,
// findings are named where they touch more values than that, and years where more
// people were active. No time, no value and no extreme of a patient is in it. The shares
// but completeness are of values, to which a patient with many contributes much: they
// tell a fault of the data, which may be one patient's, never whose.
//
// Publish again after a change of the data and not of single people: the same rounding
// of two states can differ by one person.
func Published(p Profile, rules disclosure.Rules) Public {
	few := max(rules.MinimumCell, 0)
	out := Public{Hmsp: PublicVersion, Dataset: p.Dataset, Variables: []PublicVariable{}}
	unit := max(10, rules.Round, 2*(few+1))
	people := int(math.RoundToEven(float64(p.People)/float64(unit))) * unit
	for _, v := range p.Variables {
		out.Variables = append(out.Variables, PublicVariable{Name: v.Name, Recorded: v.Recorded})
	}
	step := stepOf(max(people-unit/2, 0), few) // for the fewest people that it may stand for
	if step == 0 {
		return out
	}
	out.People = &people
	out.Checks = published(p.Checks, unit, few)
	for _, b := range p.Batches {
		if b.People > 2*(few+1) && p.years() {
			if out.FirstYear == "" {
				out.FirstYear = b.Label
			}
			out.LastYear = b.Label
		}
	}
	total := 0.0
	for i, v := range p.Variables {
		w := &out.Variables[i]
		w.Completeness = rounded(v.Completeness, step)
		holders := int(max(0, *w.Completeness-step/2) * float64(people)) // at least so many have a value
		if s := stepOf(holders, few); s > 0 {
			w.Conformance, w.Plausibility, w.Uniqueness = rounded(v.Conformance, s), rounded(v.Plausibility, s), rounded(v.Uniqueness, s)
			if smallest > 2*(few+1) {
				w.Drift = graded(v.Drift)
			}
			score := *w.Conformance * *w.Plausibility * *w.Uniqueness
			if !w.Recorded {
				score *= *w.Completeness
			}
			if w.Drift != nil {
				score *= math.Exp(-*w.Drift)
			}
			score = math.Round(1000*score) / 1000
			w.Score = &score
			total += score
		}
		for _, f := range p.Findings {
			if f.Variable == v.Name && w.Score != nil && f.Affected > 2*(few+1) && !slices.Contains(w.Findings, f.Kind) {
				w.Findings = append(w.Findings, f.Kind)
			}
		}
	}
	if len(p.Variables) > 0 {
		total = math.Round(1000*total/float64(len(p.Variables))) / 1000
		out.Score = &total
	}
	return out
}

// years says whether the batches are years: a site's own labels are not published.
func (p Profile) years() bool {
	return !slices.ContainsFunc(p.Batches, func(b Batch) bool {
		return len(b.Label) < 4 || slices.ContainsFunc([]byte(b.Label[:4]), func(c byte) bool { return c < '0' || c > '9' }) ||
			len(b.Label) > 4 && !(len(b.Label) == 7 && b.Label[4:6] == "-Q")
	})
}

// stepOf is the finest step of shares of so many people of which half stands for more
// than few people; 0 if there is none.
func stepOf(people, few int) float64 {
	for _, s := range []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.25} {
		if s*float64(people) >= 2*float64(few+1) {
			return s
		}
	}
	return 0
}

func rounded(share, step float64) *float64 {
	n := math.Round(1 / step)
	x := math.Round(min(max(share, 0), 1)*n) / n
	return &x
}

// graded is the grade of a confirmed drift, 0 where there is none to speak of.
func graded(d *Drift) *float64 {
	if d == nil {
		return nil
	}
	grade := 0.0
	for _, g := range []float64{0.1, 0.25, 0.5, 1} {
		if d.Confirmed && d.PSI >= g {
			grade = g
		}
	}
	return &grade
}

func (p Public) lookup(name string) (PublicVariable, bool) {
	i := slices.IndexFunc(p.Variables, func(v PublicVariable) bool { return v.Name == name })
	if i < 0 {
		return PublicVariable{}, false
	}
	return p.Variables[i], true
}

func (v PublicVariable) measure(name string) *float64 {
	switch name {
	case "completeness":
		return v.Completeness
	case "conformance":
		return v.Conformance
	case "plausibility":
		return v.Plausibility
	case "uniqueness":
		return v.Uniqueness
	case "drift":
		return v.Drift
	case "score":
		return v.Score
	}
	return nil
}

// Encode is the public profile as JSON, the same bytes for the same profile.
func (p Public) Encode() ([]byte, error) {
	p.Hmsp = PublicVersion
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write public quality profile: %w", err)
	}
	return append(data, '\n'), nil
}

// DecodePublic reads what Encode wrote, as another member sends it: other versions,
// and numbers that no profile has, are refused.
func DecodePublic(data []byte) (Public, error) {
	var p Public
	if err := json.Unmarshal(data, &p); err != nil {
		return Public{}, fmt.Errorf("read public quality profile: it is not as expected: %w", err)
	}
	if p.Hmsp != PublicVersion {
		return Public{}, fmt.Errorf("read public quality profile: its version is not %s", PublicVersion)
	}
	seen := map[string]bool{}
	for _, v := range p.Variables {
		if v.Name == "" || seen[v.Name] {
			return Public{}, fmt.Errorf("read public quality profile: a variable has no name, or stands twice")
		}
		seen[v.Name] = true
		for _, m := range (Limits{}).measures() {
			if x := v.measure(m.name); x != nil && !(*x >= 0 && *x <= 1) {
				return Public{}, fmt.Errorf("read public quality profile: the %s of %q is not from 0 to 1", m.name, v.Name)
			}
		}
	}
	for _, c := range p.Checks {
		if c.Name == "" || c.Plausible != nil && !(*c.Plausible >= 0 && *c.Plausible <= 1) {
			return Public{}, fmt.Errorf("read public quality profile: a check has no name, or a share that is not from 0 to 1")
		}
	}
	if p.People != nil && *p.People < 0 || p.Score != nil && !(*p.Score >= 0 && *p.Score <= 1) {
		return Public{}, fmt.Errorf("read public quality profile: the people or the score make no sense")
	}
	return p, nil
}
