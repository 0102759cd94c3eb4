package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/plot"
	"hmsp.center/hmsp/receipt"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// lung is a released outcome over five of six sites; its numbers are R's.
func lung(t testing.TB) receipt.Outcome {
	t.Helper()
	b, err := os.ReadFile("testdata/lung.json")
	if err != nil {
		t.Fatal(err)
	}
	var o receipt.Outcome
	if err := json.Unmarshal(b, &o); err != nil {
		t.Fatal(err)
	}
	if *update {
		if o.Receipt.Result, err = receipt.DigestResult(o.Analyses); err != nil {
			t.Fatal(err)
		}
		b, err := indent(o)
		if err == nil {
			err = os.WriteFile("testdata/lung.json", b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Check(); err != nil {
		t.Fatal(err)
	}
	return o
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s:\n%s", file, got)
	}
}

func TestRemarksAreTold(t *testing.T) {
	o := lung(t)
	o.Remarks = []string{"south gave a wrong share of the self mask of east"}
	var b bytes.Buffer
	if err := Text(&b, o, 120); err != nil {
		t.Fatal(err)
	}
	if want := "Remark of the lead: " + o.Remarks[0]; !strings.Contains(b.String(), want) {
		t.Errorf("not told: %s", want)
	}
}

func TestText(t *testing.T) {
	for _, width := range []int{80, 120} {
		var b bytes.Buffer
		if err := Text(&b, lung(t), width); err != nil {
			t.Fatal(err)
		}
		for _, l := range strings.Split(b.String(), "\n") {
			if n := len([]rune(l)); n > width {
				t.Errorf("a line of %d columns for %d: %s", n, width, l)
			}
		}
		golden(t, fmt.Sprintf("testdata/lung-%d.txt", width), b.Bytes())
	}
}

// The numbers of format.json were printed by R 4.2, format(x, digits = 4).
func TestFormatReal(t *testing.T) {
	b, err := os.ReadFile("testdata/format.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		In  analysis.Numbers
		Out []string
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if got := formatReal(c.In); fmt.Sprint(got) != fmt.Sprint(c.Out) {
			t.Errorf("%v: %v, R writes %v", c.In, got, c.Out)
		}
	}
}

func TestProbabilitiesStandForThemselves(t *testing.T) {
	got := Cells(analysis.Nums("p.value", 2.2e-16, 0.04271, 1))
	if fmt.Sprint(got) != "[2.2e-16 0.04271 1]" {
		t.Error(got)
	}
}

func TestCSV(t *testing.T) {
	var b bytes.Buffer
	err := CSV(&b, analysis.Table{Name: "t", Columns: []analysis.Column{analysis.Text("term", `a,"b"`, "x\ny", ""), analysis.Nums("estimate", 0.1, math.NaN(), -1e-300), analysis.Nums("n", 228, math.Inf(1), 0)}})
	if err != nil {
		t.Fatal(err)
	}
	want := "term,estimate,n\r\n\"a,\"\"b\"\"\",0.1,228\r\n\"x\r\ny\",NA,Inf\r\n,-1e-300,0\r\n"
	if b.String() != want {
		t.Errorf("got %q\nwant %q", b.String(), want)
	}
	if err := CSV(&b, analysis.Table{Columns: []analysis.Column{analysis.Nums("a", 1, 2), analysis.Nums("b", 1)}}); err == nil {
		t.Error("columns of unlike length pass")
	}
}

func TestWrite(t *testing.T) {
	o := lung(t)
	dir := filepath.Join(t.TempDir(), "new", "out")
	for range 2 { // the second replaces the first
		if err := Write(dir, o); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	filepath.WalkDir(filepath.Dir(dir), func(p string, e fs.DirEntry, err error) error {
		if rel, _ := filepath.Rel(dir, p); !e.IsDir() {
			got = append(got, filepath.ToSlash(rel))
		}
		return err
	})
	want := "ages/age-sex.svg ages/age.svg ages/numbers.csv by-sex/curve.csv by-sex/glance.csv by-sex/logrank.csv by-sex/survival.svg correlations/correlation.csv correlations/correlation.svg hazards/glance.csv hazards/hazard-ratios.svg hazards/terms.csv receipt.json result.json"
	if strings.Join(got, " ") != want {
		t.Errorf("files:\n%s\nwant\n%s", strings.Join(got, " "), want)
	}
	b, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := receipt.ParseOutcome(b); err != nil {
		t.Errorf("result.json does not read back: %v", err)
	}
	if b, err = os.ReadFile(filepath.Join(dir, "receipt.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := receipt.Parse(b); err != nil {
		t.Errorf("receipt.json does not read back: %v", err)
	}
	f, err := os.Open(filepath.Join(dir, "by-sex", "curve.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	curve, _ := o.Analyses[0].Result.Table("curve")
	if strings.Join(rows[0], ",") != "time,n.risk,n.event,n.censor,estimate,std.error,conf.low,conf.high,strata" || len(rows) != curve.Rows()+1 {
		t.Errorf("curve.csv: %v, %d rows", rows[0], len(rows))
	}
	est, _ := curve.Column("estimate")
	for i, r := range rows[1:] {
		if x, err := strconv.ParseFloat(r[4], 64); err != nil || x != est.Numbers[i] {
			t.Fatalf("row %d: %s is not %v", i, r[4], est.Numbers[i])
		}
	}
}

func TestWriteLeavesOthersAlone(t *testing.T) {
	o := lung(t)
	for name, prepare := range map[string]func(dir string) error{
		"a stranger's file": func(d string) error { return os.WriteFile(filepath.Join(d, "thesis.tex"), nil, 0o644) },
		"another result.json": func(d string) error {
			return os.WriteFile(filepath.Join(d, "result.json"), []byte(`{"hmsp":"other"}`), 0o644)
		},
		"notes in a result": func(d string) error {
			return errors.Join(Write(d, o), os.WriteFile(filepath.Join(d, "by-sex", "notes.txt"), nil, 0o644))
		},
		"a folder in a result": func(d string) error {
			return errors.Join(Write(d, o), os.MkdirAll(filepath.Join(d, "by-sex", "deep.csv"), 0o755))
		},
	} {
		dir := t.TempDir()
		if err := prepare(dir); err != nil {
			t.Fatal(name, err)
		}
		before := tree(dir)
		if err := Write(dir, o); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: got %v, want ErrForeign", name, err)
		}
		if tree(dir) != before {
			t.Errorf("%s: the folder changed", name)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	os.WriteFile(file, []byte("x"), 0o644)
	if err := Write(file, o); err == nil {
		t.Error("a file was taken for a folder")
	}
}

func tree(dir string) string {
	var b strings.Builder
	filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		b.WriteString(p + "\n")
		return err
	})
	return b.String()
}

// An outcome comes over the network: no name in it leaves the folder.
func TestNamesStayInTheFolder(t *testing.T) {
	for _, evil := range []string{"../x", "/etc/x", "a/b", `a\b`, "..", ".", "", "a\x00b", "CON:", ".hidden", strings.Repeat("a", 300)} {
		for what, o := range map[string]receipt.Outcome{
			"analysis": {Analyses: []receipt.Finding{{Name: evil, Result: &analysis.Result{Tables: []analysis.Table{{Name: "t"}}}}}},
			"table":    {Analyses: []receipt.Finding{{Name: "a", Result: &analysis.Result{Tables: []analysis.Table{{Name: evil}}}}}},
			"figure":   {Analyses: []receipt.Finding{{Name: "a", Result: &analysis.Result{Figures: []plot.Figure{{Name: evil}}}}}},
		} {
			dir := t.TempDir()
			if err := Write(filepath.Join(dir, "out"), o); err == nil {
				t.Errorf("%s %q was written:\n%s", what, evil, tree(dir))
			}
		}
	}
	twice := receipt.Outcome{Analyses: []receipt.Finding{{Name: "a", Result: &analysis.Result{Tables: []analysis.Table{{Name: "t"}, {Name: "t"}}}}}}
	if _, err := Files(twice); err == nil {
		t.Error("two tables of one name pass")
	}
}

func TestTerminalIsNotSteered(t *testing.T) {
	evil := "a\x1b[2J\x07\u202eb\r"
	var b bytes.Buffer
	o := receipt.Outcome{Status: receipt.Failed, Reason: evil, Study: receipt.Study{Name: evil, Question: evil}, Absent: []receipt.Absent{{Site: evil, Reason: evil}},
		Analyses: []receipt.Finding{{Name: evil, Failed: evil, Result: &analysis.Result{Notes: []string{evil}, Tables: []analysis.Table{{Name: evil, Title: evil, Columns: []analysis.Column{analysis.Text(evil, evil)}}}}}}}
	if err := Text(&b, o, 80); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\x07\r\u202e") {
		t.Errorf("control characters reach the terminal: %q", b.String())
	}
}

func TestWordsOfATrial(t *testing.T) {
	r := *lung(t).Receipt
	r.Rules = receipt.Rules{}
	for _, p := range Words(r) {
		for _, s := range p.Sentences {
			if strings.Contains(s, "hidden under random masks") || strings.Contains(s, "sites agreed") || strings.Contains(s, "sealed messages") {
				t.Errorf("a trial claims protection: %s", s)
			}
		}
	}
}

func TestOpenings(t *testing.T) {
	var got []string
	for _, o := range Openings(*lung(t).Receipt) {
		got = append(got, o.Analysis+" "+o.Rounds())
	}
	if strings.Join(got, ", ") != "by-sex round 1, hazards round 1, correlations round 1, ages round 1, by-sex round 2, hazards rounds 2–6, ages round 2" {
		t.Error(strings.Join(got, ", "))
	}
}

func TestTook(t *testing.T) {
	var r receipt.Receipt
	for want, d := range map[string]time.Duration{"0.4 seconds": 420 * time.Millisecond, "1 minute 0 seconds": time.Minute, "11 minutes 41 seconds": 701300 * time.Millisecond, "25 hours 1 minute": 25*time.Hour + 61*time.Second} {
		r.Ended = r.Started.Add(d)
		if got := Took(r); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
