package audit

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func golden(f *testing.F, name string) []byte {
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		f.Fatal(err)
	}
	return b
}

// What a parser takes, it writes again to the same bytes: one value, one encoding.

func FuzzEntry(f *testing.F) {
	for line := range strings.Lines(string(golden(f, "log.jsonl"))) {
		f.Add([]byte(strings.TrimSuffix(line, "\n")))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRecord(b)
		if err != nil {
			return
		}
		if !bytes.Equal(r.line(), append(bytes.Clone(b), '\n')) || r.Entry.Valid() != nil {
			t.Errorf("%q is read and not written so", b)
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	f.Add(golden(f, "checkpoint"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := ParseCheckpoint(b); err == nil && !bytes.Equal(c.Encode(), b) {
			t.Errorf("%q is read and not written so", b)
		}
		if list, err := ParseCheckpoints(b); err == nil && !bytes.HasPrefix(b, encodeCheckpoints(list)) {
			t.Errorf("%q is read and not written so", b)
		}
	})
}

func FuzzProof(f *testing.F) {
	f.Add(golden(f, "proof.json"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, key, err := ParseInclusion(b)
		if err != nil {
			return
		}
		if again, err := p.Encode(key); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%q is read and not written so", b)
		}
		_ = CheckInclusion(p, verify)
		_ = CheckExtension(Checkpoint{Origin: p.Checkpoint.Origin, Size: p.Entry.Seq}, p.Checkpoint, p.Path)
	})
}

// An export that verifies and is not the golden one is a shorter one of it.
func FuzzExport(f *testing.F) {
	whole := golden(f, "export.jsonl")
	f.Add(whole)
	f.Fuzz(func(t *testing.T, b []byte) {
		anyKey := func(string, string) (Verifier, error) { return verify, nil }
		r, err := VerifyExport(bytes.NewReader(b), "x", anyKey, nil)
		if err != nil || r.Bad != nil || r.Entries == 0 {
			return
		}
		_, lines, _ := bytes.Cut(b, []byte("\n"))
		_, want, _ := bytes.Cut(whole, []byte("\n"))
		if !bytes.HasPrefix(want, lines) {
			t.Errorf("%q verifies, and nobody signed it", b)
		}
	})
}
