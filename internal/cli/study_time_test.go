package cli

import (
	"bytes"
	"testing"

	"hmsp.center/hmsp/study"
)

// A steward sees what a study reads behind the names that it makes.
func TestDataOfAStudyIsShown(t *testing.T) {
	s, err := study.Parse("study.yaml", []byte(`hmsp: study/v1
name: x
question: What?
purpose: research
legal_basis: GDPR Art. 9(2)(j)
dataset: clinic
link: [genome]
index: {event: diabetes, from: 2015-01-01}
variables:
  before: {of: hba1c, take: last, from: -365d, to: 0d}
  visits: {of: visit, take: count, from: -1y, to: -1d, max: 50}
  age: {take: age}
quality: {completeness: 0.8, people: 100, variables: {hba1c: {drift: 0.2}}}
analyses:
  - {name: a, analysis: describe, variables: [before]}
`))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	(&app{out: &out}).showData(*s)
	const want = `  linked      genome, of the patients of clinic
  index       the day of the first diabetes, from 2015-01-01
  variable    age: age
  variable    before: last of hba1c from -365d to 0d
  variable    visits: count of visit from -1y to -1d, at most 50
  demands     at least 100 patients, completeness at least 0.8, drift of hba1c at most 0.2
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
