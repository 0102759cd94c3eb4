package audit

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// childDir, set in the environment, makes the test binary a writer of the log there.
const childDir = "HMSP_TEST_AUDIT_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := runChild(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// runChild appends from four goroutines, and prints what was acknowledged, until
// it is killed. Every fiftieth entry of one it rotates.
func runChild(dir string) error {
	l, err := Open(dir, "north", signAs("north"), time.Now)
	if err != nil {
		return err
	}
	fmt.Println("open")
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				e := some(int(time.Now().UnixNano() % 1e15))
				p, err := l.Append(e)
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				// One write: a line is whole or not there.
				os.Stdout.WriteString(fmt.Sprintf("%d %s %s\n", p.Seq, e.Facts["digest"], p.Checkpoint.Root))
				if w == 0 && i%50 == 49 {
					if _, _, err := l.Rotate(""); err != nil {
						fmt.Fprintln(os.Stderr, err)
						os.Exit(1)
					}
				}
			}
		})
	}
	wg.Wait()
	return nil
}

// TestKilledWhileAppending: the process is killed (SIGKILL) again and again; the
// log opens and verifies each time, and every acknowledged entry is where its
// writer was told.
func TestKilledWhileAppending(t *testing.T) {
	rounds := 14
	if testing.Short() {
		rounds = 5
	}
	dir := t.TempDir()
	acked := map[int64]string{}                                                          // digest and root by number
	for round := 0; round < rounds || len(acked) < rounds && round < 6*rounds; round++ { // a slow machine needs longer
		for _, line := range killed(t, dir, time.Duration(1+round*5)*time.Millisecond) {
			seq, rest, _ := strings.Cut(line, " ")
			n, err := strconv.ParseInt(seq, 10, 64)
			if err != nil || acked[n] != "" {
				t.Fatalf("round %d: number %q was acknowledged twice, or is none", round, seq)
			}
			acked[n] = rest
		}
		check(t, dir, acked)
	}
	if len(acked) < rounds {
		t.Errorf("%d entries only were acknowledged: the test shows little", len(acked))
	}
	t.Logf("%d acknowledged entries over %d kills", len(acked), rounds)
}

// killed runs a writer for a while and returns what it acknowledged.
func killed(t *testing.T, dir string, after time.Duration) (acked []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewScanner(out)
	if !in.Scan() || in.Text() != "open" {
		t.Fatalf("the log did not open: %q, %v", in.Text(), cmd.Wait())
	}
	time.AfterFunc(after, func() { cmd.Process.Kill() })
	for in.Scan() {
		if strings.Count(in.Text(), " ") == 2 {
			acked = append(acked, in.Text())
		}
	}
	_ = cmd.Wait()
	return acked
}

// check reads the log as it was left, before anything mends it.
func check(t *testing.T, dir string, acked map[int64]string) {
	t.Helper()
	r := report(t, dir)
	if r.Bad != nil {
		t.Fatal(r.Bad)
	}
	found := 0
	w, err := newWalk(Source{Dir: dir}, "north", verify)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	w.see = func(e Entry) error {
		if want := acked[e.Seq]; want != "" {
			found++
			if got := fmt.Sprintf("%s %s", e.Facts["digest"], w.last.Root); got != want {
				t.Errorf("entry %d is %s, acknowledged was %s", e.Seq, got, want)
			}
		}
		return nil
	}
	if err := (&reading{walk: w, src: Source{Dir: dir}}).all(); err != nil {
		t.Fatal(err)
	}
	if found != len(acked) {
		t.Fatalf("%d of %d acknowledged entries are in the log", found, len(acked))
	}
}
