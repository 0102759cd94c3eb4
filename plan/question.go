package plan

import (
	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/study"
)

// Predicate is the cohort's canonical expression, "" for everybody.
func (p *Plan) Predicate() string {
	if p.Cohort == nil {
		return ""
	}
	return p.Cohort.String()
}

// Question is the canonical bytes of what the study asks, without who asks, why and
// under which name: two studies with one question ask for the same numbers of the
// same sites under the same terms.
func (p *Plan) Question() []byte {
	type entry struct {
		Analysis string          `json:"analysis"`
		Version  string          `json:"version"`
		Params   analysis.Params `json:"params"`
	}
	q := struct {
		Hmsp    string         `json:"hmsp"`
		Charter string         `json:"charter"`
		Dataset string         `json:"dataset"`
		Cohort  string         `json:"cohort"`
		Sites   []string       `json:"sites"`
		Minimum int            `json:"minimum"`
		Privacy *study.Privacy `json:"privacy"`
		Entries []entry        `json:"entries"`
	}{"question/v1", p.Charter, p.Study.Dataset, p.Predicate(), p.Sites, p.Minimum, nil, nil}
	if p.Study.Privacy != nil {
		privacy := *p.Study.Privacy
		privacy.ExpectedPatients = 0 // changes no number
		q.Privacy = &privacy
	}
	for _, e := range p.Entries {
		q.Entries = append(q.Entries, entry{e.About.Name, e.About.Version, e.Params})
	}
	b, err := manifest.Canonical(q)
	if err != nil {
		return []byte(p.Digest) // asked anew every time
	}
	return b
}
