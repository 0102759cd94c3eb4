package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/atomicfile"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/internal/demo"
	"hmsp.center/hmsp/internal/researcher"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/spelling"
	"hmsp.center/hmsp/study"
)

func demoCommand(a *app) *cobra.Command {
	var once bool
	var keep, data string
	c := &cobra.Command{Use: "demo", Short: "Six sites and a hub on this machine answer a question together",
		Long: `Start a hub and six sites as processes of their own on this machine, with keys and
certificates made on the spot, each site with its own part of a real multi-centre
trial (NCCTG lung cancer, 228 patients). Four studies are checked, submitted and
decided at every site: one with exact results, one with privacy paid for, one for
which no budget is left, and one that would tell of two patients by its difference
from the first. A copy of a site's audit log is forged and found out. The results
stay on a page until Ctrl-C.

With --data simulated the sites are hospitals of people who never existed, whose
records are kept as FHIR, OMOP and CSV, and who consented or not. Studies over time
find what was planted in the people, which is printed beside it. A site whose data
are not good enough for one of them takes no part; one study is private, and one is
about too few people.

With --data modalities each hospital has records, genomes, stools, recordings of
watches, images of heads and letters of the same people, in six kinds of files. One
study is over all of them at once.`,
		Example: "  hmsp demo\n  hmsp demo --once\n  hmsp demo --data simulated\n  hmsp demo --data modalities",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			d, err := demonstration(data)
			if err != nil {
				return err
			}
			home := keep
			if home == "" {
				if home, err = os.MkdirTemp("", "hmsp-demo-"); err != nil {
					return err
				}
				defer os.RemoveAll(home)
			} else if err := os.MkdirAll(home, 0o700); err != nil {
				return err
			}
			return a.demo(c.Context(), d, home, once)
		}}
	c.Flags().BoolVar(&once, "once", false, "end after the result")
	c.Flags().StringVar(&keep, "keep", "", "folder to keep keys, logs and result in (default: a temporary one, removed at the end)")
	c.Flags().StringVar(&data, "data", demo.Demonstrations()[0].Data, "what the sites hold: "+strings.Join(demonstrations(), ", "))
	_ = c.MarkFlagDirname("keep")
	_ = c.RegisterFlagCompletionFunc("data", cobra.FixedCompletions(demonstrations(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

func demonstrations() []string {
	var out []string
	for _, d := range demo.Demonstrations() {
		out = append(out, d.Data)
	}
	return out
}

func demonstration(data string) (demo.Demonstration, error) {
	for _, d := range demo.Demonstrations() {
		if d.Data == data {
			return d, nil
		}
	}
	return demo.Demonstration{}, inputf("--data %q: want one of %s%s", data, strings.Join(demonstrations(), ", "), spelling.Suggest(data, demonstrations()))
}

// steps runs command lines as a person would type them, in this process, and
// shows what they say only when one fails.
func (a *app) steps(ctx context.Context, lines ...[]string) error {
	for _, line := range lines {
		if _, err := a.step(ctx, line...); err != nil {
			return err
		}
	}
	return nil
}

// step is one of steps; what it says comes back.
func (a *app) step(ctx context.Context, line ...string) (string, error) {
	var out strings.Builder
	if code := Run(ctx, a.catalog, line, strings.NewReader(""), &out, &out); code != exitOK {
		return "", fmt.Errorf("hmsp %s: %s", strings.Join(line, " "), strings.TrimPrefix(out.String(), "hmsp: "))
	}
	return out.String(), nil
}

func (a *app) demo(ctx context.Context, d demo.Demonstration, home string, once bool) error {
	begin := time.Now()
	at := func(name ...string) string { return filepath.Join(append([]string{home}, name...)...) }
	if d.Planted() {
		a.printf("people who never existed: %d at each of six sites\n", d.People)
	}
	if err := d.Prepare(ctx, home); err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	a.printf("keys and charter: a hub, six sites, a researcher\n")
	charter := at("charter.yaml")
	lines := [][]string{
		{"hub", "init", "hub", "--home", at("hub"), "--url", "https://127.0.0.1:" + port},
		{"charter", "init", d.Charter, "--hub", at("hub", "hub.member.yaml"), "--dictionary", at(d.Dictionary()), "--out", charter},
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
		lines = append(lines, []string{"site", "join", "--home", at(s), "--charter", charter})
	}
	if err := a.steps(ctx, lines...); err != nil {
		return err
	}
	if err := a.demoData(ctx, d, at); err != nil {
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
	for i, f := range d.Studies {
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
		if err := a.demoFound(d, home, f, *rec.Outcome); err != nil {
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
	return "result-" + strings.TrimSuffix(path.Base(f), ".yaml")
}

// demoData registers the sites' data, all at once as the sites would, and tells of
// simulated ones what came of it.
func (a *app) demoData(ctx context.Context, d demo.Demonstration, at func(...string) string) error {
	sites := demo.Sites()
	said, errs := make([]string, len(sites)), make([]error, len(sites))
	var wait sync.WaitGroup
	for i, s := range sites {
		wait.Go(func() {
			said[i], errs[i] = a.register(ctx, d.Sources(s), s, at)
		})
	}
	wait.Wait()
	for i := range sites {
		if errs[i] == nil && d.Planted() {
			a.printf("%s", said[i])
		}
	}
	return errors.Join(errs...)
}

// register registers what a site has, of the same patients on one account, and tells
// what came of each.
func (a *app) register(ctx context.Context, sources []demo.Source, site string, at func(...string) string) (string, error) {
	first := sources[0].Dataset
	budget := "hmsp: budget/v1\ndatasets:\n"
	for _, s := range sources[1:] {
		budget += fmt.Sprintf("  %s: {with: %s}\n", s.Dataset, first)
	}
	if len(sources) > 1 {
		if err := atomicfile.Write(at(site, ledger.File), []byte(budget), 0o600); err != nil {
			return "", err
		}
	}
	var out strings.Builder
	for _, s := range sources {
		line := []string{"dataset", "add", at(s.Path), "--name", s.Dataset, "--home", at(site)}
		if s.Samples != "" {
			line = append(line, "--samples", at(s.Samples))
		}
		said, err := a.step(ctx, line...)
		if err != nil {
			return "", err
		}
		what, lines := path.Base(s.Path), strings.Split(strings.TrimSpace(said), "\n")
		last := lines[len(lines)-1]
		if s.Dataset != first { // what was read of it, in place of who permits research
			what = s.Dataset
			last = lines[slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, what+": ") && strings.Contains(l, " rows of ") })]
			last = strings.TrimPrefix(last, what+": ")
		}
		fmt.Fprintf(&out, "  %-7s %-7s %s\n", site, what, last)
	}
	return out.String(), nil
}

// demoFound holds what a study found against what was planted.
func (a *app) demoFound(d demo.Demonstration, home, study string, o receipt.Outcome) error {
	found, err := d.Found(home, study, o)
	if err != nil || len(found) == 0 {
		return err
	}
	a.printf("\n%-56s %8s %16s %8s\n", "what was found, beside what was planted", "found", "95 % interval", "planted")
	for _, f := range found {
		a.printf("%-56s %8.2f %16s %8.2f\n", f.What, f.Estimate, fmt.Sprintf("%.2f to %.2f", f.Low, f.High), f.Planted)
	}
	return nil
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
