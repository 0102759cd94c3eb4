package audit

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// key is a member's, from its name.
func key(name string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte(name[:1]), ed25519.SeedSize))
}

func signAs(name string) Signer {
	return func(text []byte) []byte { return ed25519.Sign(key(name), text) }
}

func verify(member string, text, sig []byte) error {
	if !ed25519.Verify(key(member).Public().(ed25519.PublicKey), text, sig) {
		return errors.New("the signature does not fit")
	}
	return nil
}

// ticking is a clock that goes on by a second at every look.
func ticking() func() time.Time {
	var n atomic.Int64
	return func() time.Time { return noon().Add(time.Duration(n.Add(1)-1) * time.Second) }
}

func open(t testing.TB, dir string) *Log {
	t.Helper()
	l, err := Open(dir, "north", signAs("north"), ticking())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func add(t testing.TB, l *Log, e Entry) Position {
	t.Helper()
	p, err := l.Append(e)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// some is an entry with a number in it.
func some(n int) Entry {
	return Entry{Kind: RoundContributed, Study: digest(n / 10), Facts: map[string]string{"round": FormatCount(n), "digest": digest(n)}}
}

func digest(n int) string { return fmt.Sprintf("%064x", n) }

// logOf makes a folder with a log of n entries and returns all its checkpoints,
// that of size i+1 at i.
func logOf(t testing.TB, n int) (dir string, all []Checkpoint) {
	t.Helper()
	dir = t.TempDir()
	l := open(t, dir)
	for i := range n {
		all = append(all, add(t, l, some(i)).Checkpoint)
	}
	l.Close()
	return dir, all
}

func report(t testing.TB, dir string, witnessed ...Checkpoint) Report {
	t.Helper()
	r, err := Verify(Source{Dir: dir}, "north", verify, witnessed)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// good wants a log without a fault of n entries.
func good(t testing.TB, dir string, n int64, witnessed ...Checkpoint) Report {
	t.Helper()
	r := report(t, dir, witnessed...)
	if r.Bad != nil || r.Last.Size != n {
		t.Fatalf("%d of %d entries, bad: %v", r.Last.Size, n, r.Bad)
	}
	return r
}

// bad wants the first fault at an entry, in words that hold a text.
func bad(t testing.TB, what string, r Report, seq int64, text string) {
	t.Helper()
	if r.Bad == nil {
		t.Errorf("%s: was not noticed", what)
		return
	}
	if r.Bad.Seq != seq || !strings.Contains(r.Bad.Error(), text) {
		t.Errorf("%s: got %v, want entry %d and %q", what, r.Bad, seq, text)
	}
}

func lines(t testing.TB, dir string, part int) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, entriesFile(part)))
	if err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(strings.TrimSuffix(string(b), "\n"), "\n")
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func writeLines(t testing.TB, dir string, part int, l []string) {
	t.Helper()
	write(t, filepath.Join(dir, entriesFile(part)), []byte(strings.TrimSuffix(strings.Join(l, ""), "\n")+"\n"))
}

func copyDir(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}
