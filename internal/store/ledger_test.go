package store_test

import (
	"bufio"
	"crypto/sha3"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/internal/store"
)

// childOf is the environment variable that makes the test binary a site's process
// that is killed.
const childOf = "HMSP_TEST_LEDGER"

func TestMain(m *testing.M) {
	if path := os.Getenv(childOf); path != "" {
		if err := spendForEver(path); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// studyRho is what each of a study's two rounds costs, and yearly the limit: enough
// for all the studies of a test, so that every one must be told apart.
const (
	studyRho = 1e-6
	yearly   = 50
)

func openLedger(path string) (*store.Ledger, *ledger.Ledger, error) {
	s, err := store.OpenLedger(path)
	if err != nil {
		return nil, nil, err
	}
	l, err := ledger.Open(ledger.Config{Store: s, Limits: ledger.Limits{Hmsp: ledger.Version, PerDataset: yearly}, Now: time.Now,
		Cost: func(events []dp.Event) (float64, error) { return 0.5 / (events[0].Noise * events[0].Noise), nil }})
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return s, l, nil
}

func twoRounds(study string) ledger.Claim {
	e := []dp.Event{{Kind: dp.Gaussian, Noise: math.Sqrt(0.5 / studyRho)}}
	return ledger.Claim{Study: study, Question: "q" + study, Dataset: "lung", Snapshot: "snap", Researcher: "ruth", Purpose: "research", Rounds: [][]dp.Event{e, e}}
}

// spendForEver is a site: a vector leaves on the standard output once the ledger
// says that it is paid.
func spendForEver(path string) error {
	s, l, err := openLedger(path)
	if err != nil {
		return err
	}
	defer s.Close()
	es, err := l.Entries("")
	if err != nil {
		return err
	}
	for i := len(es); ; i++ {
		study := strconv.Itoa(i)
		if _, err := l.Reserve(twoRounds(study)); err != nil {
			return err
		}
		for round := range 2 {
			if err := l.Spend(study, round); err != nil {
				return err
			}
			fmt.Println("left", study, round)
		}
		if err := l.Settle(study); err != nil {
			return err
		}
	}
}

// TestKillNine kills a site's process again and again while it spends: every vector
// that left is in the ledger afterwards, and the ledger opens.
func TestKillNine(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.LedgerFile)
	waits := sha3.NewSHAKE256()
	io.WriteString(waits, "kill -9")
	left := map[string]bool{}
	for range 20 {
		for _, l := range killed(t, path, waits) {
			left[l] = true
		}
		checkLeft(t, path, left)
	}
	if len(left) < 20 {
		t.Errorf("only %d vectors left: the test tells too little", len(left))
	}
	t.Logf("%d vectors left before 20 kills", len(left))
}

// killed runs a site until it is killed, at most some milliseconds after its first
// vector, and returns what left.
func killed(t *testing.T, path string, waits io.Reader) (left []string) {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childOf+"="+path)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var b [2]byte
	if _, err := io.ReadFull(waits, b[:]); err != nil {
		t.Fatal(err)
	}
	wait := time.Duration(binary.LittleEndian.Uint16(b[:])) * 500 * time.Nanosecond // up to 33 ms
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line, ok := strings.CutPrefix(lines.Text(), "left ")
		if !ok {
			t.Error(lines.Text())
		}
		if left = append(left, line); len(left) == 1 {
			time.AfterFunc(wait, func() { _ = c.Process.Kill() })
		}
	}
	if err := c.Wait(); err == nil {
		t.Error("the process ended by itself")
	}
	return left
}

// checkLeft opens the ledger and looks for everything that left.
func checkLeft(t *testing.T, path string, left map[string]bool) {
	t.Helper()
	s, l, err := openLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	es, err := l.Entries("lung")
	if err != nil {
		t.Fatal(err)
	}
	spent, rounds := map[string]bool{}, 0
	for _, e := range es {
		for i, r := range e.Rounds {
			if r.Stage == "spent" {
				spent[e.Study+" "+strconv.Itoa(i)] = true
				rounds++
			}
		}
	}
	for l := range left {
		if !spent[l] {
			t.Errorf("study and round %s left and is not charged", l)
		}
	}
	b, err := l.Balance("lung", time.Time{})
	if err != nil || math.Abs(b.Spent-float64(rounds)*studyRho) > 1e-9 {
		t.Errorf("spent %v for %d rounds, %v", b.Spent, rounds, err)
	}
}

// TestTornLedger: a file that was cut off, or has other bytes in it, gives an error
// and no panic, whatever the place; it never opens as another ledger.
func TestTornLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.LedgerFile)
	s, l, err := openLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		if _, err := l.Reserve(twoRounds(strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
		if err := l.Spend(strconv.Itoa(i), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	refused := 0
	try := func(what string, data []byte) {
		t.Helper()
		path := filepath.Join(t.TempDir(), store.LedgerFile) // one that the database gave up on may stay locked
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, l, err := openLedger(path)
		if err != nil {
			refused++
			if text := err.Error(); !strings.Contains(text, "torn") && !strings.Contains(text, "damaged") {
				t.Errorf("%s: not clear: %v", what, err)
			}
			return
		}
		defer s.Close()
		// What was altered is a page that is not used, or a copy of what is.
		if es, err := l.Entries(""); err != nil || len(es) != 60 {
			t.Errorf("%s: opened with %d studies of 60, %v", what, len(es), err)
		}
	}
	for n := 1; n < len(whole)/page; n++ {
		try(fmt.Sprintf("%d pages", n), whole[:n*page])
		try(fmt.Sprintf("%d pages and a half", n), whole[:n*page+page/2])
	}
	for at := page * 2; at < len(whole); at += page / 8 {
		altered := slices.Clone(whole)
		for i := range 16 {
			altered[at+i] ^= 0xA5
		}
		try(fmt.Sprintf("bytes at %d", at), altered)
	}
	if refused < 20 {
		t.Errorf("%d refused only: the test tells too little", refused)
	}
}

// TestReadLedger: a ledger may be read beside nobody, and not while a site has it.
func TestReadLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.LedgerFile)
	if _, err := store.ReadLedger(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is none: %v", err)
	}
	s, l, err := openLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Reserve(twoRounds("1")); err != nil {
		t.Fatal(err)
	}
	if _, err := store.ReadLedger(path); !errors.Is(err, store.ErrInUse) {
		t.Errorf("while it is open: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := store.ReadLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	read, err := ledger.Open(ledger.Config{Store: r, Limits: ledger.DefaultLimits(), Now: time.Now, Cost: func([]dp.Event) (float64, error) { return 0, nil }})
	if err != nil {
		t.Fatal(err)
	}
	if es, err := read.Entries(""); err != nil || len(es) != 1 {
		t.Errorf("%d studies, %v", len(es), err)
	}
	if err := read.Settle("1"); err == nil {
		t.Error("wrote to a ledger that is read only")
	}
}

// BenchmarkReserveSettle is one study from its reservation to its end, each step on
// the disk before the next: alone, and with many studies at once.
func BenchmarkReserveSettle(b *testing.B) {
	for _, studies := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("studies=%d", studies), func(b *testing.B) {
			s, l, err := openLedger(filepath.Join(b.TempDir(), store.LedgerFile))
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			var next atomic.Int64
			pair := func() {
				study := strconv.FormatInt(next.Add(1), 10)
				if _, err := l.Reserve(twoRounds(study)); err != nil {
					b.Error(err)
				}
				if err := l.Settle(study); err != nil {
					b.Error(err)
				}
			}
			b.ResetTimer()
			if studies == 1 {
				for b.Loop() {
					pair()
				}
			} else {
				b.SetParallelism(studies / 2) // times GOMAXPROCS
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						pair()
					}
				})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
		})
	}
}
