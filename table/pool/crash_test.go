package pool

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMain lets the tests' program be another process: "child", what to do, a path.
func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == "child" {
		if err := child(os.Args[2], os.Args[3:]); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(what string, args []string) error {
	switch what {
	case "write": // folder: pools, one after the other, until somebody kills it
		m := many(20_000)
		for n := 0; ; n++ {
			fmt.Println(n)
			w, err := Create(filepath.Join(args[0], strconv.Itoa(n)), Options{Memory: 1})
			if err != nil {
				return err
			}
			plain, err := w.Table("plain", m.fields)
			if err != nil {
				return err
			}
			sorted, err := w.Sorted("sorted", m.fields, "f")
			if err != nil {
				return err
			}
			if err := errors.Join(plain.Append(m.rows...), sorted.Append(m.rows...)); err != nil {
				return err
			}
			if _, err := w.Commit(nil); err != nil {
				return err
			}
		}
	case "hold", "copy": // path: the pool, mapped or copied, until the input ends
		p, err := Open(args[0])
		if err != nil {
			return err
		}
		defer p.Close()
		table, _ := p.Table("many")
		var sum float64
		for _, f := range table.Fields() {
			b := table.values(f).bytes(f.Kind)
			if what == "copy" {
				b = append([]byte(nil), b...)
				defer func() { _ = b[0] }()
			}
			for i := 0; i < len(b); i += 512 {
				sum += float64(b[i])
			}
		}
		if what == "copy" {
			p.Close()
		}
		fmt.Println(sum)
		_, err = bufio.NewReader(os.Stdin).ReadByte()
		if err != nil && err.Error() != "EOF" {
			return err
		}
		return nil
	}
	if what == "fill" { // path, memory, size
		memory, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(args[2], 10, 64)
		if err != nil {
			return err
		}
		high, err := fill(args[0], memory, size)
		if err != nil {
			return err
		}
		fmt.Println(high)
		return nil
	}
	return fmt.Errorf("no such child %q", what)
}

// start runs another process and waits for its first line.
func start(t testing.TB, args ...string) (*exec.Cmd, string, func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"child"}, args...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(line), func() { in.Close(); cmd.Wait() }
}

// TestKilledWriter: a writer that is killed at any moment leaves whole pools or none,
// and what else it leaves is swept.
func TestKilledWriter(t *testing.T) {
	kills := 25
	if testing.Short() {
		kills = 6
	}
	random := rand.New(rand.NewPCG(1, 2))
	whole, swept := 0, 0
	for range kills {
		dir := t.TempDir()
		cmd, _, _ := start(t, "write", dir)
		time.Sleep(time.Duration(random.IntN(120)) * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
		gone, err := Sweep(dir)
		if err != nil {
			t.Fatal(err)
		}
		swept += len(gone)
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			p, err := Open(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatalf("%s: %v", e.Name(), err)
			}
			if err := p.VerifyAll(t.Context()); err != nil {
				t.Error(err)
			}
			p.Close()
			whole++
		}
		if _, err := Open(filepath.Join(dir, strconv.Itoa(len(entries)))); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a pool that was not finished: %v", err)
		}
	}
	t.Logf("%d kills left %d whole pools; %d leftovers swept", kills, whole, swept)
}

func TestSweepLeavesTheLiving(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(filepath.Join(dir, "p"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	dead := filepath.Join(dir, workPrefix+"dead")
	if err := os.Mkdir(dead, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dead, "0000-x.arrow"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other")
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	gone, err := Sweep(dir)
	if err != nil || len(gone) != 1 || gone[0] != dead {
		t.Errorf("swept %v, %v", gone, err)
	}
	if _, err := w.Table("t", []Field{{"x", Int32}}); err != nil {
		t.Error(err)
	}
	if _, err := w.Commit(nil); err != nil {
		t.Error(err)
	}
	mustOpen(t, filepath.Join(dir, "p"))
	if _, err := Sweep(filepath.Join(dir, "no")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("sweeping nothing: %v", err)
	}
}

// TestAbortEndsACommit: from another goroutine, at any moment.
func TestAbortEndsACommit(t *testing.T) {
	dir := t.TempDir()
	m := many(50_000)
	for i := range 5 {
		path := filepath.Join(dir, strconv.Itoa(i))
		w, err := Create(path, Options{Memory: 1})
		if err != nil {
			t.Fatal(err)
		}
		a, err := w.Sorted("t", m.fields, "u")
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Append(m.rows...); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			time.Sleep(time.Duration(i) * 3 * time.Millisecond)
			w.Abort()
		}()
		_, err = w.Commit(nil)
		<-done
		if _, open := Open(path); (err == nil) != (open == nil) {
			t.Errorf("commit says %v, open %v", err, open)
		}
	}
	if gone, err := Sweep(dir); err != nil || len(gone) > 0 {
		t.Errorf("left %v, %v", gone, err)
	}
}

// TestProcessesShareAPool: several processes see the same values.
func TestProcessesShareAPool(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p")
	store(t, path, Options{}, 1<<20, many(100_000))
	sums := map[string]bool{}
	for range 4 {
		_, sum, end := start(t, "hold", path)
		defer end()
		sums[sum] = true
	}
	if len(sums) != 1 {
		t.Errorf("processes see %v", sums)
	}
}
