package ledger

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/dp"
)

var update = flag.Bool("update", false, "rewrite golden files")

// everyKind makes a ledger with every kind of record.
func everyKind(t *testing.T) *bench {
	b := newBench(t, DefaultLimits())
	c := b.claim("s1", "q", 0.125, 0.125)
	c.Rounds[1] = append(c.Rounds[1], dp.Event{Kind: dp.Gaussian, Noise: 8, Count: 2})
	c.Predicate, c.OneRow = `age >= 40 && sex == "f"`, true
	b.grant(c, true, 0)
	b.now = b.now.Add(time.Minute + 1234567*time.Nanosecond)
	b.must(b.Spend("s1", 0))
	b.must(b.Spend("s1", 1))
	b.must(b.ConfirmRound("s1", 1, []string{"north", "east"}))
	b.must(b.Settle("s1"))
	b.must(b.Burn("q"))
	b.grant(b.claim("s2", "q", 0.125), true, 1)
	return b
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; a changed format needs a new version. Got\n%s", path, got)
	}
}

// TestStoredFormat pins what is kept, byte for byte: ledgers outlive programs.
func TestStoredFormat(t *testing.T) {
	b := everyKind(t)
	var out bytes.Buffer
	for _, k := range names(b.store.kept) {
		fmt.Fprintf(&out, "%s\t%s\n", k, b.store.kept[k])
	}
	golden(t, "ledger-v1.txt", out.Bytes())
}

// TestOldLedgersAreRead reads the golden file as a ledger.
func TestOldLedgersAreRead(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "ledger-v1.txt"))
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, DefaultLimits())
	b.store.kept = map[string][]byte{}
	for line := range strings.Lines(string(data)) {
		k, v, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		b.store.kept[k] = []byte(v)
	}
	b.reopen()
	b.stands(0.125+0.125+0.015625, 0.125)
}

// TestDamageIsFound: any change of what is kept is found, wherever it is, and
// told without the secret.
func TestDamageIsFound(t *testing.T) {
	whole := everyKind(t).store.kept
	open := func(kept map[string][]byte) error {
		m := newMemory()
		m.kept = kept
		_, err := Open(Config{Store: m, Limits: DefaultLimits(), Cost: price, Now: start})
		return err
	}
	if err := open(maps.Clone(whole)); err != nil {
		t.Fatal(err)
	}
	records := 0
	for _, k := range names(whole) {
		lost := maps.Clone(whole)
		delete(lost, k)
		check(t, "without "+k, open(lost), whole)
		for i := range whole[k] {
			altered := maps.Clone(whole)
			altered[k] = slices.Clone(whole[k])
			altered[k][i] ^= 1
			check(t, fmt.Sprintf("%s, byte %d", k, i), open(altered), whole)
		}
		if strings.HasPrefix(k, keyRecord) {
			records++
		}
	}
	last, before := recordKey(uint64(records)), recordKey(uint64(records-1))
	doubled := maps.Clone(whole)
	doubled[recordKey(uint64(records+1))] = whole[last]
	check(t, "a record twice", open(doubled), whole)
	swapped := maps.Clone(whole)
	swapped[last], swapped[before] = whole[before], whole[last]
	check(t, "records swapped", open(swapped), whole)
	foreign := maps.Clone(whole)
	foreign["zebra"] = []byte("x")
	check(t, "a foreign key", open(foreign), whole)
	newer := maps.Clone(whole)
	newer[keyFormat] = []byte("ledger/v2")
	if err := open(newer); err == nil || !strings.Contains(err.Error(), "use the program that wrote it") {
		t.Errorf("a newer format: %v", err)
	}
}

func check(t *testing.T, what string, err error, whole map[string][]byte) {
	t.Helper()
	var d *Damaged
	switch {
	case err == nil:
		t.Errorf("%s: opened", what)
	case !errors.As(err, &d) && !strings.Contains(err.Error(), "format"):
		t.Errorf("%s: %v", what, err)
	case strings.Contains(err.Error(), string(whole[keySecret])):
		t.Errorf("%s: the error shows the secret", what)
	}
}

// TestSnapshot: what is published can be read, and an older ledger in its place is
// found.
func TestSnapshot(t *testing.T) {
	b := everyKind(t)
	home := t.TempDir()
	p, err := NewPublisher(b.Ledger, home, func() []string { return []string{"heart", "lung"} })
	b.must(err)
	if _, err := ReadSnapshot(home); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing was published: %v", err)
	}
	b.must(p.Publish(b.now))
	path := filepath.Join(home, SnapshotFile)
	data, err := os.ReadFile(path)
	b.must(err)
	golden(t, "ledger.json", append(data, '\n'))
	if key, _ := b.NoiseKey(); strings.Contains(string(data), encode(key)) || strings.Contains(string(data), "seal") {
		t.Error("the published ledger holds the secret")
	}
	s, err := ReadSnapshot(home)
	b.must(err)
	if len(s.Balances) != 2 || s.Balances[1].Dataset != "lung" || len(s.Entries) != 2 || s.Caps[0].Name != "ruth" {
		t.Errorf("%+v", s)
	}
	b.must(os.Remove(path))
	b.must(p.Publish(b.now))
	if _, err := os.Stat(path); err == nil {
		t.Error("written again without a change")
	}
	b.must(p.Publish(b.now.Add(stale))) // balances change with time
	if _, err := os.Stat(path); err != nil {
		t.Error("not written for an hour")
	}
	before := maps.Clone(b.store.kept)
	b.must(b.Settle("s2"))
	b.must(p.Publish(b.now))
	_, err = NewPublisher(b.Ledger, home, nil)
	b.must(err)
	b.store.kept = before
	b.reopen()
	var r *RolledBack
	if _, err := NewPublisher(b.Ledger, home, nil); !errors.As(err, &r) {
		t.Errorf("an older ledger: %v", err)
	}
	b.must(os.WriteFile(path, data[:len(data)/2], 0o600))
	if _, err := NewPublisher(b.Ledger, home, nil); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("half a file: %v", err)
	}
}

// FuzzRecords: whatever records a store holds, sealed rightly, a ledger is made of
// them or refused; it never panics, and never owes what it did not book.
func FuzzRecords(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "ledger-v1.txt"))
	if err != nil {
		f.Fatal(err)
	}
	var texts []string
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, keyRecord) {
			_, text, _ := strings.Cut(line, " ")
			texts = append(texts, text)
		}
	}
	f.Add(strings.Join(texts, ""))
	f.Add(texts[0] + texts[0])
	f.Add(texts[1])
	f.Fuzz(func(t *testing.T, lines string) {
		c, err := newChain(make([]byte, secretSize))
		if err != nil {
			t.Fatal(err)
		}
		m := newMemory()
		m.kept[keyFormat], m.kept[keySecret] = []byte(Format), []byte(encode(c.secret))
		for line := range strings.Lines(lines) {
			line = strings.TrimSuffix(line, "\n")
			c.seal = c.next([]byte(line))
			c.n++
			m.kept[recordKey(c.n)] = []byte(encode(c.seal) + " " + line)
		}
		m.kept[keyHead] = c.head()
		l, err := Open(Config{Store: m, Limits: DefaultLimits(), Cost: price, Now: start})
		if err != nil {
			return
		}
		s, err := l.Snapshot(start())
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range s.Balances {
			if b.Spent < 0 || b.Reserved < 0 || b.Left < 0 {
				t.Errorf("%+v", b)
			}
		}
	})
}
