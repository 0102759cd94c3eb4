package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/receipt"
)

func auditVerify(a *app) *cobra.Command {
	var l logHome
	var receipts, witnesses []string
	c := &cobra.Command{Use: "verify [FILE]", Short: "Verify an audit log or an export: entries, tree, signatures, and what others witnessed; names the first bad entry",
		Example: "  hmsp audit verify --home north --receipt result/receipt.json --witness south\n  hmsp audit verify north-audit.jsonl --charter charter.yaml",
		Args:    atMostArgs(1, "a file, or none with --home"),
		RunE: func(c *cobra.Command, args []string) error {
			seen, err := witnessed(receipts, witnesses)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				if !c.Flags().Changed("home") {
					l.home = ""
				}
				return a.verifyExport(args[0], &l, seen)
			}
			if err := l.open(); err != nil {
				return err
			}
			r, err := audit.Verify(l.source(), l.origin, l.verifier(), ofLog(seen, l.origin))
			if err != nil {
				return err
			}
			r.Remarks = append(r.Remarks, l.contradictions()...)
			return a.tellReport(r)
		}}
	l.flags(c)
	c.Flags().StringArrayVar(&receipts, "receipt", nil, "receipt of a result: it holds its contributors' checkpoints (may be repeated)")
	c.Flags().StringArrayVar(&witnesses, "witness", nil, "home of another member, or a file or folder of checkpoints that it kept (may be repeated)")
	return c
}

func (a *app) verifyExport(path string, l *logHome, seen []audit.Checkpoint) error {
	if err := l.openCharter(); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return input(err)
	}
	defer f.Close()
	key := ""
	r, err := audit.VerifyExport(f, filepath.Base(path), func(origin, k string) (audit.Verifier, error) {
		key, seen = k, ofLog(seen, origin)
		return l.fileVerifier(origin, k)
	}, seen)
	if err != nil {
		return coded{err, exitRefused}
	}
	if err := a.tellReport(r); err != nil {
		return err
	}
	a.tellKey(l, key)
	return nil
}

// tellReport prints what was found; a bad log is a refusal.
func (a *app) tellReport(r audit.Report) error {
	for _, text := range r.Remarks {
		a.printf("note: %s\n", text)
	}
	if r.Bad != nil {
		return coded{fmt.Errorf("the audit log of %s is bad: %w", r.Origin, r.Bad), exitRefused}
	}
	a.printf("good: %d entries of the audit log of %s, from entry %d, signed as they are; %d checkpoints that others hold agree\n", r.Entries, r.Origin, r.From, r.Met)
	if r.Last.Size > 0 {
		a.printf("size %d, root %s, %s\n", r.Last.Size, r.Last.Root, r.Last.Time.Format(time.RFC3339))
	}
	return nil
}

// contradictions tells of other members whose logs this one caught.
func (l *logHome) contradictions() (out []string) {
	found, _ := filepath.Glob(filepath.Join(l.source().Dir, audit.WitnessedDir, "*.contradiction")) // the pattern is well formed
	for _, f := range found {
		out = append(out, fmt.Sprintf("%s signed two checkpoints that contradict each other: the evidence is %s", strings.TrimSuffix(filepath.Base(f), ".contradiction"), f))
	}
	return out
}

// ofLog are the checkpoints of one member's log.
func ofLog(all []audit.Checkpoint, origin string) (out []audit.Checkpoint) {
	for _, c := range all {
		if c.Origin == origin {
			out = append(out, c)
		}
	}
	return out
}

// witnessed reads checkpoints from receipts and from what other members kept.
func witnessed(receipts, witnesses []string) ([]audit.Checkpoint, error) {
	var out []audit.Checkpoint
	for _, path := range receipts {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, input(err)
		}
		r, err := receipt.Parse(data)
		if err != nil {
			return nil, input(fmt.Errorf("%s: %w", path, err))
		}
		for _, l := range r.Logs {
			c, err := audit.ParseCheckpoint([]byte(l.Checkpoint))
			if err != nil {
				return nil, input(fmt.Errorf("%s: the log of %s: %w", path, l.Member, err))
			}
			out = append(out, c)
		}
	}
	for _, path := range witnesses {
		kept, err := keptBy(path)
		if err != nil {
			return nil, err
		}
		out = append(out, kept...)
	}
	return out, nil
}

// keptBy reads the checkpoints that a member kept: from its home, from its folder
// of them, or from one file.
func keptBy(path string) ([]audit.Checkpoint, error) {
	if isFolder(filepath.Join(path, auditDir)) {
		path = filepath.Join(path, auditDir, audit.WitnessedDir)
	}
	var out []audit.Checkpoint
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		list, err := audit.ParseCheckpoints(data)
		if one, e := audit.ParseCheckpoint(data); e == nil {
			list, err = []audit.Checkpoint{one}, nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, list...)
		return nil
	})
	if err != nil {
		return nil, input(fmt.Errorf("read what was witnessed: %w", err))
	}
	if len(out) == 0 {
		return nil, input(errors.New(path + " holds no checkpoint that a member kept"))
	}
	return out, nil
}

// atMostArgs is exactArgs for a command whose argument may be left out.
func atMostArgs(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) > n {
			return inputf("%s takes %s, got %d arguments\nexample:\n%s", c.CommandPath(), what, len(args), c.Example)
		}
		return nil
	}
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
