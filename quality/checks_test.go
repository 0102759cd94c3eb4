package quality

import (
	"testing"

	"hmsp.center/hmsp/disclosure"
)

// Of three hundred people one has nearly all of the values, all of them implausible: what
// is published is not that person's share.
func TestChecksArePublishedByPerson(t *testing.T) {
	p := Profile{Dataset: "watches", People: 300, Checks: []Check{{Name: "heart rate", Values: 100299, People: 300, Outside: 100000, PerPerson: 299. / 300}}}
	with := Published(p, disclosure.DefaultRules())
	if c := with.Checks; len(c) != 1 || c[0].Plausible == nil || *c[0].Plausible != 1 {
		t.Errorf("%s", with)
	}
}

// That one person has glucose measured is not told by the name of a check.
func TestChecksOfFewAreNotNamed(t *testing.T) {
	p := Profile{Dataset: "watches", People: 300}
	without, _ := Published(p, disclosure.DefaultRules()).Encode()
	p.Checks = []Check{{Name: "glucose", Values: 288, People: 1, PerPerson: 1}}
	with, _ := Published(p, disclosure.DefaultRules()).Encode()
	if string(with) != string(without) {
		t.Errorf("%s", with)
	}
}
