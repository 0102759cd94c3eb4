package site_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/internal/member/membertest"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// The marks that are planted: what is a patient's, and what is the site's own.
const (
	markPatient = "QZPATIENT"  // ids of patients
	markValue   = "QZVALUE"    // cells
	markNumber  = "7473829105" // a cell that is a number
	markColumn  = "QZCOLUMN"   // a column that the study does not read
	markPath    = "QZPATH"     // folder and file names
)

func marks() []string { return []string{markPatient, markValue, markNumber, markColumn, markPath} }

// A recording is everything that the members said to each other, opened.
type recording struct {
	*membertest.Consortium
	t    *testing.T
	mu   sync.Mutex
	sent []federation.Envelope
}

// A tapped line keeps what is sent over it.
type tapped struct {
	membertest.Line
	r *recording
}

func (l tapped) Send(ctx context.Context, e federation.Envelope) error {
	l.r.mu.Lock()
	l.r.sent = append(l.r.sent, e)
	l.r.mu.Unlock()
	return l.Line.Send(ctx, e)
}

// said are the messages of one member as their recipients read them, with the
// envelopes' headers as the hub does.
func (r *recording) said(from string) (out [][]byte) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.sent {
		if e.From != from {
			continue
		}
		m := r.Member(r.t, e.To)
		b, err := federation.Open(m.Identity, m.Charter, e, time.Now())
		if err != nil {
			r.t.Fatal(err)
		}
		out = append(out, federation.EncodeHeader(e.Header), b)
	}
	return out
}

// A fault is one way in which the site "east" can fail over its data.
type fault struct {
	name    string
	file    string                     // name of the data file
	data    func() []byte              // nil: no file
	plant   func(*dataset.Dataset)     // changes the registration
	consent []byte                     // the patients' consents at registration; nil: nobody is asked
	later   []byte                     // the consents as the study finds them; nil: as they were
	broken  []byte                     // the registration's file, in place of a registration
	plugins func() []analysis.Analysis // of east, in place of `describe`
	cohort  string
	private bool   // the study has a budget
	budget  string // budget.yaml of east
	quotes  bool   // east's own log may quote data: a plug-in broke its contract in an error
	kind    string // of the reason that east gives; "" where it contributes
}

// rows is a file of good rows with marked ids, and a column that no study reads.
func rows(n int, more ...string) []byte {
	var b bytes.Buffer
	b.WriteString("id,age,sex," + markColumn + "\n")
	for i := range n {
		fmt.Fprintf(&b, "%s-%d,%d,%s,%s%d\n", markPatient, i, 30+i, []string{"f", "m"}[i%2], markValue, i)
	}
	for _, line := range more {
		b.WriteString(line + "\n")
	}
	return b.Bytes()
}

func data(b []byte) func() []byte { return func() []byte { return b } }

// consents permit research by the first n patients of rows, and say more.
func consents(n int, more ...string) []byte {
	var b bytes.Buffer
	b.WriteString("patient,purpose,valid_from,valid_to,status\n")
	for i := range n {
		fmt.Fprintf(&b, "%s-%d,research,2020-01-01,,permit\n", markPatient, i)
	}
	for _, line := range more {
		b.WriteString(line + "\n")
	}
	return b.Bytes()
}

func faults() []fault {
	const csv = markPath + ".csv"
	bad := func(line string) func() []byte { return data(rows(30, line)) }
	return []fault{
		{name: "none", file: csv, data: data(rows(30))},
		{name: "a text where a number belongs", file: csv, data: bad(markPatient + "-x," + markValue + ",f,x"), kind: engine.ReasonData},
		{name: "a value out of range", file: csv, data: bad(markPatient + "-x," + markNumber + ",f,x"), kind: engine.ReasonData},
		{name: "a fraction where a whole number belongs", file: csv, data: bad(markPatient + "-x,41." + markNumber + ",f,x"), kind: engine.ReasonData},
		{name: "a level that the dictionary lacks", file: csv, data: bad(markPatient + "-x,41," + markValue + ",x"), kind: engine.ReasonData},
		{name: "a missing patient", file: csv, data: bad("," + markNumber + "," + markValue + ",x"), kind: engine.ReasonData},
		{name: "a row too long", file: csv, data: bad(markPatient + "-x,41,f,x," + markValue + "," + markValue), kind: engine.ReasonData},
		{name: "a quote without an end", file: csv, data: bad(`"` + markPatient + `-x,41,f,"` + markValue), kind: engine.ReasonData},
		{name: "bytes that are no text", file: csv, data: bad(markPatient + "\xff\xfe\x00,41,f," + markValue), kind: engine.ReasonData},
		{name: "no header", file: csv, data: data([]byte(markPatient + "," + markValue + "\n")), kind: engine.ReasonData},
		{name: "an empty file", file: csv, data: data(nil), kind: engine.ReasonData},
		{name: "no file", file: csv, kind: engine.ReasonData},
		{name: "a folder", file: ".", kind: engine.ReasonData},
		{name: "a Parquet file that is none", file: markPath + ".parquet", data: data([]byte("PAR1" + markPatient + markValue + "PAR1")), kind: engine.ReasonData},
		{name: "a Parquet file cut short", file: markPath + ".parquet", data: data([]byte("PAR1" + markPatient)), kind: engine.ReasonData},
		{name: "a gzip file that is none", file: csv + ".gz", data: data([]byte("\x1f\x8b" + markPatient)), kind: engine.ReasonData},
		{name: "an unknown format", file: csv, data: data(rows(30)), plant: func(d *dataset.Dataset) { d.Format = markColumn }, kind: engine.ReasonData},
		{name: "no such patient column", file: csv, data: data(rows(30)), plant: func(d *dataset.Dataset) { d.Patient = markColumn + "2" }, kind: engine.ReasonData},
		{name: "a mapping to a column that is not there", file: csv, data: data(rows(30)), plant: func(d *dataset.Dataset) {
			d.Mapping = map[string]dataset.Source{"age": {Column: markColumn + "3"}}
		}, kind: engine.ReasonData},
		{name: "codes that miss a value", file: csv, data: data(rows(30)), plant: func(d *dataset.Dataset) {
			d.Mapping = map[string]dataset.Source{"sex": {Column: markColumn, Codes: map[string]string{markValue + "1": "f"}}}
		}, kind: engine.ReasonData},
		{name: "a registration that cannot be read", file: csv, data: data(rows(30)), broken: []byte("hmsp: dataset/v1\nname: people\npath: " + markPath + "\npatient: [" + markPatient + "\n"), kind: engine.ReasonData},
		{name: "a registration with an unknown field", file: csv, data: data(rows(30)), broken: []byte("hmsp: dataset/v1\nname: people\npath: x.csv\n" + markColumn + ": " + markValue + "\n"), kind: engine.ReasonData},
		{name: "consents", file: csv, data: data(rows(30)), consent: consents(25)},
		{name: "consents of a private study", file: csv, data: data(rows(30)), consent: consents(2, markPatient+"-1,all,2020-01-01,,withdrawn"), private: true},
		{name: "consents of too few", file: csv, data: data(rows(30)), consent: consents(25), later: consents(2), kind: engine.ReasonCohort},
		{name: "consents that cannot be read", file: csv, data: data(rows(30)), consent: consents(25), later: consents(25, markPatient+"-26,"+markValue+",2020-01-01,,permit"), kind: engine.ReasonData},
		{name: "a day of a consent that is none", file: csv, data: data(rows(30)), consent: consents(25), later: consents(25, markPatient+"-26,research,"+markNumber+",,permit"), kind: engine.ReasonData},
		{name: "consents cut short", file: csv, data: data(rows(30)), consent: consents(25), later: consents(25, markPatient+"-26,"+markValue), private: true, kind: engine.ReasonData},
		{name: "no consents any more", file: csv, data: data(rows(30)), consent: consents(25), later: []byte{}, kind: engine.ReasonData},
		{name: "too few patients", file: csv, data: data(rows(3)), kind: engine.ReasonCohort},
		{name: "too few in the cohort", file: csv, data: data(rows(30)), cohort: "age > 57", kind: engine.ReasonCohort},
		{name: "a private study", file: csv, data: data(rows(30)), private: true},
		{name: "a budget that does not cover", file: csv, data: data(rows(30)), private: true, budget: "hmsp: budget/v1\nper_dataset: 1e-9\n", kind: engine.ReasonBudget},
		{name: "a private study of bad data", file: csv, data: bad(markPatient + "-x," + markValue + ",f,x"), private: true, kind: engine.ReasonData},
		{name: "an analysis that panics", file: csv, data: data(rows(30)), plugins: func() []analysis.Analysis { return traitors(func(text string) error { panic(text) }) }, kind: engine.ReasonData},
		{name: "an analysis that panics with an error", file: csv, data: data(rows(30)), plugins: func() []analysis.Analysis { return traitors(func(text string) error { panic(errors.New(text)) }) }, kind: engine.ReasonData},
		{name: "an analysis whose error quotes data", file: csv, data: data(rows(30)), plugins: func() []analysis.Analysis {
			return traitors(func(text string) error { return errors.New(text) })
		}, quotes: true, kind: engine.ReasonData},
		{name: "an analysis that gives a value out of its bounds", file: csv, data: data(rows(30)), plugins: func() []analysis.Analysis { return traitors(nil) }, kind: engine.ReasonData},
	}
}

// A traitor is `describe` whose Local fails over the data and says so.
type traitor struct {
	analysis.Analysis
	fail func(text string) error
}

type traitorRun struct {
	analysis.Run
	fail func(text string) error
}

func (a traitor) Start(p analysis.Params, s table.Schema) (analysis.Run, analysis.State, error) {
	r, st, err := a.Analysis.Start(p, s)
	return traitorRun{r, a.fail}, st, err
}

func (r traitorRun) Local(t table.Table, s analysis.State, sum *fixed.Vector) error {
	if r.fail == nil {
		for i := range t.Columns[0].Numbers {
			t.Columns[0].Numbers[i] = 7473829105
		}
		return r.Run.Local(t, s, sum)
	}
	return r.fail(fmt.Sprintf("cannot take the square root of %s %s: %v", markPatient, markNumber, t.Columns[0].Numbers))
}

// traitors is the standard list with a `describe` that fails.
func traitors(fail func(text string) error) (out []analysis.Analysis) {
	for _, a := range standard.Catalog().Analyses {
		if a.About().Name == "describe" {
			a = traitor{a, fail}
		}
		out = append(out, a)
	}
	return out
}

// TestSecretsStayInside plants marked patients, values, columns and paths into a
// site's data, breaks them in every way that is known, runs a study over four
// sites, and looks for the marks in all that leaves the site: its messages as the
// others read them, the headers that the hub sees, what the others keep of the
// study, the site's audit log and its record of the study. Patients and values
// may not even stand in the site's own log.
func TestSecretsStayInside(t *testing.T) {
	for i, f := range faults() {
		if testing.Short() && i%4 != 0 {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.run(t)
		})
	}
}

func (f fault) run(t *testing.T) {
	dictionary := table.Schema{{Name: "age", Kind: table.Integer, Min: 0, Max: 120}, {Name: "sex", Kind: table.Category, Levels: []table.Level{{Code: "f"}, {Code: "m"}}}}
	r := &recording{Consortium: membertest.New(t, dictionary, sites...), t: t}
	for _, name := range sites {
		healthy(t, r.Home(name))
	}
	f.spoil(t, r.Home("east"))
	digest := r.submit(f)
	logs := map[string]*buffer{}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, name := range sites {
		cat := standard.Catalog()
		if name == "east" && f.plugins != nil {
			cat.Analyses = f.plugins()
		}
		log := &buffer{}
		logs[name] = log
		wg.Go(func() { r.serve(ctx, name, cat, log) })
	}
	over := func() bool {
		records, _, err := site.Studies(r.Home("east"))
		return err == nil && records[digest].Outcome != nil
	}
	until(t, "the end at east", over)
	cancel()
	wg.Wait()
	f.expect(t, r, logs["east"].String())
	for _, mark := range marks() {
		for i, b := range r.said("east") {
			if bytes.Contains(b, []byte(mark)) {
				t.Errorf("message %d/2 of east holds %s: %.300q", i, mark, b)
			}
		}
		r.search(mark, digest, logs)
	}
	for _, mark := range []string{markPatient, markValue, markNumber} {
		if !f.quotes && strings.Contains(logs["east"].String(), mark) {
			t.Errorf("the log of east holds %s:\n%s", mark, logs["east"])
		}
	}
}

// healthy registers good data at a site that approves.
func healthy(t *testing.T, home string) {
	t.Helper()
	approve(t, home)
	path := filepath.Join(home, "people.csv")
	write(t, path, rows(30))
	d := dataset.File("people", path)
	d.Patient = "id"
	register(t, home, d)
}

// expect wants the fault to have shown as the kind that it is.
func (f fault) expect(t *testing.T, r *recording, log string) {
	t.Helper()
	var got []string
	for _, b := range r.said("east") {
		m, err := engine.DecodeMessage(b)
		if err != nil {
			continue // a header
		}
		if why, err := engine.ReadWithdrawal(m); err == nil && m.Kind == engine.KindWithdraw {
			got = append(got, why.Kind)
		}
		if accept, why, err := engine.ReadDecision(m); err == nil && m.Kind == engine.KindDecision && !accept {
			got = append(got, why.Kind)
		}
		if o, err := engine.ReadOutcome(m); err == nil && m.Kind == engine.KindOutcome { // where east leads
			for _, a := range o.Absent {
				got = append(got, a.Kind)
			}
		}
	}
	switch {
	case f.kind == "" && len(got) > 0:
		t.Errorf("east withdraws: %v\n%s", got, log)
	case f.kind != "" && !strings.Contains(fmt.Sprint(got), f.kind):
		t.Errorf("east withdraws with %v, want %q\n%s", got, f.kind, log)
	}
}

// search looks for a mark in what is kept of the study outside the data.
func (r *recording) search(mark, digest string, logs map[string]*buffer) {
	r.t.Helper()
	for _, name := range sites {
		roots := []string{filepath.Join(r.Home(name), "studies"), filepath.Join(r.Home(name), "audit")}
		if name != "east" {
			roots = append(roots, filepath.Join(r.Home(name), "state.db"))
			if strings.Contains(logs[name].String(), mark) {
				r.t.Errorf("the log of %s holds %s of east:\n%s", name, mark, logs[name])
			}
		}
		for _, root := range roots {
			err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
				if errors.Is(err, fs.ErrNotExist) || err != nil || d.IsDir() {
					return nil
				}
				b, err := os.ReadFile(path)
				if err == nil && bytes.Contains(b, []byte(mark)) {
					r.t.Errorf("%s of %s holds %s", filepath.Base(path), name, mark)
				}
				return err
			})
			if err != nil {
				r.t.Error(err)
			}
		}
	}
}

// submit sends the study to every site and returns its digest.
func (r *recording) submit(f fault) string {
	r.t.Helper()
	text := `hmsp: study/v1
name: people
question: Who are they?
purpose: research
legal_basis: GDPR Art. 9(2)(j)
dataset: people
analyses:
  - {name: age, analysis: describe, variables: [age, sex]}
`
	if f.cohort != "" {
		text += "cohort: " + f.cohort + "\n"
	}
	if f.private {
		text = strings.Replace(text, "describe, variables: [age, sex]", "linear, formula: age ~ sex", 1) + "privacy: {epsilon: 1}\n"
	}
	s, err := study.Parse("study.yaml", []byte(text))
	if err != nil {
		r.t.Fatal(err)
	}
	ruth := r.Member(r.t, "ruth")
	signed, err := study.Submit(s, r.Charter.Digest(), ruth.Identity, time.Now(), rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	p, problems := plan.New(r.Charter, signed, standard.Catalog())
	if len(problems) > 0 {
		r.t.Fatal(problems)
	}
	blob, err := signed.Encode()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, to := range sites {
		m := engine.Message{Study: p.Digest, Kind: engine.KindStudy, From: "ruth", To: to, Blob: blob}
		b, err := m.Encode()
		if err != nil {
			r.t.Fatal(err)
		}
		e, err := ruth.Seal(to, m.ID(), b, time.Now())
		if err != nil {
			r.t.Fatal(err)
		}
		if err := r.Hub.Of("ruth").Send(r.t.Context(), e); err != nil {
			r.t.Fatal(err)
		}
	}
	return p.Digest
}

func (r *recording) serve(ctx context.Context, name string, cat catalog.Catalog, log *buffer) {
	s, err := site.New(site.Config{Home: r.Home(name), Catalog: cat, Now: time.Now, Hub: tapped{r.Hub.Of(name), r}, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err == nil {
		err = s.Serve(ctx)
	}
	if err != nil {
		r.t.Errorf("site %s: %v", name, err)
	}
}

// A buffer takes a log from several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// spoil puts the fault into a home.
func (f fault) spoil(t *testing.T, home string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), markPath)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, f.file)
	if f.data != nil {
		write(t, path, f.data())
	}
	d := dataset.File("people", path)
	d.Patient = "id"
	if f.plant != nil {
		f.plant(&d)
	}
	if f.consent != nil {
		d.Consent = &dataset.Consent{Path: filepath.Join(dir, markPath+"-consents.csv")}
		write(t, d.Consent.Path, f.consent)
	}
	register(t, home, d)
	if f.later != nil {
		write(t, d.Consent.Path, f.later)
	}
	if f.budget != "" {
		write(t, filepath.Join(home, "budget.yaml"), []byte(f.budget))
	}
	if f.broken != nil {
		write(t, filepath.Join(home, "datasets", "people.yaml"), f.broken)
	}
}

// register registers a dataset, whether it fits or not: what does not fit is refused
// without a patient's value, and its registration written all the same.
func register(t *testing.T, home string, d dataset.Dataset) {
	t.Helper()
	m, err := member.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	r := site.Registry{Home: home, Loader: dataset.Loader{Formats: standard.Catalog().Formats}}
	if _, err = r.Add(t.Context(), d, m.Charter.Dictionary, true, dataset.Build{}); err == nil {
		return
	}
	for _, mark := range []string{markPatient, markValue, markNumber} {
		if strings.Contains(err.Error(), mark) {
			t.Errorf("the steward's error quotes %q: %v", mark, err)
		}
	}
	t.Logf("registering: %v", err)
	d.Pool = "people.none"
	b, err := json.Marshal(d) // JSON is YAML
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(home, "datasets"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(home, "datasets", "people.yaml"), b)
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func approve(t *testing.T, home string) {
	t.Helper()
	if err := member.SetDecide(home, "approve"); err != nil {
		t.Fatal(err)
	}
}
