package cli

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/atomicfile"
	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/law/consent"
	"hmsp.center/hmsp/law/policy"
)

func consentProve(a *app) *cobra.Command {
	var l logHome
	var dataset, out string
	c := &cobra.Command{Use: "prove PATIENT", Short: "Prove what the site knew of a patient's consent, and in which cohorts the patient was",
		Long: `Open every commitment about consent in the site's audit log for one patient, and
write a proof that anyone can verify with the charter alone. With - as PATIENT the
name is read from standard input: as an argument it stays in the shell's history and
shows in the list of processes. The name is not printed, kept or logged. The proof
holds the patient's pseudonym and what the patient said: it is for the patient and
the data protection officer.`,
		Example: "  hmsp consent prove - --dataset lung --home north --out proof.json < patient.txt",
		Args:    exactArgs("a patient, or - to read the name from standard input"),
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := siteHome(l.home, policy.Read); err != nil {
				return err
			}
			if err := l.open(); err != nil {
				return err
			}
			patient, err := a.patient(args[0])
			if err != nil {
				return err
			}
			pseudonym, err := site.Pseudonyms(l.home)
			if err != nil {
				return input(err)
			}
			p, log, err := l.proveConsent(c.Context(), dataset, pseudonym(patient))
			if err != nil {
				return err
			}
			r, err := consent.Verify(p, log)
			if err != nil {
				return coded{err, exitRefused}
			}
			if out != "" {
				b, err := p.Encode()
				if err != nil {
					return err
				}
				if err := atomicfile.Create(out, b, 0o600); err != nil {
					return input(err)
				}
				a.printf("%s: for the patient and the data protection officer; verify it with `hmsp consent verify %s`\n", out, out)
			}
			return a.tellProof(r, l.origin)
		}}
	l.flags(c)
	c.Flags().StringVar(&dataset, "dataset", "", "the dataset that the patient is in")
	c.Flags().StringVar(&out, "out", "", "file to write the proof to; without it, what it shows is only printed")
	_ = c.MarkFlagRequired("dataset")
	c.SetFlagErrorFunc(func(*cobra.Command, error) error { // the error would repeat a name that begins with -
		return inputf("a flag is not known: give a patient's name that begins with - on standard input\nsee `hmsp consent prove --help`")
	})
	return c
}

// maxName is the longest name of a patient that is read, in bytes.
const maxName = 4096

// patient is the argument, or for - what stands in standard input, without the end
// of its line.
func (a *app) patient(arg string) (string, error) {
	if arg == "-" {
		b, err := io.ReadAll(io.LimitReader(a.in, maxName+1))
		if err != nil {
			return "", errors.New("read the patient's name from standard input: it cannot be read")
		}
		arg = strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	}
	if arg == "" || len(arg) > maxName || strings.ContainsAny(arg, "\r\n") {
		return "", inputf("the patient's name is to be one line, as it stands in the data")
	}
	return arg, nil
}

// proveConsent opens all that the log books about a dataset's consents.
func (l *logHome) proveConsent(ctx context.Context, dataset string, pseudonym uint64) (consent.Proof, []audit.Entry, error) {
	first := int64(-1)
	var known []string
	err := audit.Entries(l.source(), l.origin, func(e audit.Entry) error {
		name, _, ok := site.BookedState(e)
		if ok && name == dataset && first < 0 {
			first = e.Seq
		}
		if ok && !slices.Contains(known, name) {
			known = append(known, name)
		}
		return ctx.Err()
	})
	if err != nil {
		return consent.Proof{}, nil, badLog(err)
	}
	if first < 0 {
		if known == nil {
			return consent.Proof{}, nil, inputf("the audit log of %s books no consents: they are booked with a study's first cohort", l.origin)
		}
		return consent.Proof{}, nil, inputf("the audit log of %s books no consents of a dataset %q: it has %s", l.origin, dataset, strings.Join(known, ", "))
	}
	var export strings.Builder
	if _, err := audit.ExportFrom(l.source(), l.origin, l.key.String(), first, &export); err != nil {
		return consent.Proof{}, nil, badLog(err)
	}
	log, err := l.entries(export.String())
	if err != nil {
		return consent.Proof{}, nil, err
	}
	p, err := consent.Prove(dataset, pseudonym, func(yield func(consent.Booked, error) bool) {
		for _, e := range log {
			b, ok, err := opened(l.home, dataset, e)
			if err == nil {
				err = ctx.Err()
			}
			if (ok || err != nil) && !yield(b, err) {
				return
			}
		}
	})
	p.Log = export.String()
	return p, log, err
}

// entries verifies an export by the keys that are known here.
func (l *logHome) entries(export string) (log []audit.Entry, err error) {
	r, err := audit.VisitExport(strings.NewReader(export), "the log", func(string, string) (audit.Verifier, error) { return l.verifier(), nil }, nil, func(e audit.Entry) error {
		log = append(log, e)
		return nil
	})
	if err == nil && r.Bad != nil {
		err = r.Bad
	}
	return log, badLog(err)
}

// opened is what an entry about a dataset's consents commits to, from the site's disk.
func opened(home, dataset string, e audit.Entry) (b consent.Booked, ok bool, err error) {
	b.Entry = e.Seq
	if name, h, is := site.BookedState(e); is && name == dataset {
		b.Register, b.Salt, err = site.ConsentRegister(home, h)
		return b, true, err
	}
	if name, h, is := site.BookedCohort(e); is && name == dataset {
		b.People, b.Salt, err = site.ConsentCohort(home, h)
		return b, true, err
	}
	return b, false, nil
}
