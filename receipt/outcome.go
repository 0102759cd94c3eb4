package receipt

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"hmsp.center/hmsp/analysis"
)

// OutcomeVersion is the schema of an outcome.
const OutcomeVersion = "result/v1"

// An Outcome is how a study ended: the findings with their receipt, or why
// there are none. A subset of the sites is never reported as the whole: Absent
// names who is missing.
type Outcome struct {
	HMSP         string    `json:"hmsp"` // OutcomeVersion
	Study        Study     `json:"study"`
	Status       Status    `json:"status"`
	Reason       string    `json:"reason,omitempty"` // why the study was not released; for people
	Lead         string    `json:"lead,omitempty"`
	Contributors []string  `json:"contributors,omitempty"`
	Absent       []Absent  `json:"absent,omitempty"`
	Analyses     []Finding `json:"analyses,omitempty"`
	Receipt      *Receipt  `json:"receipt,omitempty"`
	Remarks      []string  `json:"remarks,omitempty"` // what the lead noticed and the run survived; nobody signs it
}

// A Status says how a study ended.
type Status string

const (
	Released  Status = "released"  // the findings and their receipt are there
	Failed    Status = "failed"    // something went wrong; nothing was released
	Refused   Status = "refused"   // the sites' rules did not permit it
	Cancelled Status = "cancelled" // stopped by the researcher or a steward
)

// A Finding is one analysis' end: a result, or why it has none.
type Finding struct {
	Name     string           `json:"name"`     // in the study, and of its folder: "by-sex"
	Analysis string           `json:"analysis"` // "kaplan-meier"
	Version  string           `json:"version"`
	Result   *analysis.Result `json:"result,omitempty"`
	Failed   string           `json:"failed,omitempty"`
}

// DigestResult names the findings, hex; it stands in the receipt that the
// contributors sign.
func DigestResult(findings []Finding) (string, error) {
	b, err := json.Marshal(findings)
	if err != nil {
		return "", fmt.Errorf("digest of the result: %w", err)
	}
	d := sha256.Sum256(append([]byte("hmsp/"+OutcomeVersion+"\n"), b...))
	return hex.EncodeToString(d[:]), nil
}

// Check holds the outcome against its receipt: a released outcome has one, for
// the same study, contributors and findings.
func (o Outcome) Check() error {
	if o.HMSP != OutcomeVersion {
		return fmt.Errorf("version %q, want %q", o.HMSP, OutcomeVersion)
	}
	switch o.Status {
	case Released:
	case Failed, Refused, Cancelled:
		if o.Reason == "" {
			return fmt.Errorf("%s without a reason", o.Status)
		}
		return nil
	default:
		return fmt.Errorf("unknown status %q", o.Status)
	}
	if o.Receipt == nil {
		return fmt.Errorf("released without a receipt")
	}
	if err := o.Receipt.Check(); err != nil {
		return fmt.Errorf("receipt: %w", err)
	}
	if o.Receipt.Study != o.Study || o.Receipt.Lead != o.Lead || !slices.Equal(o.Receipt.Contributors, o.Contributors) {
		return fmt.Errorf("the receipt is for another study or other contributors")
	}
	if !slices.EqualFunc(o.Receipt.Absent, o.Absent, sameAbsent) {
		return fmt.Errorf("the receipt names other sites as absent, or for other reasons")
	}
	d, err := DigestResult(o.Analyses)
	if err != nil {
		return err
	}
	if d != o.Receipt.Result {
		return fmt.Errorf("the findings are not the ones that the receipt names (digest %s, receipt %s)", d, o.Receipt.Result)
	}
	return nil
}

func sameAbsent(a, b Absent) bool {
	return a.Site == b.Site && a.Kind == b.Kind && a.Reason == b.Reason && a.Since.UnixMilli() == b.Since.UnixMilli()
}

// ParseOutcome reads an outcome; unknown fields and whatever Check refuses are
// refused.
func ParseOutcome(b []byte) (Outcome, error) {
	var o Outcome
	if err := strict(b, &o); err != nil {
		return o, fmt.Errorf("read outcome: %w", err)
	}
	if err := o.Check(); err != nil {
		return o, fmt.Errorf("read outcome: %w", err)
	}
	return o, nil
}
