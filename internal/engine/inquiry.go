package engine

import (
	"fmt"
	"math"
	"regexp"

	"hmsp.center/hmsp/law"
	"hmsp.center/hmsp/quality"
)

// An inquiry asks what a site would say to a study before it is submitted. Its blob
// is the signed study, as that of KindStudy. It belongs to no run: nothing is
// computed, no data are read, and no half of a run takes it.

// An Answer is what a site says to an inquiry. It binds nobody: policy, budget and
// data may be others when the study comes.
type Answer struct {
	Verdict law.Verdict  `json:"verdict"`           // what the site's policy would say at once
	Reasons []law.Reason `json:"reasons,omitempty"` // the rules that say it
	Dataset bool         `json:"dataset"`           // a dataset of that name is registered
	Rho     float64      `json:"rho,omitempty"`     // what a private study would book
	Left    *float64     `json:"left,omitempty"`    // rho left of the dataset's budget; nil: not told
	// Quality is what the site publishes of its data's quality, of each dataset asked.
	Quality []quality.Public `json:"quality,omitempty"`
	Repeat  bool             `json:"repeat,omitempty"` // the question was paid for before: asked of the same data, it costs nothing
}

// maxReasons is the largest number of reasons that an answer may have.
const maxReasons = 64

// maxDatasets is how many datasets a study reads at most, and what they have in common.
const maxDatasets = 22

// ruleForm is what the name of a rule looks like.
var ruleForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._+-]{0,62}[A-Za-z0-9])?$`)

// ReplyTo is the message with a site's answer to an inquiry.
func ReplyTo(inquiry Message, a Answer) Message {
	return Message{Study: inquiry.Study, Kind: KindAnswer, From: inquiry.To, To: inquiry.From, Body: body(a)}
}

// ReadAnswer reads a site's answer to an inquiry.
func ReadAnswer(m Message) (Answer, error) {
	a, err := read[Answer](m)
	if err != nil {
		return a, err
	}
	amounts := []float64{a.Rho}
	if a.Left != nil {
		amounts = append(amounts, *a.Left)
	}
	for _, x := range amounts {
		if !(x >= 0) || math.IsInf(x, 0) {
			return a, fmt.Errorf("answer from %s: %v is no amount of privacy", m.From, x)
		}
	}
	if !a.Verdict.Known() || len(a.Reasons) > maxReasons {
		return a, fmt.Errorf("answer from %s: no verdict, or too many reasons", m.From)
	}
	if len(a.Quality) > maxDatasets {
		return a, fmt.Errorf("answer from %s: profiles of too many datasets", m.From)
	}
	for i, q := range a.Quality {
		b, err := q.Encode()
		if err == nil {
			a.Quality[i], err = quality.DecodePublic(b)
		}
		if err != nil {
			return a, fmt.Errorf("answer from %s: profile of quality: %w", m.From, err)
		}
	}
	for i, r := range a.Reasons {
		if !ruleForm.MatchString(r.Rule) {
			return a, fmt.Errorf("answer from %s: a reason names no rule", m.From)
		}
		a.Reasons[i].Text = tidy(r.Text)
	}
	return a, nil
}
