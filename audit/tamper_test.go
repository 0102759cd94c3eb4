package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func appendTo(t testing.TB, dir, file string, data []byte) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, file), append(b, data...))
}

func truncate(t testing.TB, path string, n int64) {
	t.Helper()
	if err := os.Truncate(path, n); err != nil {
		t.Fatal(err)
	}
}

func flip(t testing.TB, path string, at int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= 1
	write(t, path, b)
}

func join(l []string) string { return strings.TrimSuffix(strings.Join(l, ""), "\n") }

func replaced(l []string, i int, old, text string) []string {
	out := slices.Clone(l)
	if out[i] = strings.Replace(out[i], old, text, 1); out[i] == l[i] {
		panic("nothing was replaced in " + l[i])
	}
	return out
}

// forge writes a log as one would who has no key: entries altered, every hash and
// root made again so that the tree fits, signatures as they were.
func forge(t testing.TB, dir string, keep int, alter func([]record) []record) {
	t.Helper()
	var list []record
	for _, l := range lines(t, dir, 1) {
		r, err := parseRecord([]byte(strings.TrimSuffix(l, "\n")))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	var tr tree
	var out, stored []byte
	for i, r := range alter(list) {
		r.Entry.Seq = int64(i)
		var err error
		if r.leaf, err = r.Entry.Leaf(); err != nil {
			t.Fatal(err)
		}
		for _, h := range tr.add(tlog.RecordHash(r.leaf)) {
			stored = append(stored, h[:]...)
		}
		r.Root = tr.root()
		out = append(out, r.line()...)
	}
	write(t, filepath.Join(dir, entriesFile(1)), out)
	write(t, filepath.Join(dir, hashesFile), stored)
	if keep == 0 {
		os.Remove(filepath.Join(dir, checkpointFile))
	}
}

// Whoever has no key and changes the log (with its hashes, and with the
// checkpoint removed) is caught, and the first bad entry named.
func TestTampering(t *testing.T) {
	dir, all := logOf(t, 12)
	l := lines(t, dir, 1)
	for _, c := range []struct {
		what  string
		alter func(d string)
		seq   int64
		text  string
	}{
		{"a fact changed", func(d string) { writeLines(t, d, 1, replaced(l, 4, `"round":"4"`, `"round":"5"`)) }, 4, "line 5"},
		{"a time changed", func(d string) { writeLines(t, d, 1, replaced(l, 4, `12:00:05Z`, `12:00:06Z`)) }, 4, "line 5"},
		{"a number changed", func(d string) { writeLines(t, d, 1, replaced(l, 4, `"seq":4`, `"seq":6`)) }, 4, "says that it is number 6"},
		{"an entry removed", func(d string) { writeLines(t, d, 1, append(slices.Clone(l[:4]), l[5:]...)) }, 4, "missing before it"},
		{"an entry repeated", func(d string) { writeLines(t, d, 1, append(slices.Clone(l[:5]), l[4:]...)) }, 5, "inserted or repeated"},
		{"two entries swapped", func(d string) {
			s := slices.Clone(l)
			s[4], s[5] = s[5], s[4]
			writeLines(t, d, 1, s)
		}, 4, "line 5"},
		{"no entry left", func(d string) { write(t, filepath.Join(d, entriesFile(1)), nil) }, 0, "entries were removed"},
		{"the end removed", func(d string) { writeLines(t, d, 1, l[:9]) }, 9, "entries were removed"},
		{"the end and the hashes removed", func(d string) {
			writeLines(t, d, 1, l[:9])
			truncate(t, filepath.Join(d, hashesFile), tlog.StoredHashCount(9)*32)
		}, 9, "its own last checkpoint says 12"},
		{"the end, hashes and checkpoint removed", func(d string) {
			writeLines(t, d, 1, l[:9])
			truncate(t, filepath.Join(d, hashesFile), tlog.StoredHashCount(9)*32)
			write(t, filepath.Join(d, checkpointFile), all[8].Encode())
		}, 9, "others hold a checkpoint of 12"},
		{"changed with all hashes", func(d string) {
			forge(t, d, 0, func(r []record) []record { r[4].Entry.Facts["round"] = "7"; return r })
		}, 4, "signature"},
		{"removed with all hashes", func(d string) {
			forge(t, d, 0, func(r []record) []record { return append(r[:4], r[5:]...) })
		}, 4, "signature"},
		{"inserted with all hashes", func(d string) {
			forge(t, d, 0, func(r []record) []record { return slices.Insert(r, 4, record{Entry: some(77), Sig: r[4].Sig}) })
		}, 4, "signature"},
		{"added at the end without a key", func(d string) {
			forge(t, d, 0, func(r []record) []record { return append(r, record{Entry: some(77), Sig: r[4].Sig}) })
		}, 12, "signature"},
	} {
		d := copyDir(t, dir)
		c.alter(d)
		bad(t, c.what, report(t, d, all[11]), c.seq, c.text)
	}
}

// The key's owner can write another history that verifies by itself. It does not
// beside a single checkpoint that someone else kept.
func TestRewriteWithTheKey(t *testing.T) {
	_, all := logOf(t, 12)
	other := t.TempDir()
	l := open(t, other)
	for i := range 14 {
		if i == 6 {
			add(t, l, some(66))
			continue
		}
		add(t, l, some(i))
	}
	l.Close()
	good(t, other, 14)
	good(t, other, 14, all[2], all[5]) // from before the first change
	bad(t, "one witness", report(t, other, all[8]), 0, "history was rewritten")
	bad(t, "two witnesses", report(t, other, all[3], all[8]), 4, "is number 4 or later")
	bad(t, "exact witnesses", report(t, other, all...), 6, "is number 6 or later")
	foreign := all[8]
	foreign.Signature = signAs("south")(foreign.Text())
	if r := good(t, other, 14, foreign); r.Met != 0 || len(r.Remarks) != 1 {
		t.Errorf("a witness that anyone could have made: %+v", r)
	}
}

// A flipped bit in any byte of any file is noticed.
func TestEveryByteFlipped(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	for i := range 3 {
		add(t, l, some(i))
	}
	if _, _, err := l.Rotate("admin"); err != nil {
		t.Fatal(err)
	}
	add(t, l, some(5))
	add(t, l, some(6))
	l.Close()
	good(t, dir, 6)
	var export bytes.Buffer
	if _, err := Export(Source{Dir: dir}, "north", "north", &export); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{entriesFile(1), entriesFile(2), closingFile(1), checkpointFile, hashesFile} {
		path := filepath.Join(dir, name)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range b {
			bit := byte(1) << (i % 8)
			b[i] ^= bit
			write(t, path, b)
			if r := report(t, dir); r.Bad == nil {
				t.Errorf("%s, byte %d, bit %x: not noticed", name, i, bit)
			}
			b[i] ^= bit
		}
		write(t, path, b)
	}
	good(t, dir, 6)
	b := export.Bytes()
	for i := range b {
		b[i] ^= 1
		r, err := VerifyExport(bytes.NewReader(b), "export", keyOf, nil)
		if err == nil && r.Bad == nil {
			t.Errorf("export, byte %d: not noticed", i)
		}
		b[i] ^= 1
	}
}

// keyOf takes the member's name as its key.
func keyOf(origin, key string) (Verifier, error) {
	if origin != key {
		return nil, fmt.Errorf("the key is not %s's", origin)
	}
	return verify, nil
}

func TestExport(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	var all []Checkpoint
	for i := range 5 {
		all = append(all, add(t, l, some(i)).Checkpoint)
	}
	_, c, err := l.Rotate("admin")
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, c, add(t, l, some(8)).Checkpoint)
	l.Close()
	export := func(d string) []byte {
		var b bytes.Buffer
		if _, err := Export(Source{Dir: d}, "north", "north", &b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	whole := export(dir)
	r, err := VerifyExport(bytes.NewReader(whole), "x", keyOf, all)
	if err != nil || r.Bad != nil || r.Entries != 7 || r.Met != 7 {
		t.Fatalf("%+v, %v", r, err)
	}
	os.Remove(filepath.Join(dir, entriesFile(1)))
	rest := export(dir)
	r, err = VerifyExport(bytes.NewReader(rest), "x", keyOf, all)
	if err != nil || r.Bad != nil || r.Entries != 1 || r.From != 6 || r.Met != 2 || len(r.Remarks) != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	// cut at the end: shows only beside a later checkpoint
	cut := whole[:bytes.LastIndexByte(whole[:len(whole)-1], '\n')+1]
	r, _ = VerifyExport(bytes.NewReader(cut), "x", keyOf, all[:6])
	if r.Bad != nil {
		t.Errorf("a shorter export is a good one of an earlier time: %v", r.Bad)
	}
	r, _ = VerifyExport(bytes.NewReader(cut), "x", keyOf, all)
	bad(t, "cut", r, 6, "others hold")
	if _, err := VerifyExport(strings.NewReader("x\n"), "x", keyOf, nil); err == nil {
		t.Error("something else was taken for an export")
	}
}

func TestProofs(t *testing.T) {
	dir, all := logOf(t, 13)
	p, err := Proof(Source{Dir: dir}, "north", 5, 0)
	if err != nil || !p.Checkpoint.Same(all[12]) || CheckInclusion(p, verify) != nil {
		t.Fatalf("%+v, %v", p, err)
	}
	b, err := p.Encode("north")
	if err != nil {
		t.Fatal(err)
	}
	again, key, err := ParseInclusion(b)
	if err != nil || key != "north" || CheckInclusion(again, verify) != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] ^= 1
		if q, key, err := ParseInclusion(b); err == nil && key == "north" && CheckInclusion(q, verify) == nil {
			t.Errorf("byte %d changed, and the proof holds", i)
		}
		b[i] ^= 1
	}
	for what, change := range map[string]func(*Inclusion){
		"another entry":      func(p *Inclusion) { p.Entry.Facts = map[string]string{"round": "6", "digest": digest(5)} },
		"another place":      func(p *Inclusion) { p.Entry.Seq = 6 },
		"past the end":       func(p *Inclusion) { p.Entry.Seq = 13 },
		"another checkpoint": func(p *Inclusion) { p.Checkpoint = all[11] },
		"a shorter path":     func(p *Inclusion) { p.Path = p.Path[1:] },
		"a bad signature":    func(p *Inclusion) { p.Checkpoint.Signature = all[11].Signature },
	} {
		q := p
		q.Path = slices.Clone(p.Path)
		if change(&q); CheckInclusion(q, verify) == nil {
			t.Errorf("%s: the proof holds", what)
		}
	}
	for _, n := range []int64{-1, 13} {
		if _, err := Proof(Source{Dir: dir}, "north", n, 0); err == nil {
			t.Errorf("a proof of entry %d", n)
		}
	}
	path, to, err := Extension(dir, 4, 0)
	if err != nil || to != 13 || CheckExtension(all[3], all[12], path) != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"another beginning":  CheckExtension(all[4], all[12], path),
		"another end":        CheckExtension(all[3], all[11], path),
		"turned":             CheckExtension(all[12], all[3], path),
		"no proof":           CheckExtension(all[3], all[12], nil),
		"a size without end": CheckExtension(all[3], Checkpoint{Origin: "north", Size: 1<<63 - 1}, path),
		"another log":        CheckExtension(Checkpoint{Origin: "south", Size: 4, Root: all[3].Root}, all[12], path),
	} {
		if err == nil {
			t.Errorf("%s: the proof holds", what)
		}
	}
}

// Golden files: what one release wrote, the next reads.
func TestGolden(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	add(t, l, Entry{Kind: Started, Facts: map[string]string{"version": "hmsp-1"}})
	add(t, l, Entry{Kind: StudyDecided, Study: digest(1), Who: "steward", Facts: map[string]string{"decision": "permit"}})
	p := add(t, l, Entry{Kind: SetConfirmed, Study: digest(1), Facts: map[string]string{"round": "1", "contributors": FormatMembers([]string{"south", "north"})}})
	l.Close()
	proof, err := Proof(Source{Dir: dir}, "north", 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	proofFile, err := proof.Encode("the key")
	if err != nil {
		t.Fatal(err)
	}
	var export bytes.Buffer
	if _, err := Export(Source{Dir: dir}, "north", "the key", &export); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(dir, entriesFile(1)))
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"log.jsonl": log, "checkpoint": p.Checkpoint.Encode(), "proof.json": proofFile, "export.jsonl": export.Bytes()} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, path, got)
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs from the golden file (%v):\n%s", name, err, got)
		}
	}
	for _, line := range lines(t, dir, 1) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}
