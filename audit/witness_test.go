package audit

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func witness(t *testing.T, dir string) *Witness {
	t.Helper()
	w, err := OpenWitness(dir, verify)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// contradiction wants a refusal with its evidence kept.
func contradiction(t *testing.T, dir string, err error) {
	t.Helper()
	var c *Contradiction
	if !errors.As(err, &c) {
		t.Fatalf("got %v", err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "north.contradiction"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := ParseCheckpoints(b)
	if err != nil || len(two) != 2 || two[0].Verify(verify) != nil || two[1].Verify(verify) != nil || !two[0].Same(c.Earlier) || !two[1].Same(c.Later) {
		t.Fatalf("evidence %v, %v", two, err)
	}
}

func TestWitness(t *testing.T) {
	dir, all := logOf(t, 12)
	other := t.TempDir() // another history from entry 4 on
	l := open(t, other)
	for i := range 12 {
		if i == 4 {
			i = 44
		}
		add(t, l, some(i))
	}
	fork, err := l.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	path, _, err := Extension(dir, 6, 12)
	if err != nil {
		t.Fatal(err)
	}

	at := t.TempDir()
	w := witness(t, at)
	if _, ok, err := w.Latest("north"); ok || err != nil {
		t.Fatal("a witness who heard nothing knows something")
	}
	for _, c := range []Checkpoint{all[5], all[5], all[5]} {
		if err := w.Hear(c, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Hear(all[11], path); err != nil {
		t.Fatal(err)
	}
	if err := w.Keep(all[2]); err != nil { // an older receipt
		t.Fatal(err)
	}
	kept, err := witness(t, at).Kept("north")
	if err != nil || len(kept) != 3 || !kept[0].Same(all[2]) || !kept[2].Same(all[11]) {
		t.Fatalf("%v, %v", kept, err)
	}
	t.Run("smaller now", func(t *testing.T) { contradiction(t, at, w.Hear(all[8], nil)) })
	t.Run("same size", func(t *testing.T) {
		contradiction(t, at, w.Hear(fork, nil))
		contradiction(t, at, w.Keep(fork))
	})
	t.Run("no extension", func(t *testing.T) {
		d := t.TempDir()
		w := witness(t, d)
		if err := w.Hear(all[5], nil); err != nil {
			t.Fatal(err)
		}
		forged, _, err := Extension(other, 6, 12)
		if err != nil {
			t.Fatal(err)
		}
		contradiction(t, d, w.Hear(fork, forged))
		contradiction(t, d, w.Hear(fork, []Hash{}))
		if err := w.Hear(all[11], path); err != nil {
			t.Error(err)
		}
	})
	t.Run("not signed", func(t *testing.T) {
		c := all[11]
		c.Signature = signAs("south")(c.Text())
		if w.Hear(c, nil) == nil || w.Keep(c) == nil {
			t.Error("taken")
		}
	})
	t.Run("cut short", func(t *testing.T) {
		file := filepath.Join(at, "north")
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		write(t, file, b[:len(b)-20])
		w := witness(t, at)
		if err := w.Hear(all[11], path); err != nil {
			t.Fatal(err)
		}
		if kept, err := w.Kept("north"); err != nil || len(kept) != 3 {
			t.Fatalf("%v, %v", kept, err)
		}
		write(t, file, b[1:])
		if w.Hear(all[11], nil) == nil {
			t.Error("a file that is no witness's was taken")
		}
	})
	if w.Hear(Checkpoint{Origin: "../x"}, nil) == nil {
		t.Error("a name that is a path was taken")
	}
}

// What is kept of a member stays bounded, and the last is always there.
func TestWitnessForgetsEvenly(t *testing.T) {
	dir := t.TempDir()
	w := witness(t, dir)
	var c Checkpoint
	var kept []Checkpoint
	for i := range maxKept {
		c = Checkpoint{Origin: "north", Size: int64(i), Root: Hash{byte(i)}, Time: noon()}
		c.Signature = signAs("north")(c.Text())
		kept = append(kept, c)
	}
	write(t, filepath.Join(dir, "north"), encodeCheckpoints(kept))
	c = Checkpoint{Origin: "north", Size: 5000, Time: noon()}
	c.Signature = signAs("north")(c.Text())
	if err := w.Hear(c, nil); err != nil {
		t.Fatal(err)
	}
	kept, err := w.Kept("north")
	if err != nil || len(kept) != maxKept/2+1 || !kept[0].Same(Checkpoint{Origin: "north", Root: Hash{}}) || !kept[len(kept)-1].Same(c) {
		t.Fatalf("%d kept, %v", len(kept), err)
	}
}
