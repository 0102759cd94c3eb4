package cli

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/law/consent"
)

func consentVerify(a *app) *cobra.Command {
	var l logHome
	var key string
	var receipts, witnesses []string
	c := &cobra.Command{Use: "verify PROOF", Short: "Verify a proof of a patient's consent, anywhere and without a network",
		Long: `Verify the part of the site's audit log that is in the proof, and that the proof opens
every entry in it about the dataset's consents; say when a withdrawal became known, and
in which cohorts the patient was. Without the charter or the key, the site's key comes
with the proof, and says nothing of whose it is.`,
		Example: "  hmsp consent verify proof.json --charter charter.yaml --witness south",
		Args:    exactArgs("a proof"),
		RunE: func(c *cobra.Command, args []string) error {
			seen, err := witnessed(receipts, witnesses)
			if err != nil {
				return err
			}
			if err := l.openCharter(); err != nil {
				return err
			}
			b, err := os.ReadFile(args[0])
			if err != nil {
				return input(err)
			}
			p, err := consent.ParseProof(b)
			if err != nil {
				return coded{fmt.Errorf("%s: %w", args[0], err), exitRefused}
			}
			return a.verifyConsent(p, &l, key, seen)
		}}
	c.Flags().StringVar(&l.charter, "charter", "", "charter with the site's key")
	c.Flags().StringVar(&key, "key", "", "the site's key, as ed25519:…, in place of the charter")
	c.Flags().StringArrayVar(&receipts, "receipt", nil, "receipt of a result: it holds its contributors' checkpoints (may be repeated)")
	c.Flags().StringArrayVar(&witnesses, "witness", nil, "home of another member, or a file or folder of checkpoints that it kept (may be repeated)")
	c.MarkFlagsMutuallyExclusive("charter", "key")
	return c
}

func (a *app) verifyConsent(p consent.Proof, l *logHome, key string, seen []audit.Checkpoint) error {
	var log []audit.Entry
	from := ""
	r, err := audit.VisitExport(strings.NewReader(p.Log), "the proof's log", func(origin, k string) (audit.Verifier, error) {
		if key != "" && key != k {
			return nil, fmt.Errorf("its key is not the one that was given")
		}
		from, seen = k, ofLog(seen, origin)
		return l.fileVerifier(origin, k)
	}, seen, func(e audit.Entry) error {
		log = append(log, e)
		return nil
	})
	if err != nil {
		return coded{err, exitRefused}
	}
	if r.Bad != nil {
		return coded{fmt.Errorf("the audit log of %s is bad: %w", r.Origin, r.Bad), exitRefused}
	}
	report, err := consent.Verify(p, log)
	if err != nil {
		return coded{err, exitRefused}
	}
	if err := a.tellProof(report, r.Origin); err != nil {
		return err
	}
	a.printf("size %d, root %s, %s; %d checkpoints that others hold agree\n", r.Last.Size, r.Last.Root, r.Last.Time.Format(time.RFC3339), r.Met)
	if key == "" {
		a.tellKey(l, from)
	}
	return nil
}

// tellProof says in words what a proof shows. A patient who was in a cohort against
// the consent of its day is a refusal.
func (a *app) tellProof(r consent.Report, origin string) error {
	a.printf("consent of a patient in %s, by entries %d to %d of the audit log of %s, %s to %s\n\n", r.Dataset, r.From, r.Last, origin, moment(r.Since), moment(r.Until))
	states, cohorts := r.States, r.Cohorts
	for len(states)+len(cohorts) > 0 {
		if len(cohorts) == 0 || len(states) > 0 && states[0].Entry < cohorts[0].Entry {
			a.printf("%6d  %s  register: %s\n", states[0].Entry, moment(states[0].At), said(states[0]))
			states = states[1:]
			continue
		}
		a.printf("%6d  %s  study %.12s: %s\n", cohorts[0].Entry, moment(cohorts[0].At), cohorts[0].Study, letIn(cohorts[0]))
		cohorts = cohorts[1:]
	}
	a.printf("\n")
	a.tellWithdrawal(r)
	if !r.Whole {
		a.printf("note: the log is shown from entry %d on; what was before is not in the proof\n", r.From)
	}
	var against []string
	for _, c := range r.Cohorts {
		if c.Against() {
			against = append(against, fmt.Sprint(c.Entry))
		}
	}
	if len(against) > 0 {
		return coded{fmt.Errorf("the patient was in the cohorts of entries %s without a consent that permitted it", strings.Join(against, ", ")), exitRefused}
	}
	a.printf("good: every entry about these consents is opened, and no cohort was against the patient's consent\n")
	return nil
}

func (a *app) tellWithdrawal(r consent.Report) {
	known, ok := r.Withdrawal()
	if !ok {
		a.printf("no withdrawal or refusal of the patient is known\n")
		return
	}
	var in, out []string
	for _, c := range r.Cohorts {
		switch entry := fmt.Sprint(c.Entry); {
		case c.Entry < known:
		case c.In:
			in = append(in, entry)
		default:
			out = append(out, entry)
		}
	}
	for _, s := range r.States {
		if s.Entry == known {
			a.printf("withdrawal or refusal known at entry %d, %s\n", known, moment(s.At))
		}
	}
	if len(in)+len(out) == 0 {
		a.printf("no cohort was made since\n")
	}
	if len(out) > 0 {
		a.printf("cohorts since in entries %s: the patient is not in them\n", strings.Join(out, ", "))
	}
	if len(in) > 0 {
		a.printf("cohorts since in entries %s: the patient is in them\n", strings.Join(in, ", "))
	}
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// said is what a register holds of the patient.
func said(s consent.StateReport) string {
	if !s.Known {
		return "it does not know the patient"
	}
	var parts []string
	for _, x := range s.Statements {
		text := x.Effect.String() + " " + strings.Join(x.Purposes.Names(), ", ")
		if x.Purposes == consent.All {
			text = x.Effect.String() + " every purpose"
		}
		if from := consent.FormatDay(x.From); from != "" {
			text += " from " + from
		}
		if to := consent.FormatDay(x.To); to != "" {
			text += " to " + to
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return "it knows the patient, who says nothing of any purpose"
	}
	return strings.Join(parts, "; ")
}

// letIn is whether the patient was in a cohort, and what the consent of that day was.
func letIn(c consent.CohortReport) string {
	where := "the patient is not in the cohort"
	if c.In {
		where = "the patient is in the cohort"
	}
	decided := fmt.Sprintf("consent: %s, %s", c.Decision.Outcome, c.Decision.Why)
	return fmt.Sprintf("%s on %s, %s (%s)", c.Purpose, consent.FormatDay(c.Day), where, decided)
}
