package docs_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"hmsp.center/hmsp/internal/demo"
)

// TestConsole types every command of the pages' console blocks, each page in a
// folder of its own that holds the demo's files, and compares what it prints.
// In the expected output … stands for anything within a line, and a line of …
// alone for any lines. Port 7443 stands for a free one. A command ending in &
// runs until the page ends. A command that fails must print a line "hmsp: …".
func TestConsole(t *testing.T) {
	for _, name := range pages(t) {
		if name == walkThrough || !strings.Contains(page(t, name), "```console") {
			continue // the walk-through has a test of its own
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newShell(t).page(name)
		})
	}
}

// page writes the files that a page shows and types its commands, in order.
func (s *shell) page(name string) {
	text := page(s.t, name)
	changed := map[int][]string{}
	for _, b := range blocks(name, text) {
		if b.file != "" && b.lang != "go" && b.lang != "diff" {
			s.write(b.file, b.text)
		}
		if b.lang == "console" {
			s.block(b, changed)
		}
	}
	if len(changed) > 0 {
		rewrite(s.t, name, strings.Split(text, "\n"), changed)
	}
	s.pictures(text)
}

// pictures compares the pictures that a page's commands draw with those that it shows.
func (s *shell) pictures(text string) {
	for _, m := range regexp.MustCompile(`!\[[^\]]*\]\(images/([\w-]+\.svg)\)`).FindAllStringSubmatch(text, -1) {
		if drawn, err := os.ReadFile(filepath.Join(s.dir, m[1])); err == nil {
			golden(s.t, "docs/images/"+m[1], drawn)
		}
	}
}

// rewrite replaces the outputs that differed: by the line after the command.
func rewrite(t *testing.T, name string, lines []string, changed map[int][]string) {
	var out []string
	skip := false // lines of an output that is replaced
	for i, l := range lines {
		if strings.HasPrefix(l, "$ ") || strings.HasPrefix(l, "```") {
			skip = false
		}
		if got, ok := changed[i]; ok {
			out = append(out, got...)
			skip = !strings.HasPrefix(l, "$ ") && !strings.HasPrefix(l, "```")
		}
		if !skip {
			out = append(out, l)
		}
	}
	if err := os.WriteFile(filepath.Join(root(), name), []byte(strings.Join(out, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}

type shell struct {
	t    *testing.T
	dir  string
	port string
	env  []string
}

func newShell(t *testing.T) *shell {
	s := &shell{t: t, dir: t.TempDir()}
	if err := os.CopyFS(s.dir, demo.Files); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "hmsp")); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, s.port, _ = net.SplitHostPort(l.Addr().String())
	s.env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "COLUMNS=100", "LC_ALL=C.UTF-8", "TZ=UTC", "HMSP_HOME=", "HTTPS_PROXY=", "https_proxy=")
	return s
}

func (s *shell) write(name, text string) {
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	content := []byte(s.real(text))
	if filepath.Ext(name) == ".parquet" {
		content = asParquet(s.t, text)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

const shownPort = "7443"

func (s *shell) real(text string) string  { return strings.ReplaceAll(text, shownPort, s.port) }
func (s *shell) shown(text string) string { return strings.ReplaceAll(text, s.port, shownPort) }

// block types the commands of one block.
func (s *shell) block(b block, changed map[int][]string) {
	lines := strings.Split(strings.TrimSuffix(b.text, "\n"), "\n")
	for i := 0; i < len(lines); {
		where := fmt.Sprintf("%s:%d", b.page, b.first+i+1)
		command, ok := strings.CutPrefix(lines[i], "$ ")
		if !ok {
			s.t.Fatalf("%s: want a command after $, got %q", where, lines[i])
		}
		for i++; strings.HasSuffix(command, `\`) && i < len(lines); i++ {
			command = strings.TrimSuffix(command, `\`) + strings.TrimSpace(lines[i])
		}
		from := i
		for i < len(lines) && !strings.HasPrefix(lines[i], "$ ") {
			i++
		}
		want := lines[from:i]
		if background, ok := strings.CutSuffix(command, " &"); ok {
			s.background(background)
			continue
		}
		got, failed := s.run(command)
		if failed != nil && !strings.Contains("\n"+got, "\nhmsp: ") {
			s.t.Fatalf("%s: %s: %v\n%s", where, command, failed, got)
		}
		if !matches(want, got) {
			if *update {
				changed[b.first+from] = vary(got)
				continue
			}
			s.t.Errorf("%s: %s\nprinted\n%swant\n%s", where, command, got, strings.Join(want, "\n"))
		}
		if failed != nil && !strings.Contains("\n"+strings.Join(want, "\n"), "\nhmsp: ") && !*update {
			s.t.Errorf("%s: %s failed (%v), which the page does not show", where, command, failed)
		}
	}
}

// progress is a line that a command prints where it takes longer than on the machine
// that the page was written on: how far it is, and how long it will take.
var progress = regexp.MustCompile(`(?m)^[a-z][^:\n]*: +[0-9]+% of .*, .*/s, .* left\n`)

// run types one command; what it prints comes back as a page shows it.
func (s *shell) run(command string) (string, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "bash", "-c", "set -o pipefail; "+s.real(command))
	c.Dir, c.Env = s.dir, s.env
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	c.WaitDelay = time.Second
	err := c.Run()
	text := strings.ReplaceAll(s.shown(out.String()), s.dir, "/home/you")
	text = strings.ReplaceAll(text, "\r\n", "\n") // CSV
	return progress.ReplaceAllString(text, ""), err
}

// background runs a command until the page ends.
func (s *shell) background(command string) {
	log := &bytes.Buffer{}
	c := exec.CommandContext(s.t.Context(), "bash", "-c", "exec "+s.real(command))
	c.Dir, c.Env, c.Stdout, c.Stderr = s.dir, s.env, log, log
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 5 * time.Second
	if err := c.Start(); err != nil {
		s.t.Fatalf("%s: %v", command, err)
	}
	s.t.Cleanup(func() {
		c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
		if s.t.Failed() {
			s.t.Logf("%s printed\n%s", command, log)
		}
	})
	if strings.HasPrefix(command, "hmsp hub serve") {
		s.listening("127.0.0.1:" + s.port)
	}
}

// listening waits for the hub, as a person would who types the next command: a
// command that comes first says that it tries again.
func (s *shell) listening(address string) {
	for range 600 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("nobody listens on %s", address)
}

// matches says whether a command printed what the page shows.
func matches(want []string, got string) bool {
	for len(want) > 0 && want[len(want)-1] == "" {
		want = want[:len(want)-1]
	}
	var p strings.Builder
	p.WriteString(`\A`)
	for _, l := range want {
		if strings.TrimSpace(l) == "…" {
			p.WriteString(`(?:[^\n]*\n)*`)
			continue
		}
		parts := strings.Split(strings.TrimRight(l, " "), "…")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		p.WriteString(strings.Join(parts, `[^\n]*`) + `[ ]*\n`)
	}
	p.WriteString(`\n*\z`)
	if got != "" && !strings.HasSuffix(got, "\n") {
		got += "\n"
	}
	return regexp.MustCompile(p.String()).MatchString(got)
}

// vary puts … for what is different each time.
func vary(got string) []string {
	for _, v := range []struct{ what, by string }{
		{`sha256:[A-Za-z0-9+/=:]+`, "sha256:…"},
		{`\b[0-9a-f]{64}\b`, "…"},
		{`(?m)^[0-9a-f]{12}\b`, "…"},
		{`\b(as|study|submitted|stop) [0-9a-f]{12}\b`, "$1 …"},
		{`\b[0-9a-f]{4}( [0-9a-f]{4}){3,}\b`, "…"},
		{`\([0-9a-f]{12}\)`, "(…)"},
		{`\broot [A-Za-z0-9+/]{43}=`, "root …"},
		{`\b\d{1,2} [A-Z][a-z]+ 20\d\d(, \d\d:\d\d:\d\d)?\b`, "…"},
		{`\b\d\d:\d\d:\d\d\b`, "…"},
		{`\b20\d\d-\d\d-\d\d([T ][0-9:.]+Z?)?`, "…"},
		{`\d+(\.\d+)? GiB free`, "… GiB free"},
		{`\b\d+(\.\d+)?m?s after submission, .* in all`, "… after submission, … in all"},
	} {
		got = regexp.MustCompile(v.what).ReplaceAllString(got, v.by)
	}
	lines := strings.Split(strings.TrimRight(got, "\n"), "\n")
	if got == "" {
		return nil
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		want, got string
		ok        bool
	}{
		{"a … c", "a b c\n", true},
		{"a … c", "a b d\n", false},
		{"a\n…\nz", "a\nb\nc\nz\n", true},
		{"a\n…\nz", "a\nb\nc\ny\n", false},
		{"a", "a\nb\n", false},
		{"a", "", false},
		{"", "", true},
		{"", "a\n", false},
		{"1.5", "145\n", false},
	} {
		var want []string
		if c.want != "" {
			want = strings.Split(c.want, "\n")
		}
		if matches(want, c.got) != c.ok {
			t.Errorf("%q against %q: want %v", c.want, c.got, c.ok)
		}
	}
}
