//go:build linux

package pool

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// benchMiB is how large the benchmarks' pools are; 5120 is the 5 GB of the target.
var benchMiB = flag.Int("mib", 64, "size of the benchmarks' pools in MiB")

// bulk makes a pool of one table of so many MiB, in which rows are 36 bytes.
func bulk(b testing.TB, path string, mib int, by []string) (rows int) {
	roomFor(b, filepath.Dir(path), mib)
	m := many(100_000)
	rows = mib << 20 / 36
	w, err := Create(path, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Abort()
	a, err := w.add("many", m.fields, by)
	if err != nil {
		b.Fatal(err)
	}
	for left := rows; left > 0; left -= m.len() {
		batch := m.rows
		if left < m.len() {
			batch = nil
			for _, c := range m.rows {
				batch = append(batch, part(c, 0, left))
			}
		}
		if err := a.Append(batch...); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := w.Commit(nil); err != nil {
		b.Fatal(err)
	}
	return rows
}

func BenchmarkWrite(b *testing.B) {
	for name, by := range map[string][]string{"plain": nil, "sorted": {"c", "i"}} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			b.SetBytes(int64(*benchMiB) << 20)
			n := 0
			for b.Loop() {
				n++
				path := filepath.Join(dir, strconv.Itoa(n))
				bulk(b, path, *benchMiB, by)
				b.StopTimer()
				os.RemoveAll(path)
				b.StartTimer()
			}
		})
	}
}

func total(xs []float64) (sum float64) {
	for _, x := range xs {
		if x == x {
			sum += x
		}
	}
	return sum
}

// sum opens a pool, does what is asked before, and sums column f.
func sum(b *testing.B, path string, before func(*Pool, Table) error) float64 {
	p, err := Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	t, _ := p.Table("many")
	if err := before(p, t); err != nil {
		b.Fatal(err)
	}
	return total(t.Float64("f"))
}

// BenchmarkFirstSum: from nothing to the sum of one of five columns, by a pool, by
// reading a file of the column's bytes into memory, and by parsing a CSV file with
// package encoding/csv.
func BenchmarkFirstSum(b *testing.B) {
	dir := b.TempDir()
	path, rawPath, csvPath := filepath.Join(dir, "p"), filepath.Join(dir, "raw"), filepath.Join(dir, "csv")
	rows := bulk(b, path, *benchMiB, nil)
	asIs := func(*Pool, Table) error { return nil }
	want := sum(b, path, asIs)
	check := func(b *testing.B, got float64) {
		if got != want {
			b.Fatalf("the sum is %v, not %v", got, want)
		}
	}
	b.Run("pool", func(b *testing.B) {
		for b.Loop() {
			check(b, sum(b, path, asIs))
		}
	})
	b.Run("pool-verified", func(b *testing.B) {
		for b.Loop() {
			check(b, sum(b, path, func(p *Pool, _ Table) error { return p.Verify(b.Context(), "many", "f") }))
		}
	})
	b.Run("pool-cold", func(b *testing.B) { // nothing of it in memory
		for b.Loop() {
			b.StopTimer()
			forget(b, filepath.Join(path, fileName(0, "many")))
			b.StartTimer()
			check(b, sum(b, path, func(_ *Pool, t Table) error { return t.Advise(Sequential, "f") }))
		}
	})
	b.Run("read", func(b *testing.B) {
		sum(b, path, func(_ *Pool, t Table) error { return os.WriteFile(rawPath, raw(t.Float64("f")), 0o600) })
		for b.Loop() {
			data, err := os.ReadFile(rawPath)
			if err != nil {
				b.Fatal(err)
			}
			xs := make([]float64, rows)
			copy(raw(xs), data)
			check(b, total(xs))
		}
	})
	b.Run("csv", func(b *testing.B) {
		sum(b, path, func(_ *Pool, t Table) error { return writeCSV(csvPath, t) })
		for b.Loop() {
			check(b, sumCSV(b, csvPath))
		}
	})
}

// forget drops a file from the system's cache, but for the pages that a process maps.
func forget(b *testing.B, path string) {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		b.Fatal(err)
	}
}

func writeCSV(path string, t Table) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	fs, is, cs, us := t.Float64("f"), t.Int64("i"), t.Int32("c"), t.Uint64("u")
	for row := range t.Rows() {
		f, i := "", ""
		if !math.IsNaN(fs[row]) {
			f, i = strconv.FormatFloat(fs[row], 'g', -1, 64), strconv.FormatInt(is[row], 10)
		}
		fmt.Fprintf(w, "%s,%s,%d,%d,\n", f, i, cs[row], us[row])
	}
	return w.Flush()
}

func sumCSV(b *testing.B, path string) (sum float64) {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(bufio.NewReaderSize(f, 1<<20))
	r.ReuseRecord = true
	for {
		row, err := r.Read()
		if err == io.EOF {
			return sum
		}
		if err != nil {
			b.Fatal(err)
		}
		if row[0] != "" {
			x, err := strconv.ParseFloat(row[0], 64)
			if err != nil {
				b.Fatal(err)
			}
			sum += x
		}
	}
}

// BenchmarkShared: the memory of four processes that read all of one pool, against
// four that copied it (PSS of Linux, each page's share). Goal of methods section G:
// a ratio of 0.3 at most.
func BenchmarkShared(b *testing.B) {
	path := filepath.Join(b.TempDir(), "p")
	bulk(b, path, *benchMiB, nil)
	for b.Loop() {
		held, copied := pss(b, "hold", path), pss(b, "copy", path)
		b.ReportMetric(held/copied, "PSS-ratio")
		b.ReportMetric(held/1024, "MiB-pool")
		b.ReportMetric(copied/1024, "MiB-copies")
	}
}

// pss is the proportional set size of four children together, in KiB.
func pss(b *testing.B, what, path string) (sum float64) {
	var pids []int
	for range 4 {
		cmd, _, end := start(b, what, path)
		defer end()
		pids = append(pids, cmd.Process.Pid)
	}
	for _, pid := range pids {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			b.Skip("this system does not say what processes share: ", err)
		}
		for line := range bytes.Lines(data) {
			if f := strings.Fields(string(line)); f[0] == "Pss:" {
				n, err := strconv.ParseFloat(f[1], 64)
				if err != nil {
					b.Fatal(err)
				}
				sum += n
			}
		}
	}
	return sum
}

// BenchmarkOpen of a pool of one large table, and of one of a thousand small ones.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	large, wide := filepath.Join(dir, "large"), filepath.Join(dir, "wide")
	bulk(b, large, *benchMiB, nil)
	var tables []model
	for i := range 1000 {
		m := many(10)
		m.name = strconv.Itoa(i)
		tables = append(tables, m)
	}
	store(b, wide, Options{}, 10, tables...)
	for name, path := range map[string]string{"large": large, "thousand": wide} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p, err := Open(path)
				if err != nil {
					b.Fatal(err)
				}
				p.Close()
			}
		})
	}
}

// BenchmarkVerify reads a whole pool: SHA-256 of the file, CRC32C of the columns.
func BenchmarkVerify(b *testing.B) {
	path := filepath.Join(b.TempDir(), "p")
	bulk(b, path, *benchMiB, nil)
	for name, columns := range map[string][]string{"sha256": nil, "crc32c": {"f", "i", "c", "u", "none"}} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(*benchMiB) << 20)
			for b.Loop() {
				p, err := Open(path)
				if err != nil {
					b.Fatal(err)
				}
				if err := p.Verify(b.Context(), "many", columns...); err != nil {
					b.Fatal(err)
				}
				p.Close()
			}
		})
	}
}

// roomFor skips where the disk has not three times so many MiB.
func roomFor(t testing.TB, dir string, mib int) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil || int64(s.Bavail)*int64(s.Bsize) < int64(mib)<<20*3 {
		t.Skipf("the disk has no room for a pool of %d MiB", mib)
	}
}
