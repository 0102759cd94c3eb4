package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hmsp.center/hmsp/internal/demo"
	"hmsp.center/hmsp/internal/researcher"
	"hmsp.center/hmsp/receipt"
)

// A federation is the hub, the six sites and the researcher of the demo as real
// processes, which can be killed and started again.
type federation struct {
	t     *testing.T
	dir   string
	procs map[string]*process
}

type process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when it has ended
}

// newFederation founds one by typed commands; no process runs yet.
func newFederation(t *testing.T) *federation {
	t.Helper()
	f := &federation{t: t, dir: t.TempDir(), procs: map[string]*process{}}
	if err := os.CopyFS(f.dir, demo.Files); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	f.hmsp("hub", "init", "hub", "--url", "https://"+address)
	f.hmsp("charter", "init", "ncctg", "--hub", "hub/hub.member.yaml", "--dictionary", "dictionary.yaml")
	f.hmsp("researcher", "init", "ruth")
	add := []string{"charter", "add", "charter.yaml", "ruth/ruth.member.yaml"}
	for _, s := range demo.Sites() {
		f.hmsp("site", "init", s, "--decide", "approve")
		add = append(add, s+"/"+s+".member.yaml")
	}
	f.hmsp(add...)
	for _, s := range demo.Sites() {
		f.hmsp("charter", "sign", "charter.yaml", "--home", s)
	}
	f.hmsp("researcher", "join", "--home", "ruth", "--charter", "charter.yaml")
	for _, s := range demo.Sites() {
		f.hmsp("site", "join", "--home", s, "--charter", "charter.yaml")
		f.hmsp("dataset", "add", "lung/"+s+".csv", "--name", "lung", "--home", s)
	}
	t.Cleanup(func() {
		for name := range f.procs {
			f.kill(name)
		}
		logs, _ := filepath.Glob(filepath.Join(f.dir, "*.log"))
		for _, path := range logs {
			b, _ := os.ReadFile(path)
			for _, bad := range []string{"panic:", "DATA RACE", "level=ERROR"} {
				if strings.Contains(string(b), bad) {
					t.Errorf("%s has %q:\n%s", filepath.Base(path), bad, tail(path))
				}
			}
		}
	})
	return f
}

// command is hmsp with the given arguments, in the federation's folder.
func (f *federation) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "hmsp", args...)
	c.Dir = f.dir
	return c
}

// hmsp types a command that must succeed.
func (f *federation) hmsp(args ...string) string {
	f.t.Helper()
	out, err := f.command(f.t.Context(), args...).Output()
	if err != nil {
		if e := (*exec.ExitError)(nil); errors.As(err, &e) {
			err = fmt.Errorf("%w: %s", err, e.Stderr)
		}
		f.t.Fatalf("hmsp %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// start runs the hub or a site; its log goes on where it was.
func (f *federation) start(name string) {
	f.t.Helper()
	args := []string{"site", "serve", "--home", name}
	if name == "hub" {
		args = []string{"hub", "serve", "--home", "hub", "--charter", "charter.yaml"}
	}
	p := &process{cmd: f.command(context.Background(), args...), log: filepath.Join(f.dir, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		f.t.Fatal(err)
	}
	defer log.Close()
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	go func() { p.cmd.Wait(); close(p.done) }()
	f.procs[name] = p
}

func (f *federation) startAll(except ...string) {
	f.start("hub")
	for _, s := range demo.Sites() {
		if len(except) == 0 || except[0] != s {
			f.start(s)
		}
	}
}

// kill is kill -9, and waits until the process is gone. It tells whether the
// process still ran.
func (f *federation) kill(name string) bool {
	p := f.procs[name]
	if p == nil {
		return true
	}
	ran := true
	select {
	case <-p.done:
		ran = false
	default:
		p.cmd.Process.Signal(syscall.SIGKILL)
		<-p.done
	}
	delete(f.procs, name)
	return ran
}

// healthy fails the test if a process ended by itself, with the end of its log.
func (f *federation) healthy() {
	f.t.Helper()
	for name, p := range f.procs {
		select {
		case <-p.done:
			f.t.Fatalf("%s ended by itself:\n%s", name, tail(p.log))
		default:
		}
	}
}

func tail(path string) string {
	b, _ := os.ReadFile(path)
	lines := strings.SplitAfter(string(b), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "")
}

// write writes a study over the lung data.
func (f *federation) write(name, participation, rest string) string {
	f.t.Helper()
	text := fmt.Sprintf("hmsp: study/v1\nname: %s\nquestion: Do men and women live equally long?\npurpose: research\nlegal_basis: GDPR Art. 9(2)(j)\ndataset: lung\nparticipation: %s\n%s", name, participation, rest)
	if err := os.WriteFile(filepath.Join(f.dir, name+".yaml"), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return name + ".yaml"
}

// record reads what the researcher knows of a study.
func (f *federation) record(name string) researcher.Record {
	for range 600 { // a submission that has just begun keeps its record within moments
		if r, ok := f.look(name); ok {
			return r
		}
		time.Sleep(50 * time.Millisecond)
	}
	f.t.Fatalf("no record of %s", name)
	panic("unreachable")
}

// look reads the researcher's record of a study, by name or digest, if it is there.
func (f *federation) look(name string) (researcher.Record, bool) {
	f.t.Helper()
	files, err := filepath.Glob(filepath.Join(f.dir, "ruth", "studies", "*.json"))
	if err != nil {
		f.t.Fatal(err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		var r researcher.Record
		if err == nil {
			err = json.Unmarshal(b, &r)
		}
		if err != nil {
			f.t.Fatal(err)
		}
		if r.Study.Study.Name == name || r.Study.Digest() == name {
			return r, true
		}
	}
	return researcher.Record{}, false
}

// watch is `hmsp study watch` until the study ends; the time bounds a hang.
func (f *federation) watch(name string) receipt.Outcome {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 5*time.Minute)
	defer cancel()
	c := f.command(ctx, "study", "watch", name, "--home", "ruth")
	c.Stdout = io.Discard
	var errs strings.Builder
	c.Stderr = &errs
	c.Run()
	if ctx.Err() != nil {
		for _, s := range append(demo.Sites(), "hub") {
			f.t.Logf("%s:\n%s", s, tail(filepath.Join(f.dir, s+".log")))
		}
		f.t.Fatalf("study %s did not end: %s\n%+v", name, errs.String(), f.record(name).Progress)
	}
	r := f.record(name)
	if r.Outcome == nil {
		f.t.Fatalf("study %s was not watched to its end: %s", name, errs.String())
	}
	return *r.Outcome
}
