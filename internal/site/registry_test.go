package site

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/table"
)

// childHome, set in the environment, makes the test binary a `dataset add --replace` of
// that home: of the file that childFile names.
const (
	childHome = "HMSP_TEST_ADD_HOME"
	childFile = "HMSP_TEST_ADD_FILE"
)

func TestMain(m *testing.M) {
	home := os.Getenv(childHome)
	if home == "" {
		os.Exit(m.Run())
	}
	if err := addFile(context.Background(), home, os.Getenv(childFile)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var doseOnly = table.Schema{{Name: "dose", Kind: table.Number, Max: 1e6}}

func registryOf(home string) Registry {
	return Registry{Home: home, Loader: dataset.Loader{Formats: standard.Catalog().Formats}}
}

func addFile(ctx context.Context, home, path string) error {
	set := dataset.File("people", path)
	set.Patient = "id"
	_, err := registryOf(home).Add(ctx, set, doseOnly, true, dataset.Build{})
	return err
}

// doses writes a file of n patients of whom each has the dose.
func doses(t *testing.T, path string, n int, dose float64) {
	t.Helper()
	var b strings.Builder
	b.WriteString("id,dose\n")
	for i := range n {
		fmt.Fprintf(&b, "p%d,%v\n", i, dose)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// whole opens what is registered, as a study does, and gives the one dose of its patients.
func whole(ctx context.Context, home string, n int) (float64, error) {
	k, err := registryOf(home).Open(ctx, "people", doseOnly)
	if err != nil {
		return 0, err
	}
	defer k.Close()
	rows, err := k.Rows(ctx, doseOnly)
	if err != nil {
		return 0, err
	}
	xs := rows.Numbers("dose")
	if len(xs) != n || slices.Min(xs) != slices.Max(xs) {
		return 0, fmt.Errorf("%d rows from %v to %v", len(xs), slices.Min(xs), slices.Max(xs))
	}
	if _, err := registryOf(home).Quality("people"); err != nil {
		return 0, err
	}
	return xs[0], nil
}

// leftovers lists what lies in the folders of the registry and belongs to nothing.
func leftovers(t *testing.T, home string) (out []string) {
	t.Helper()
	d, err := registryOf(home).Get("people")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, folder := range []string{"", datasetsDir, poolsDir} {
		entries, err := os.ReadDir(filepath.Join(home, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			switch e.Name() {
			case datasetsDir, poolsDir, pseudonymFile, registryLock, "people.yaml", d.Pool, d.Pool + ".quality.json":
			default:
				if !strings.HasSuffix(e.Name(), ".csv") {
					out = append(out, filepath.Join(folder, e.Name()))
				}
			}
		}
	}
	return out
}

// TestKilledWhileAdding: `dataset add --replace` is killed (SIGKILL) at every time of its
// work, while studies read. What is registered is the old or the new dataset, whole;
// what was left goes with the next start.
func TestKilledWhileAdding(t *testing.T) {
	rounds, n := 24, 20_000
	if testing.Short() {
		rounds = 8
	}
	home := t.TempDir()
	files := []string{filepath.Join(home, "a.csv"), filepath.Join(home, "b.csv")}
	for i, path := range files {
		doses(t, path, n, float64(1+i))
	}
	start := time.Now()
	if err := addFile(t.Context(), home, files[0]); err != nil {
		t.Fatal(err)
	}
	takes := time.Since(start)
	seen := map[float64]int{}
	for round := range rounds {
		ctx, cancel := context.WithCancel(t.Context())
		var studies sync.WaitGroup
		studies.Go(func() {
			for ctx.Err() == nil {
				if _, err := whole(context.Background(), home, n); err != nil {
					t.Errorf("round %d: a study found %v", round, err)
					return
				}
			}
		})
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childHome+"="+home, childFile+"="+files[round%2])
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(takes*time.Duration(round+1)*3/time.Duration(rounds), func() { cmd.Process.Kill() })
		_ = cmd.Wait()
		kill.Stop()
		cancel()
		studies.Wait()
		dose, err := whole(t.Context(), home, n)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		seen[dose]++
		if err := registryOf(home).tidy(); err != nil {
			t.Fatal(err)
		}
		if left := leftovers(t, home); len(left) > 0 {
			t.Fatalf("round %d: left is %v", round, left)
		}
	}
	t.Logf("after %d kills, by which dataset was registered: %v", rounds, seen)
}

// A first registration that is killed registers nothing, or all.
func TestKilledWhileAddingTheFirst(t *testing.T) {
	rounds, n := 16, 20_000
	if testing.Short() {
		rounds = 4
	}
	for round := range rounds {
		home := t.TempDir()
		path := filepath.Join(home, "a.csv")
		doses(t, path, n, 1)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childHome+"="+home, childFile+"="+path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(round*8)*time.Millisecond, func() { cmd.Process.Kill() })
		_ = cmd.Wait()
		kill.Stop()
		if names, err := registryOf(home).List(); err != nil || len(names) > 0 {
			if _, err := whole(t.Context(), home, n); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		if err := registryOf(home).tidy(); err != nil {
			t.Fatal(err)
		}
		if left := leftovers(t, home); len(left) > 0 {
			t.Fatalf("round %d: left is %v", round, left)
		}
	}
}

// Several `dataset add --replace` of one name at once, studies, and starts of the site:
// each is whole, and the last is registered.
func TestAddingAtOnce(t *testing.T) {
	const n = 2000
	home := t.TempDir()
	var files []string
	for i := range 4 {
		files = append(files, filepath.Join(home, fmt.Sprintf("f%d.csv", i)))
		doses(t, files[i], n, float64(1+i))
	}
	if err := addFile(t.Context(), home, files[0]); err != nil {
		t.Fatal(err)
	}
	var adds, others sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for _, path := range files {
		adds.Go(func() {
			for range 5 {
				if err := addFile(t.Context(), home, path); err != nil {
					t.Error(err)
				}
			}
		})
	}
	others.Go(func() {
		for ctx.Err() == nil {
			if _, err := whole(t.Context(), home, n); err != nil {
				t.Error(err)
				return
			}
		}
	})
	others.Go(func() {
		for ctx.Err() == nil {
			if err := registryOf(home).tidy(); err != nil {
				t.Error(err)
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
	adds.Wait()
	cancel()
	others.Wait()
	if _, err := whole(t.Context(), home, n); err != nil {
		t.Error(err)
	}
	if left := leftovers(t, home); len(left) > 0 {
		t.Errorf("left is %v", left)
	}
}

// A registration that names the pool of another dataset, as a copy of a file does, opens
// nothing.
func TestThePoolOfAnotherDataset(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, "a.csv")
	doses(t, path, 20, 1)
	if err := addFile(t.Context(), home, path); err != nil {
		t.Fatal(err)
	}
	r := registryOf(home)
	text, err := os.ReadFile(r.path("people"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.path("other"), []byte(strings.Replace(string(text), "name: people", "name: other", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Open(t.Context(), "other", doseOnly); err == nil || !strings.Contains(err.Error(), "another dataset") {
		t.Errorf("opened: %v", err)
	}
	if err := r.Remove(t.Context(), "other"); err != nil {
		t.Fatal(err)
	}
	if _, err := whole(t.Context(), home, 20); err != nil {
		t.Errorf("a copy took the data with it: %v", err)
	}
}
