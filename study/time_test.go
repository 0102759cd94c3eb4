package study

import (
	"strings"
	"testing"

	"hmsp.center/hmsp/timeline"
)

const overTime = `hmsp: study/v1
name: hba1c
question: How long do patients live after a diagnosis of diabetes?
purpose: research
legal_basis: GDPR Art. 9(2)(j)
dataset: clinic
link: [genome]
index: {event: diabetes, from: 2015-01-01, to: 2020-12-31}
variables:
  hba1c_before: {of: hba1c, take: last, from: -365d, to: 0d}
  visits: {of: visit, take: count, from: -1y, to: -1d, max: 50}
  os_days: {of: death, take: time, to: 5y}
analyses:
  - {name: a, analysis: describe, variables: [hba1c_before]}
`

// What a study says about time is read, and is part of what it asks.
func TestTime(t *testing.T) {
	s, err := Parse("study.yaml", []byte(overTime))
	if err != nil {
		t.Fatal(err)
	}
	d := s.Variables["visits"]
	if s.Index.Event != "diabetes" || s.Index.From.String() != "2015-01-01" || d.Take != timeline.Count || d.From.String() != "-1y" || d.Max != 50 {
		t.Errorf("index %+v, visits %+v", s.Index, d)
	}
	if got := s.Datasets(); len(got) != 2 || got[1] != "genome" {
		t.Errorf("datasets %v", got)
	}
	one, _ := s.Digest()
	other, err := Parse("study.yaml", []byte(strings.Replace(overTime, "-365d", "-364d", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if two, _ := other.Digest(); one == two {
		t.Error("another window has the same digest")
	}
	for bad, says := range map[string]string{
		"from: -1q, to: -1d": "-1q", "take: counts": "counts", "link: [clinic]": "twice", "index: {event: diabetes, from: 2015-13-01}": "2015-13-01",
	} {
		key, _, _ := strings.Cut(bad, " ")
		old := map[string]string{"from:": "from: -1y, to: -1d", "take:": "take: count", "link:": "link: [genome]", "index:": "index: {event: diabetes, from: 2015-01-01, to: 2020-12-31}"}[key]
		_, err := Parse("study.yaml", []byte(strings.Replace(overTime, old, bad, 1)))
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "study.yaml:") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
