package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// The right edge gives the same roots and stored hashes as tlog's own functions.
func TestTreeIsRFC6962(t *testing.T) {
	var store []Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) {
		out := make([]Hash, len(indexes))
		for i, x := range indexes {
			out[i] = store[x]
		}
		return out, nil
	})
	var tr tree
	for n := int64(0); n < 300; n++ {
		want, err := tlog.StoredHashes(n, []byte{byte(n), byte(n >> 8)}, read)
		if err != nil {
			t.Fatal(err)
		}
		got := tr.add(tlog.RecordHash([]byte{byte(n), byte(n >> 8)}))
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("entry %d: stored hashes differ", n)
		}
		store = append(store, want...)
		root, err := tlog.TreeHash(n+1, read)
		if err != nil || root != tr.root() {
			t.Fatalf("entry %d: roots differ, %v", n, err)
		}
		again, err := treeAt(n+1, read)
		if err != nil || again.root() != root {
			t.Fatalf("entry %d: the tree from stored hashes differs, %v", n, err)
		}
	}
}

func TestAppendAndOpenAgain(t *testing.T) {
	dir := t.TempDir()
	n := 0
	for round := range 5 {
		l := open(t, dir)
		for range round * 3 {
			p := add(t, l, some(n))
			if p.Seq != int64(n) || p.Checkpoint.Size != int64(n)+1 || p.Checkpoint.Verify(verify) != nil {
				t.Fatalf("entry %d: %+v", n, p)
			}
			n++
		}
		c, err := l.Checkpoint()
		if err != nil || c.Size != int64(n) || c.Verify(verify) != nil {
			t.Fatalf("checkpoint %+v, %v", c, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(some(0)); err == nil {
			t.Fatal("a closed log took an entry")
		}
		if n > 0 {
			good(t, dir, int64(n), c)
		}
	}
}

// Many at once, in two logs over one folder as two processes have them: every
// entry has its own place, and the log is one.
func TestConcurrentWriters(t *testing.T) {
	dir := t.TempDir()
	logs := []*Log{open(t, dir), open(t, dir)}
	const workers, each = 8, 12
	var wg sync.WaitGroup
	var mu sync.Mutex
	at := map[int64]string{}
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				e := some(1000*w + i)
				p, err := logs[w%2].Append(e)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if at[p.Seq] != "" {
					t.Errorf("two entries have number %d", p.Seq)
				}
				at[p.Seq] = e.Facts["digest"]
				mu.Unlock()
				if i == each/2 && w < 2 {
					if _, _, err := logs[w].Rotate("tester"); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	good(t, dir, workers*each+2)
	err := Entries(Source{Dir: dir}, "north", func(e Entry) error {
		if e.Kind != LogRotated && at[e.Seq] != e.Facts["digest"] {
			t.Errorf("entry %d is another than its writer was told", e.Seq)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever a crash leaves at the end of a file (part of a line, zeros) goes; what
// was acknowledged stays. Hashes and checkpoint may lag.
func TestTornEnds(t *testing.T) {
	dir, all := logOf(t, 9)
	last := lines(t, dir, 1)[8]
	for what, tear := range map[string]func(dir string){
		"part of a line": func(d string) { appendTo(t, d, entriesFile(1), []byte(last[:50])) },
		"a line of zeros": func(d string) {
			appendTo(t, d, entriesFile(1), make([]byte, 700))
		},
		"zeros with an end": func(d string) {
			appendTo(t, d, entriesFile(1), append(make([]byte, 700), '\n'))
		},
		"hashes lag": func(d string) { truncate(t, filepath.Join(d, hashesFile), 5*32+7) },
		"hashes of zeros": func(d string) {
			truncate(t, filepath.Join(d, hashesFile), 5*32)
			truncate(t, filepath.Join(d, hashesFile), 16*32)
		},
		"no hashes":           func(d string) { os.Remove(filepath.Join(d, hashesFile)) },
		"an older checkpoint": func(d string) { write(t, filepath.Join(d, checkpointFile), all[3].Encode()) },
		"an empty checkpoint": func(d string) { write(t, filepath.Join(d, checkpointFile), nil) },
		"no checkpoint":       func(d string) { os.Remove(filepath.Join(d, checkpointFile)) },
	} {
		t.Run(what, func(t *testing.T) {
			d := copyDir(t, dir)
			tear(d)
			if what != "hashes of zeros" && what != "zeros with an end" {
				good(t, d, 9, all...)
			}
			l := open(t, d)
			if c, _ := l.Checkpoint(); !c.Same(all[8]) {
				t.Fatalf("after opening: %v", c)
			}
			add(t, l, some(9))
			l.Close()
			good(t, d, 10, all...)
		})
	}
}

// Open refuses a log that does not give its own signed checkpoint, and says where.
func TestOpenRefusesAnotherHistory(t *testing.T) {
	dir, all := logOf(t, 9)
	l := lines(t, dir, 1)
	for what, alter := range map[string]func(d string){
		"changed":          func(d string) { writeLines(t, d, 1, replaced(l, 4, `"round":"4"`, `"round":"5"`)) },
		"removed":          func(d string) { writeLines(t, d, 1, append(l[:3:3], l[4:]...)) },
		"cut at the end":   func(d string) { writeLines(t, d, 1, l[:7]) },
		"all removed":      func(d string) { os.Remove(filepath.Join(d, entriesFile(1))) },
		"emptied":          func(d string) { truncate(t, filepath.Join(d, entriesFile(1)), 0) },
		"last line joined": func(d string) { truncate(t, filepath.Join(d, entriesFile(1)), int64(len(join(l)))) },
		"another's key": func(d string) {
			o, err := Open(d, "south", signAs("south"), noon)
			if err == nil {
				o.Close()
				t.Error("another member opened the log")
			}
			write(t, filepath.Join(d, checkpointFile), Checkpoint{"south", 9, all[8].Root, noon(), signAs("south")(nil)}.Encode())
		},
		"a checkpoint ahead": func(d string) {
			c := Checkpoint{Origin: "north", Size: 12, Root: all[3].Root, Time: noon()}
			c.Signature = signAs("north")(c.Text())
			write(t, filepath.Join(d, checkpointFile), c.Encode())
		},
		"another tree signed": func(d string) {
			c := Checkpoint{Origin: "north", Size: 8, Root: all[3].Root, Time: noon()}
			c.Signature = signAs("north")(c.Text())
			write(t, filepath.Join(d, checkpointFile), c.Encode())
		},
		"a hash changed": func(d string) { flip(t, filepath.Join(d, hashesFile), 100) },
	} {
		t.Run(what, func(t *testing.T) {
			d := copyDir(t, dir)
			alter(d)
			if l, err := Open(d, "north", signAs("north"), noon); err == nil {
				l.Close()
				t.Fatal("opened")
			} else {
				t.Log(err)
			}
		})
	}
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	var all []Checkpoint
	for part := 1; part <= 3; part++ {
		l := open(t, dir)
		for i := range 5 {
			all = append(all, add(t, l, some(10*part+i)).Checkpoint)
		}
		closed, c, err := l.Rotate("admin")
		if err != nil || closed != part || c.Size != int64(part*6) {
			t.Fatalf("rotate: %d, %v, %v", closed, c, err)
		}
		all = append(all, c)
		all = append(all, add(t, l, some(99)).Checkpoint)
		all = all[:len(all)-1]
		l.Close()
		// the entry after a rotation is the first of the next file
		if len(lines(t, dir, part+1)) != 1 {
			t.Fatal("the next file does not begin with the next entry")
		}
		truncate(t, filepath.Join(dir, entriesFile(part+1)), 0)
		truncate(t, filepath.Join(dir, hashesFile), tlog.StoredHashCount(c.Size)*32)
		write(t, filepath.Join(dir, checkpointFile), c.Encode())
	}
	good(t, dir, 18, all...)
	archive := t.TempDir()
	for _, part := range []int{1, 2} {
		if err := os.Rename(filepath.Join(dir, entriesFile(part)), filepath.Join(archive, entriesFile(part))); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("absent", func(t *testing.T) {
		r := good(t, dir, 18, all...)
		if r.Entries != 6 || r.From != 12 || r.Met != 18 || len(r.Remarks) != 2 {
			t.Fatalf("%+v", r)
		}
	})
	t.Run("given", func(t *testing.T) {
		r, err := Verify(Source{dir, []string{archive}}, "north", verify, all)
		if err != nil || r.Bad != nil || r.Entries != 18 || r.From != 0 || r.Met != 18 || len(r.Remarks) != 0 {
			t.Fatalf("%+v, %v", r, err)
		}
	})
	t.Run("goes on", func(t *testing.T) {
		d := copyDir(t, dir)
		l := open(t, d)
		add(t, l, some(1))
		l.Close()
		good(t, d, 19, all...)
	})
	t.Run("archive changed", func(t *testing.T) {
		a := copyDir(t, archive)
		writeLines(t, a, 2, replaced(lines(t, a, 2), 2, `"round":"22"`, `"round":"21"`))
		r, err := Verify(Source{dir, []string{a}}, "north", verify, nil)
		if err != nil {
			t.Fatal(err)
		}
		bad(t, "changed", r, 8, "log-0002.jsonl, line 3")
		writeLines(t, a, 2, lines(t, archive, 2)[:4])
		r, err = Verify(Source{dir, []string{a}}, "north", verify, nil)
		if err != nil {
			t.Fatal(err)
		}
		bad(t, "cut", r, 10, "closed at 12")
	})
	t.Run("absent and rewritten", func(t *testing.T) {
		d := copyDir(t, dir)
		flip(t, filepath.Join(d, hashesFile), int(tlog.StoredHashIndex(0, 11))*32)
		if r := report(t, d, all...); r.Bad == nil {
			t.Error("a changed hash of an archived entry was not noticed although a witness holds its checkpoint")
		}
		os.Remove(filepath.Join(d, closingFile(2)))
		bad(t, "no closing checkpoint", report(t, d), -1, closingFile(2))
	})
	t.Run("killed while it rotated", func(t *testing.T) {
		d := copyDir(t, dir)
		os.Remove(filepath.Join(d, entriesFile(4)))
		good(t, d, 18, all...)
		l := open(t, d)
		add(t, l, some(1))
		l.Close()
		good(t, d, 19, all...)
	})
}

// A log that runs and one whose lines come from any interleaving of appends,
// reopenings and rotations verify, and every proof of it holds.
func TestLogProperties(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp("", "audit")
		if err != nil {
			r.Fatal(err)
		}
		defer os.RemoveAll(dir)
		l := open(t, dir)
		var all []Checkpoint
		for _, do := range rapid.SliceOfN(rapid.IntRange(0, 9), 1, 25).Draw(r, "steps") {
			switch do {
			case 0:
				l.Close()
				l = open(t, dir)
			case 1:
				_, c, err := l.Rotate("")
				if err != nil {
					r.Fatal(err)
				}
				all = append(all, c)
			default:
				all = append(all, add(t, l, some(do)).Checkpoint)
			}
		}
		l.Close()
		if len(all) == 0 {
			return
		}
		good(t, dir, int64(len(all)), all...)
		size := rapid.IntRange(1, len(all)).Draw(r, "size")
		seq := rapid.IntRange(0, size-1).Draw(r, "seq")
		p, err := Proof(Source{Dir: dir}, "north", int64(seq), int64(size))
		if err != nil || CheckInclusion(p, verify) != nil {
			r.Fatalf("proof: %v", err)
		}
		path, _, err := Extension(dir, int64(seq), int64(size))
		if err != nil {
			r.Fatal(err)
		}
		from := Checkpoint{Origin: "north", Root: (&tree{}).root()}
		if seq > 0 {
			from = all[seq-1]
		}
		if err := CheckExtension(from, all[size-1], path); err != nil {
			r.Fatal(err)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	b.Run("sequential", func(b *testing.B) {
		l := open(b, b.TempDir())
		for i := 0; b.Loop(); i++ {
			add(b, l, some(i))
		}
	})
	b.Run("concurrent", func(b *testing.B) {
		l := open(b, b.TempDir())
		b.SetParallelism(32)
		b.RunParallel(func(p *testing.PB) {
			for i := 0; p.Next(); i++ {
				add(b, l, some(i))
			}
		})
	})
}

func BenchmarkVerify(b *testing.B) {
	dir, _ := logOf(b, 1000)
	for b.Loop() {
		good(b, dir, 1000)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/entry")
}
