package plan

import (
	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/timeline"
)

// Predicate is the cohort's canonical expression, "" for everybody.
func (p *Plan) Predicate() string {
	if p.Cohort == nil {
		return ""
	}
	return p.Cohort.String()
}

// Part is the predicate that says of which patients the study is, as far as another
// study means the same by it: "" where it reads variables of the study's own making.
func (p *Plan) Part() string {
	if p.OverTime {
		return ""
	}
	return p.Predicate()
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
		Time    *timeline.Spec `json:"time,omitempty"`
		Link    []string       `json:"link,omitempty"`
		Sites   []string       `json:"sites"`
		Minimum int            `json:"minimum"`
		Privacy *study.Privacy `json:"privacy"`
		Entries []entry        `json:"entries"`
	}{Hmsp: "question/v1", Charter: p.Charter, Dataset: p.Study.Dataset, Cohort: p.Predicate(), Link: p.Study.Link, Sites: p.Sites, Minimum: p.Minimum}
	if p.OverTime {
		spec := p.Study.Timeline()
		q.Time = &spec
	}
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
