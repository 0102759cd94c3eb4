package receipt

import (
	"encoding/hex"
	"fmt"
	"slices"

	"hmsp.center/hmsp/dp"
)

// Check holds the receipt against itself. It does not verify signatures: their
// keys are the charter's. A receipt that passes names a known version, complete
// digests, each site once, at least one round, in every round no one who is not
// a contributor of the study or absent, and signatures of contributors only.
func (r Receipt) Check() error {
	if r.HMSP != Version {
		return fmt.Errorf("version %q, want %q", r.HMSP, Version)
	}
	for _, d := range []struct{ what, digest string }{{"study.digest", r.Study.Digest}, {"charter", r.Charter}, {"result", r.Result}} {
		if err := digestHex(d.what, d.digest); err != nil {
			return err
		}
	}
	if r.Study.Name == "" || r.Researcher == "" || r.Lead == "" {
		return fmt.Errorf("study.name, researcher and lead must be named")
	}
	if len(r.Contributors) == 0 || !slices.IsSorted(r.Contributors) || len(slices.Compact(slices.Clone(r.Contributors))) != len(r.Contributors) {
		return fmt.Errorf("contributors: want at least one, each once, in the order of names")
	}
	known := map[string]bool{}
	for _, c := range r.Contributors {
		known[c] = true
	}
	for _, a := range r.Absent {
		if a.Site == "" || a.Reason == "" || known[a.Site] {
			return fmt.Errorf("absent: %q: want a site that did not contribute, once, with a reason", a.Site)
		}
		known[a.Site] = true
	}
	if err := r.checkEvidence(); err != nil {
		return err
	}
	if r.Rules.Colluders < 0 || r.Rules.Honest < 0 || r.Rules.Shares < 0 {
		return fmt.Errorf("rules: want thresholds of 0 or more")
	}
	if err := r.checkRounds(known); err != nil {
		return err
	}
	if r.Started.IsZero() || r.Ended.Before(r.Started) {
		return fmt.Errorf("ended (%s) is before started (%s)", r.Ended, r.Started)
	}
	return r.checkSignatures()
}

func (r Receipt) checkRounds(known map[string]bool) error {
	if len(r.Rounds) == 0 {
		return fmt.Errorf("rounds: want at least one")
	}
	for i, d := range r.Rounds {
		if d.Epoch < 0 || d.Round < 0 || len(d.Contributors) == 0 || len(d.Opened) == 0 {
			return fmt.Errorf("rounds, entry %d: want epoch and round of 0 or more, contributors, and what was opened", i+1)
		}
		for _, c := range d.Contributors {
			if !known[c] {
				return fmt.Errorf("rounds, entry %d: %q is neither a contributor nor absent", i+1, c)
			}
		}
		for _, o := range d.Opened {
			if o.Analysis == "" || o.What == "" || o.Numbers < 0 || o.RingBits != 64 && o.RingBits != 128 {
				return fmt.Errorf("rounds, entry %d: opened: want analysis, what, numbers of 0 or more, and a ring of 64 or 128 bits", i+1)
			}
		}
	}
	return nil
}

// checkEvidence holds what is said of privacy, disclosure and logs together.
func (r Receipt) checkEvidence() error {
	if p := r.Privacy; p != nil && (!(p.Epsilon > 0) || !(p.Delta >= 0) || p.Unit == "" || p.Honest < 1 || !(p.Rho > 0) || len(p.Spent) == 0) {
		return fmt.Errorf("privacy: want epsilon, rho and honest contributors above 0, a unit, and what was spent")
	}
	for i, d := range r.Rounds {
		for _, o := range d.Opened {
			if (r.Privacy != nil) != (len(o.Events) > 0) {
				return fmt.Errorf("rounds, entry %d: %s: a private study names the noise of every sum, an exact one none", i+1, o.Analysis)
			}
			for _, e := range o.Events {
				if err := e.Valid(); err != nil {
					return fmt.Errorf("rounds, entry %d: %s: %w", i+1, o.Analysis, err)
				}
			}
		}
	}
	for i, a := range r.Disclosure {
		if a.Analysis == "" || a.Rule == "" || a.Text == "" || a.Suppressed < 0 {
			return fmt.Errorf("disclosure, entry %d: want analysis, rule, text, and a number of 0 or more", i+1)
		}
	}
	for i, d := range r.Data {
		if b, err := hex.DecodeString(d.Tag); !slices.Contains(r.Contributors, d.Member) || err != nil || len(b) == 0 || i > 0 && r.Data[i-1].Member >= d.Member {
			return fmt.Errorf("data, entry %d: want contributors, each once, in the order of names, with a tag in hex", i+1)
		}
	}
	for i, l := range r.Logs {
		if !slices.Contains(r.Contributors, l.Member) || l.Checkpoint == "" || i > 0 && r.Logs[i-1].Member >= l.Member {
			return fmt.Errorf("logs, entry %d: want contributors, each once, in the order of names, with a checkpoint", i+1)
		}
	}
	return nil
}

// Events are the noise of all opened sums.
func (r Receipt) Events() []dp.Event {
	var out []dp.Event
	for _, d := range r.Rounds {
		for _, o := range d.Opened {
			out = append(out, o.Events...)
		}
	}
	return out
}

func (r Receipt) checkSignatures() error {
	signed := map[string]bool{}
	for _, s := range r.Signatures {
		if !slices.Contains(r.Contributors, s.Member) || signed[s.Member] || len(s.Signature) == 0 {
			return fmt.Errorf("signatures: %q: want contributors, each once", s.Member)
		}
		signed[s.Member] = true
	}
	return nil
}

// Unsigned lists the contributors whose signature is missing.
func (r Receipt) Unsigned() []string {
	var out []string
	for _, c := range r.Contributors {
		if !slices.ContainsFunc(r.Signatures, func(s Signature) bool { return s.Member == c }) {
			out = append(out, c)
		}
	}
	return out
}
