package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/atomicfile"
	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/law/policy"
)

// auditDir is the folder of the audit log in a home.
const auditDir = "audit"

func auditCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "The audit log of a site or the hub: read it, verify it, prove it; offline, also while it is written",
		Example: "  hmsp audit show --home north --study 3f2a\n  hmsp audit verify --home north\n  hmsp audit proof --home north 12 > proof.json"}
	c.AddCommand(auditShow(a), auditVerify(a), auditProof(a), auditExport(a), auditRotate(a))
	return c
}

// A logHome is where an audit log is read, and whose it is.
type logHome struct {
	home    string
	archive []string
	charter string

	origin string
	key    identity.SigningKey
	ch     *charter.Charter // nil where there is none
}

func (l *logHome) flags(c *cobra.Command) {
	homeFlag(c, &l.home)
	c.Flags().StringArrayVar(&l.archive, "archive", nil, "folder with files of the log that were moved away after a rotation (may be repeated)")
	c.Flags().StringVar(&l.charter, "charter", "", "charter with the member's key (default: the one in the home, else the key file)")
}

func (l *logHome) source() audit.Source {
	return audit.Source{Dir: filepath.Join(l.home, auditDir), Archive: l.archive}
}

// open finds out whose log it is: by the key file where this account may read it,
// else by what the log says of itself; and the member's key in the charter.
func (l *logHome) open() error {
	if _, err := os.Stat(l.source().Dir); errors.Is(err, fs.ErrNotExist) {
		return inputf("%s has no audit log: name the home of a site or a hub that has run, with --home", l.home)
	}
	if err := logAllowed(l.home, policy.Read); err != nil {
		return err
	}
	if err := l.openCharter(); err != nil {
		return err
	}
	id, err := identity.Load(filepath.Join(l.home, member.KeyFile))
	if err == nil {
		l.origin, l.key = id.Name(), id.Public().SigningKey
	} else {
		last, err := audit.LastCheckpoint(l.source().Dir)
		if err != nil {
			return coded{err, exitRefused}
		}
		l.origin = last.Origin
	}
	if l.ch != nil {
		p, ok := l.ch.Member(l.origin)
		if !ok {
			return inputf("the charter %s has no member %s: name the charter of this log's consortium with --charter", l.ch.Name, l.origin)
		}
		l.key = p.SigningKey
	}
	if l.key.IsZero() {
		return inputf("nothing here says which key signs the log of %s: name the charter with --charter", l.origin)
	}
	return nil
}

// logAllowed is allowed where the log is in the home of a site; a hub and a copy of a
// log have no policy.
func logAllowed(home, action string) error {
	if _, err := os.Stat(filepath.Join(home, member.ConfigFile)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return allowed(home, action)
}

// openCharter reads the charter that was named, or the one in the home.
func (l *logHome) openCharter() error {
	path := l.charter
	if path == "" && l.home != "" {
		path = filepath.Join(l.home, member.CharterFile)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	if path == "" {
		return nil
	}
	ch, err := charter.Read(path)
	if err != nil {
		return input(err)
	}
	if err := ch.Verify(); err != nil {
		return coded{err, exitRefused}
	}
	l.ch = ch
	return nil
}

// verifier checks signatures by the log's own key, and of other members by the charter.
func (l *logHome) verifier() audit.Verifier {
	return func(name string, text, sig []byte) error {
		if name != l.origin && l.ch != nil {
			return member.CheckpointVerifier(l.ch)(name, text, sig)
		}
		if name != l.origin {
			return fmt.Errorf("no charter here says which key %s has", name)
		}
		return identity.Verify(identity.Public{Name: name, SigningKey: l.key}, identity.ContextCheckpoint, text, sig)
	}
}

func auditShow(a *app) *cobra.Command {
	var l logHome
	var study, kind string
	var asJSON bool
	c := &cobra.Command{Use: "show", Short: "Print the entries of an audit log",
		Example: "  hmsp audit show --home north --study 3f2a --kind round.contributed",
		Args:    noArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			if err := l.open(); err != nil {
				return err
			}
			kinds := audit.Kinds()
			if kind != "" && !slices.ContainsFunc(kinds, func(k audit.Kind) bool { return k.Name == kind }) {
				return inputf("--kind %q: want one of %s", kind, kindNames(kinds))
			}
			n := 0
			err := audit.Entries(l.source(), l.origin, func(e audit.Entry) error {
				if !strings.HasPrefix(e.Study, study) || kind != "" && e.Kind != kind {
					return nil
				}
				n++
				return a.printEntry(e, asJSON)
			})
			if n == 0 && err == nil && !asJSON {
				a.printf("no entry fits\n")
			}
			return badLog(err)
		}}
	l.flags(c)
	c.Flags().StringVar(&study, "study", "", "only entries about the study whose digest begins so")
	c.Flags().StringVar(&kind, "kind", "", "only entries of this kind")
	c.Flags().BoolVar(&asJSON, "json", false, "print the entries as they are hashed, one JSON object a line")
	return c
}

func kindNames(kinds []audit.Kind) string {
	var out []string
	for _, k := range kinds {
		out = append(out, k.Name)
	}
	return strings.Join(out, ", ")
}

// badLog gives what is wrong with a log the exit code of a refusal.
func badLog(err error) error {
	if p := (*audit.Problem)(nil); errors.As(err, &p) {
		return coded{fmt.Errorf("%w\nsee `hmsp audit verify`", err), exitRefused}
	}
	return err
}

func (a *app) printEntry(e audit.Entry, asJSON bool) error {
	if asJSON {
		leaf, err := e.Leaf()
		if err != nil {
			return err
		}
		a.printf("%s\n", leaf)
		return nil
	}
	a.printf("%6d  %s  %s", e.Seq, e.At.Format("2006-01-02 15:04:05"), e.Kind)
	if e.Study != "" {
		a.printf("  study %s", e.Study[:12])
	}
	if e.Who != "" {
		a.printf("  by %s", e.Who)
	}
	for _, k := range slices.Sorted(maps.Keys(e.Facts)) {
		v := e.Facts[k]
		if len(v) == 64 {
			v = v[:12]
		}
		a.printf("  %s %s", k, v)
	}
	a.printf("\n")
	return nil
}

func auditProof(a *app) *cobra.Command {
	var l logHome
	var check string
	var size int64
	c := &cobra.Command{Use: "proof [ENTRY]", Short: "Write a proof that an entry is in the log, or check one",
		Example: "  hmsp audit proof --home north 12 > proof.json\n  hmsp audit proof --check proof.json --charter charter.yaml",
		RunE: func(c *cobra.Command, args []string) error {
			if check != "" {
				if len(args) > 0 {
					return inputf("--check FILE takes no entry: its number is in the file")
				}
				return a.checkProof(check, &l, c.Flags().Changed("home"))
			}
			var seq int64
			if len(args) != 1 {
				return inputf("hmsp audit proof takes the number of an entry, as `hmsp audit show` prints it")
			}
			if _, err := fmt.Sscanf(args[0], "%d", &seq); err != nil || fmt.Sprint(seq) != args[0] {
				return inputf("%q is not the number of an entry, as `hmsp audit show` prints it", args[0])
			}
			if err := l.open(); err != nil {
				return err
			}
			p, err := audit.Proof(l.source(), l.origin, seq, size)
			if err != nil {
				return badLog(err)
			}
			if err := audit.CheckInclusion(p, l.verifier()); err != nil {
				return coded{fmt.Errorf("%w\nsee `hmsp audit verify`", err), exitRefused}
			}
			b, err := p.Encode(l.key.String())
			if err != nil {
				return err
			}
			_, err = a.out.Write(b)
			return err
		}}
	l.flags(c)
	c.Flags().StringVar(&check, "check", "", "check the proof in this file instead; no log is needed")
	c.Flags().Int64Var(&size, "size", 0, "prove it in the log as it was with so many entries (default: as it is)")
	return c
}

// checkProof checks a proof by the charter's key, or by the key in the file, which
// a person has to compare.
func (a *app) checkProof(path string, l *logHome, hasHome bool) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return input(err)
	}
	p, key, err := audit.ParseInclusion(data)
	if err != nil {
		return coded{fmt.Errorf("%s: %w", path, err), exitRefused}
	}
	if !hasHome {
		l.home = ""
	}
	if err := l.openCharter(); err != nil {
		return err
	}
	verify, err := l.fileVerifier(p.Checkpoint.Origin, key)
	if err != nil {
		return coded{fmt.Errorf("%s: %w", path, err), exitRefused}
	}
	if err := audit.CheckInclusion(p, verify); err != nil {
		return coded{fmt.Errorf("%s: %w", path, err), exitRefused}
	}
	if err := a.printEntry(p.Entry, false); err != nil {
		return err
	}
	a.printf("good: this is entry %d of the audit log that %s signed with %d entries\n", p.Entry.Seq, p.Checkpoint.Origin, p.Checkpoint.Size)
	a.tellKey(l, key)
	return nil
}

// fileVerifier is the check by a key that came in a file: it must be the
// charter's, where there is one.
func (l *logHome) fileVerifier(origin, key string) (audit.Verifier, error) {
	if err := l.key.UnmarshalText([]byte(key)); err != nil {
		return nil, fmt.Errorf("its key: %w", err)
	}
	if l.origin = origin; l.ch != nil {
		p, ok := l.ch.Member(origin)
		if !ok || p.SigningKey != l.key {
			return nil, fmt.Errorf("its key is not that of %s in the charter %s", origin, l.ch.Name)
		}
	}
	return l.verifier(), nil
}

func (a *app) tellKey(l *logHome, key string) {
	if l.ch == nil {
		a.printf("note: the key %s came with the file: compare it with the charter, or name the charter with --charter\n", key)
	}
}

func auditExport(a *app) *cobra.Command {
	var l logHome
	var out string
	c := &cobra.Command{Use: "export", Short: "Write the log as one file that anyone can verify offline",
		Example: "  hmsp audit export --home north --out north-audit.jsonl",
		Args:    noArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			if err := l.open(); err != nil {
				return err
			}
			var b strings.Builder
			r, err := audit.Export(l.source(), l.origin, l.key.String(), &b)
			if err != nil {
				return badLog(err)
			}
			if err := atomicfile.Create(out, []byte(b.String()), 0o600); err != nil {
				return input(err)
			}
			a.printf("%s: %d entries of the audit log of %s, from entry %d; verify it with `hmsp audit verify %s`\n", out, r.Entries, l.origin, r.From, out)
			return nil
		}}
	l.flags(c)
	c.Flags().StringVar(&out, "out", "", "file to write")
	_ = c.MarkFlagRequired("out")
	return c
}

func auditRotate(a *app) *cobra.Command {
	var home string
	c := &cobra.Command{Use: "rotate", Short: "Close the log's file and go on in the next, so that the closed one can be archived",
		Example: "  hmsp audit rotate --home north",
		Args:    noArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			id, err := identity.Load(filepath.Join(home, member.KeyFile))
			if err != nil {
				return input(err)
			}
			dir := filepath.Join(home, auditDir)
			if _, err := os.Stat(dir); err != nil {
				return inputf("%s has no audit log: name the home of a site or a hub that has run, with --home", home)
			}
			if err := logAllowed(home, policy.Serve); err != nil {
				return err
			}
			log, err := audit.Open(dir, id.Name(), func(text []byte) []byte { return id.Sign(identity.ContextCheckpoint, text) }, a.now)
			if err != nil {
				return badLog(err)
			}
			part, at, err := log.Rotate(audit.FormatWho(member.Account(home)))
			if err = errors.Join(err, log.Close()); err != nil {
				return badLog(err)
			}
			a.printf("%s is closed with %d entries; it may be archived, its .checkpoint file and the file of hashes stay\n", filepath.Join(dir, fmt.Sprintf("log-%04d.jsonl", part)), at.Size)
			return nil
		}}
	homeFlag(c, &home)
	return c
}
