package cli

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/internal/demo"
	"hmsp.center/hmsp/internal/researcher"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
)

func demoCommand(a *app) *cobra.Command {
	var once bool
	var keep string
	c := &cobra.Command{Use: "demo", Short: "Six sites and a hub on this machine answer a question together",
		Long: `Start a hub and six sites as processes of their own on this machine, with keys and
certificates made on the spot, each site with its own part of a real multi-centre
trial (NCCTG lung cancer, 228 patients). Four studies are checked, submitted and
decided at every site: one with exact results, one with privacy paid for, one for
which no budget is left, and one that would tell of two patients by its difference
from the first. A copy of a site's audit log is forged and found out. The results
stay on a page until Ctrl-C.`,
		Example: "  hmsp demo\n  hmsp demo --once",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			home := keep
			if home == "" {
				var err error
				if home, err = os.MkdirTemp("", "hmsp-demo-"); err != nil {
					return err
				}
				defer os.RemoveAll(home)
			} else if err := os.MkdirAll(home, 0o700); err != nil {
				return err
			}
			return a.demo(c.Context(), home, once)
		}}
	c.Flags().BoolVar(&once, "once", false, "end after the result")
	c.Flags().StringVar(&keep, "keep", "", "folder to keep keys, logs and result in (default: a temporary one, removed at the end)")
	_ = c.MarkFlagDirname("keep")
	return c
}

// steps runs command lines as a person would type them, in this process, and
// shows what they say only when one fails.
func (a *app) steps(ctx context.Context, lines ...[]string) error {
	for _, line := range lines {
		var out strings.Builder
		if code := Run(ctx, a.catalog, line, strings.NewReader(""), &out, &out); code != exitOK {
			return fmt.Errorf("hmsp %s: %s", strings.Join(line, " "), strings.TrimPrefix(out.String(), "hmsp: "))
		}
	}
	return nil
}

// A party is a process of the demo.
type party struct {
	name string
	cmd  *exec.Cmd
	done chan error
}

func (a *app) demo(ctx context.Context, home string, once bool) error {
	begin := time.Now()
	at := func(name ...string) string { return filepath.Join(append([]string{home}, name...)...) }
	for _, f := range slices.Concat([]string{"dictionary.yaml"}, demo.Studies(), lungFiles()) {
		data, err := fs.ReadFile(demo.Files, f)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(at(f)), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(at(f), data, 0o600); err != nil {
			return err
		}
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	a.printf("keys and charter: a hub, six sites, a researcher\n")
	charter := at("charter.yaml")
	lines := [][]string{
		{"hub", "init", "hub", "--home", at("hub"), "--url", "https://127.0.0.1:" + port},
		{"charter", "init", "ncctg", "--hub", at("hub", "hub.member.yaml"), "--dictionary", at("dictionary.yaml"), "--out", charter},
		{"researcher", "init", "ruth", "--home", at("ruth")},
	}
	add := []string{"charter", "add", charter, at("ruth", "ruth.member.yaml")}
	for _, s := range demo.Sites() {
		lines = append(lines, []string{"site", "init", s, "--home", at(s), "--decide", "approve"})
		add = append(add, at(s, s+".member.yaml"))
	}
	lines = append(lines, add)
	for _, s := range demo.Sites() {
		lines = append(lines, []string{"charter", "sign", charter, "--home", at(s)})
	}
	lines = append(lines, []string{"researcher", "join", "--home", at("ruth"), "--charter", charter})
	for _, s := range demo.Sites() {
		lines = append(lines, []string{"site", "join", "--home", at(s), "--charter", charter},
			[]string{"dataset", "add", at("lung", s+".csv"), "--name", "lung", "--home", at(s)})
	}
	if err := a.steps(ctx, lines...); err != nil {
		return err
	}

	parties, stop, err := a.start(ctx, home, charter)
	defer stop()
	if err == nil {
		err = a.reachable(ctx, "127.0.0.1:"+port, parties)
	}
	if err != nil {
		return err
	}
	a.printf("running: %s, each a process of its own, TLS 1.3 with ML-KEM on 127.0.0.1:%s\n\n", strings.Join(names(parties), ", "), port)

	r, err := a.researcher(at("ruth"))
	if err != nil {
		return err
	}
	for i, f := range demo.Studies() {
		if i > 0 {
			a.printf("\n%s\n", strings.Repeat("=", 72))
		}
		rec, err := a.ask(ctx, r, at(f))
		if err == nil {
			err = a.crashed(parties)
		}
		if err != nil || rec.Outcome == nil {
			a.printf("the logs are in %s\n", home)
			return err
		}
		if rec.Outcome.Status != receipt.Released {
			a.printf("%s: %s\n", rec.Outcome.Status, rec.Outcome.Reason)
			continue
		}
		if err := a.deliver(*rec.Outcome, at(resultFolder(f)), false); err != nil {
			return err
		}
	}
	if err := a.demoLog(ctx, at); err != nil {
		return err
	}
	a.printf("\n%s in all\n", time.Since(begin).Round(10*time.Millisecond))
	return a.demoPage(ctx, r, once)
}

// resultFolder is where the demo puts the result of a study file.
func resultFolder(f string) string {
	if f == "study.yaml" {
		return "result"
	}
	return "result-" + strings.TrimSuffix(f, ".yaml")
}

// ask plans a study, submits it and watches it to its end.
func (a *app) ask(ctx context.Context, r *researcher.Researcher, path string) (researcher.Record, error) {
	var rec researcher.Record
	s, err := study.Read(path)
	if err != nil {
		return rec, err
	}
	a.printf("%s\n", s.Question)
	p, signed, problems, err := r.Plan(s)
	if err != nil {
		return rec, err
	}
	if len(problems) > 0 {
		return rec, explain(s, problems)
	}
	a.showPlan(p)
	submitted := time.Now()
	if err := r.Submit(ctx, p, signed); err != nil {
		return rec, err
	}
	a.printf("\nsubmitted %s; %s leads\n", p.Digest[:12], p.Lead)
	err = a.watch(ctx, r, p.Digest)
	if rec, getErr := r.Get(p.Digest); getErr == nil && rec.Outcome != nil {
		a.printf("%s after submission\n\n", time.Since(submitted).Round(10*time.Millisecond))
		return rec, nil // a refusal is an answer too
	} else if err == nil {
		err = getErr
	}
	return rec, err
}

// demoLog verifies a site's audit log, and a copy in which one byte was changed.
func (a *app) demoLog(ctx context.Context, at func(...string) string) error {
	a.printf("\n%s\nthe audit log of east, and a copy in which one letter was changed\n", strings.Repeat("=", 72))
	forged := at("forged")
	if err := os.CopyFS(filepath.Join(forged, "audit"), os.DirFS(site.AuditDir(at("east")))); err != nil {
		return err
	}
	if err := forge(filepath.Join(forged, "audit")); err != nil {
		return err
	}
	for _, home := range []string{at("east"), forged} {
		var out strings.Builder
		code := Run(ctx, a.catalog, []string{"audit", "verify", "--home", home, "--charter", at("charter.yaml")}, strings.NewReader(""), &out, &out)
		a.printf("%s", out.String())
		if want := map[bool]int{true: exitRefused, false: exitOK}[home == forged]; code != want {
			return fmt.Errorf("audit verify --home %s ended with %d, want %d", home, code, want)
		}
	}
	return nil
}

// forge changes a decision in a log from permit to refuse.
func forge(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return err
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		if forged := bytes.Replace(b, []byte("permit"), []byte("refuse"), 1); !bytes.Equal(forged, b) {
			return os.WriteFile(f, forged, 0o600)
		}
	}
	return fmt.Errorf("%s has no decision to forge", dir)
}

// demoPage shows the result on a page; with once it only says how.
func (a *app) demoPage(ctx context.Context, r *researcher.Researcher, once bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return a.page(ctx, r, "", func(url string) {
		a.printf("\npage: %s\n", url)
		if once {
			cancel()
			return
		}
		a.printf("Ctrl-C ends the demo\n")
	})
}

// start runs the hub and the sites as processes of this binary. stop ends them.
func (a *app) start(ctx context.Context, home, charter string) (parties []party, stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	stop = func() {
		cancel()
		for _, p := range parties {
			<-p.done
		}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, stop, err
	}
	run := func(name string, args ...string) error {
		log, err := os.Create(filepath.Join(home, name+".log"))
		if err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, self, args...)
		cmd.Stdout, cmd.Stderr = log, log
		// The process ends when this pipe does, so that none is left when the demo
		// itself is killed.
		if _, err := cmd.StdinPipe(); err != nil {
			log.Close()
			return fmt.Errorf("start %s: %w", name, err)
		}
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		cmd.WaitDelay = 5 * time.Second
		if err := cmd.Start(); err != nil {
			log.Close()
			return fmt.Errorf("start %s: %w", name, err)
		}
		p := party{name: name, cmd: cmd, done: make(chan error, 1)}
		go func() { p.done <- cmd.Wait(); log.Close() }()
		parties = append(parties, p)
		return nil
	}
	if err := run("hub", "hub", "serve", "--until-eof", "--home", filepath.Join(home, "hub"), "--charter", charter); err != nil {
		return parties, stop, err
	}
	for _, s := range demo.Sites() {
		if err := run(s, "site", "serve", "--until-eof", "--home", filepath.Join(home, s)); err != nil {
			return parties, stop, err
		}
	}
	return parties, stop, nil
}

// reachable waits until the hub listens, or a process has ended by itself.
func (a *app) reachable(ctx context.Context, address string, parties []party) error {
	for {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			return c.Close()
		}
		if err := a.crashed(parties); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// crashed names a process that ended by itself.
func (a *app) crashed(parties []party) error {
	for _, p := range parties {
		select {
		case err := <-p.done:
			p.done <- err
			return fmt.Errorf("the process of %s ended early: %v", p.name, err)
		default:
		}
	}
	return nil
}

func names(parties []party) []string {
	var out []string
	for _, p := range parties {
		out = append(out, p.name)
	}
	return out
}

func lungFiles() []string {
	var out []string
	for _, s := range demo.Sites() {
		out = append(out, path.Join("lung", s+".csv"))
	}
	return out
}

// freePort finds a port of 127.0.0.1 that nobody uses.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
