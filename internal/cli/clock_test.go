package cli

import (
	"bytes"
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/internal/demo"
)

// A screen is what a command writes, readable while it runs.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// at runs a command on a machine whose clock is off by so much.
func at(ctx context.Context, off time.Duration, args ...string) (string, int) {
	var s screen
	a := &app{catalog: standard.Catalog(), in: strings.NewReader(""), out: &s, err: &s, now: func() time.Time { return time.Now().Add(off) }}
	code := a.run(ctx, args)
	return s.String(), code
}

// TestClockOffByADay: doctor, site and researcher say by how much the clock is
// off and how to mend it, end with exit code 1, and what waits for them is still
// there when the clock is right.
func TestClockOffByADay(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.CopyFS(dir, demo.Files); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	lines := []string{
		"hub init hub --url https://" + address,
		"charter init c --hub hub/hub.member.yaml --dictionary dictionary.yaml",
		"researcher init ruth", "site init east", "site init north", "site init south", "site init west",
		"charter add charter.yaml ruth/ruth.member.yaml east/east.member.yaml north/north.member.yaml south/south.member.yaml west/west.member.yaml",
		"charter sign charter.yaml --home east", "charter sign charter.yaml --home north", "charter sign charter.yaml --home south", "charter sign charter.yaml --home west",
		"researcher join --home ruth --charter charter.yaml", "site join --home east --charter charter.yaml",
		"dataset add lung/east.csv --name lung --home east",
	}
	for _, line := range lines {
		if out, code := at(t.Context(), 0, strings.Fields(line)...); code != exitOK {
			t.Fatalf("hmsp %s: exit code %d: %s", line, code, out)
		}
	}
	text, err := fs.ReadFile(demo.Files, "study.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("minimum: 6"), []byte("minimum: 4"), 1)
	if err := os.WriteFile("study.yaml", text, 0o600); err != nil {
		t.Fatal(err)
	}

	ctx, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	defer done.Wait()
	defer stop()
	done.Go(func() { at(ctx, 0, "hub", "serve", "--home", "hub", "--charter", "charter.yaml") })
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		} else if time.Now().After(end) {
			t.Fatal(err)
		}
	}

	const day = 24 * time.Hour
	for _, off := range []time.Duration{day, -day} {
		for _, line := range []string{"site doctor --home east", "site serve --home east", "study submit study.yaml --home ruth", "study list --home ruth"} {
			out, code := at(t.Context(), off, strings.Fields(line)...)
			if code != exitFailed {
				t.Errorf("hmsp %s, clock off by %s: exit code %d, want %d\n%s", line, off, code, exitFailed, out)
			}
			if !strings.Contains(out, "clock") || !strings.Contains(out, "set ") {
				t.Errorf("hmsp %s, clock off by %s: %q does not say how to mend the clock", line, off, out)
			}
		}
	}

	// Two submissions were kept and not sent; with the right clock they go out.
	all, err := filepath.Glob("ruth/studies/*.json")
	if err != nil || len(all) != 2 {
		t.Fatalf("%d studies kept (%v), want 2", len(all), err)
	}
	if out, code := at(t.Context(), 0, "study", "list", "--home", "ruth"); code != exitOK || strings.Count(out, "submitted") != 2 {
		t.Fatalf("exit code %d: %s", code, out)
	}
	done.Go(func() { at(ctx, 0, "site", "serve", "--home", "east") })
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		out, _ := at(t.Context(), 0, "site", "pending", "--home", "east")
		if strings.Count(out, "lung-survival") == 2 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the studies did not come: %s", out)
		}
	}
}
