package cli_test

import (
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"hmsp.center/hmsp/law/consent"
)

// doctored writes a proof of a consent as a site would that hides something:
// `doctor PROOF WHAT OUT`.
func doctored(ts *testscript.TestScript, _ bool, args []string) {
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	p, err := consent.ParseProof(b)
	ts.Check(err)
	lines := strings.SplitAfter(p.Log, "\n")
	lines = lines[:len(lines)-1] // after the last end of a line is nothing
	switch args[1] {
	case "cohort": // the last cohort is not opened
		p.Cohorts = p.Cohorts[:len(p.Cohorts)-1]
	case "state": // nor the last register
		p.States = p.States[:len(p.States)-1]
	case "patient": // it is of somebody else
		p.Pseudonym = strings.Repeat("7", 16)
	case "statement": // the withdrawal was never said
		last := &p.States[len(p.States)-1]
		last.Statements = last.Statements[:1]
	case "entry": // an entry of the log is left out
		p.Log = strings.Join(append(lines[:3:3], lines[4:]...), "")
	case "end": // and so are the last cohort and all after it
		for i, l := range lines {
			if strings.Contains(l, consent.KindCohort) {
				p.Log = strings.Join(lines[:i], "")
			}
		}
		p.Cohorts = p.Cohorts[:len(p.Cohorts)-1]
	default:
		ts.Fatalf("doctor: what is %q?", args[1])
	}
	b, err = p.Encode()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), b, 0o600))
}
