package pool

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzDocument: whatever pool.json says, a pool that opens has views inside its files.
func FuzzDocument(f *testing.F) {
	path := small(f)
	data, err := os.ReadFile(filepath.Join(path, documentName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"hmsp":"pool/v1","created":{},"tables":[]}`))
	f.Add(bytes.Replace(data, []byte(`1000`), []byte(`1e3`), 1))
	f.Add(bytes.Replace(data, []byte(`"length":`), []byte(`"length":9`), 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(filepath.Join(path, documentName), data, 0o600); err != nil {
			t.Fatal(err)
		}
		walk(t, path)
	})
}

// FuzzArrow: whatever is in a table's file, Open and Verify answer.
func FuzzArrow(f *testing.F) {
	path := small(f)
	file := filepath.Join(path, "0000-event-ldl.arrow")
	clean, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(clean)
	f.Add(clean[:len(clean)-64])
	f.Add([]byte("ARROW1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := Open(path)
		if len(data) != len(clean) {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("another size: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if err := p.Verify(t.Context(), "event/LDL"); (err == nil) != bytes.Equal(data, clean) || err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	})
}

// walk reads every value of a pool, if it opens.
func walk(t *testing.T, path string) {
	p, err := Open(path)
	if err != nil {
		return
	}
	defer p.Close()
	for _, name := range p.Tables() {
		table, _ := p.Table(name)
		for _, f := range table.Fields() {
			if v := table.values(f).bytes(f.Kind); len(v) != table.Rows()*f.Kind.width() {
				t.Fatalf("column %q has %d bytes for %d rows", f.Name, len(v), table.Rows())
			}
			missing(f.Kind, table.values(f).bytes(f.Kind))
			checksum(0, table.Validity(f.Name))
		}
		p.Verify(t.Context(), name)
	}
	if p.Meta() != nil && !json.Valid(p.Meta()) {
		t.Fatal("meta is not JSON")
	}
}
