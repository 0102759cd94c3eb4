package receipt

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/dp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func findings() []Finding {
	return []Finding{{Name: "by-sex", Analysis: "kaplan-meier", Version: "1", Result: &analysis.Result{
		Tables: []analysis.Table{{Name: "glance", Title: "Summary", Columns: []analysis.Column{
			analysis.Text("strata", "sex=1", "sex=2"), analysis.Nums("median", 270, 426)}}}}}}
}

func sample(t testing.TB) Receipt {
	t.Helper()
	d, err := DigestResult(findings())
	if err != nil {
		t.Fatal(err)
	}
	rows := 228
	six := []string{"site-a", "site-b", "site-c", "site-d", "site-e"}
	return Receipt{
		HMSP: Version, Study: Study{Name: "lung-survival", Digest: strings.Repeat("ab", 32), Question: "Does survival differ between men & women?", Purpose: "research"},
		Charter: strings.Repeat("01", 32), Researcher: "dr-weber", Lead: "site-c", Contributors: six,
		Absent: []Absent{{Site: "site-f", Kind: "absent", Reason: "not heard from for 24h", Since: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)}},
		Rules:  Rules{Colluders: 1, Honest: 3, Shares: 4},
		Rounds: []Round{{Round: 0, Contributors: six, To: append(six, "dr-weber"), Opened: []Opened{{Analysis: "by-sex", What: "the number of patients per group", Numbers: 2, RingBits: 64, Rows: &rows,
			Events: []dp.Event{{Kind: dp.DiscreteLaplace, Noise: 1}}}}}},
		Privacy:    &Privacy{Epsilon: 1, Delta: 1e-6, Unit: "patient", Honest: 4, Rho: 0.4622, Spent: []Spent{{"PLD", 1, 1e-6}}},
		Disclosure: []Applied{{"by-sex", "minimum_cell", "curve", "steps of few patients are merged", 3}},
		Data:       []Data{{Member: "site-a", Tag: "00ff"}},
		Logs:       []Log{{"site-a", "hmsp audit/v1\nsite-a\n17\n"}},
		Verified:   true, Started: time.Date(2026, 11, 24, 9, 0, 0, 123456789, time.FixedZone("CET", 3600)), Ended: time.Date(2026, 11, 24, 8, 0, 20, 0, time.UTC),
		Result: d, Signatures: []Signature{{"site-a", []byte{1, 2, 3}}},
	}
}

func TestDigestIsStable(t *testing.T) {
	r := sample(t)
	b, err := r.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	d, err := r.Digest()
	if err != nil {
		t.Fatal(err)
	}
	got := string(b) + "\n" + hex.EncodeToString(d[:]) + "\n"
	const file = "testdata/receipt.golden"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("canonical bytes or digest changed; signed receipts in archives would no longer verify:\n got %s\nwant %s", got, want)
	}
}

func TestDigestSurvivesTheWire(t *testing.T) {
	r := sample(t)
	want, _ := r.Digest()
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	back, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := back.Digest(); got != want {
		t.Error("the digest differs after encoding and decoding")
	}
	back.Signatures = nil
	if got, _ := back.Digest(); got != want {
		t.Error("the digest covers the signatures")
	}
	back.Started = back.Started.In(time.FixedZone("x", -7200))
	if got, _ := back.Digest(); got != want {
		t.Error("the digest depends on the time zone")
	}
}

// Every fact in the receipt is under the signature: altering one alters the digest.
func TestDigestCoversEveryFact(t *testing.T) {
	want, _ := sample(t).Digest()
	for name, alter := range map[string]func(*Receipt){
		"study":        func(r *Receipt) { r.Study.Question += "?" },
		"purpose":      func(r *Receipt) { r.Study.Purpose = "quality" },
		"charter":      func(r *Receipt) { r.Charter = strings.Repeat("02", 32) },
		"researcher":   func(r *Receipt) { r.Researcher = "x" },
		"lead":         func(r *Receipt) { r.Lead = "site-a" },
		"contributors": func(r *Receipt) { r.Contributors = r.Contributors[1:] },
		"absent":       func(r *Receipt) { r.Absent = nil },
		"since":        func(r *Receipt) { r.Absent[0].Since = time.Time{} },
		"rules":        func(r *Receipt) { r.Rules.Shares = 2 },
		"opened":       func(r *Receipt) { r.Rounds[0].Opened[0].What = "nothing" },
		"numbers":      func(r *Receipt) { r.Rounds[0].Opened[0].Numbers++ },
		"rows":         func(r *Receipt) { r.Rounds[0].Opened[0].Rows = nil },
		"to":           func(r *Receipt) { r.Rounds[0].To = nil },
		"verified":     func(r *Receipt) { r.Verified = false },
		"ended":        func(r *Receipt) { r.Ended = r.Ended.Add(time.Second) },
		"result":       func(r *Receipt) { r.Result = strings.Repeat("02", 32) },
	} {
		r := sample(t)
		alter(&r)
		if got, _ := r.Digest(); got == want {
			t.Errorf("%s can be altered without altering the digest", name)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	if err := sample(t).Check(); err != nil {
		t.Fatalf("a good receipt is refused: %v", err)
	}
	for name, c := range map[string]struct {
		alter func(*Receipt)
		say   string
	}{
		"another version":     {func(r *Receipt) { r.HMSP = "receipt/v1" }, "version"},
		"short digest":        {func(r *Receipt) { r.Charter = "abcd" }, "charter"},
		"upper case digest":   {func(r *Receipt) { r.Result = strings.ToUpper(r.Study.Digest) }, "result"},
		"nobody":              {func(r *Receipt) { r.Contributors = nil }, "contributors"},
		"unsorted":            {func(r *Receipt) { r.Contributors = []string{"site-b", "site-a"} }, "contributors"},
		"twice":               {func(r *Receipt) { r.Contributors = []string{"site-a", "site-a"} }, "contributors"},
		"absent contributor":  {func(r *Receipt) { r.Absent[0].Site = "site-a" }, "absent"},
		"absent for nothing":  {func(r *Receipt) { r.Absent[0].Reason = "" }, "absent"},
		"no rounds":           {func(r *Receipt) { r.Rounds = nil }, "rounds"},
		"stranger in a round": {func(r *Receipt) { r.Rounds[0].Contributors = []string{"x"} }, "rounds"},
		"noise unsaid":        {func(r *Receipt) { r.Rounds[0].Opened[0].Events = nil }, "noise"},
		"noise in vain":       {func(r *Receipt) { r.Privacy = nil }, "noise"},
		"unknown noise":       {func(r *Receipt) { r.Rounds[0].Opened[0].Events[0].Kind = "pink" }, "unknown kind"},
		"nobody honest":       {func(r *Receipt) { r.Privacy.Honest = 0 }, "privacy"},
		"nothing spent":       {func(r *Receipt) { r.Privacy.Spent = nil }, "privacy"},
		"rule without words":  {func(r *Receipt) { r.Disclosure[0].Text = "" }, "disclosure"},
		"stranger's log":      {func(r *Receipt) { r.Logs[0].Member = "site-f" }, "logs"},
		"ring":                {func(r *Receipt) { r.Rounds[0].Opened[0].RingBits = 32 }, "ring"},
		"ends before start":   {func(r *Receipt) { r.Ended = r.Started.Add(-time.Hour) }, "before"},
		"stranger signs":      {func(r *Receipt) { r.Signatures[0].Member = "site-f" }, "signatures"},
		"signs twice":         {func(r *Receipt) { r.Signatures = append(r.Signatures, r.Signatures[0]) }, "signatures"},
	} {
		r := sample(t)
		c.alter(&r)
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: got %v, want a refusal that says %q", name, err, c.say)
		}
	}
}

func TestOutcome(t *testing.T) {
	r := sample(t)
	good := Outcome{HMSP: OutcomeVersion, Study: r.Study, Status: Released, Lead: r.Lead, Contributors: r.Contributors, Absent: r.Absent, Analyses: findings(), Receipt: &r}
	b, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseOutcome(b); err != nil {
		t.Fatalf("a good outcome is refused: %v", err)
	}
	bad := good
	bad.Analyses = findings()
	bad.Analyses[0].Result.Tables[0].Columns[1].Numbers[0] = 271
	if err := bad.Check(); err == nil {
		t.Error("findings other than the signed ones pass")
	}
	bad = good
	bad.Contributors = r.Contributors[1:]
	if err := bad.Check(); err == nil {
		t.Error("a subset passes as another set")
	}
	bad = good
	bad.Receipt = nil
	if err := bad.Check(); err == nil {
		t.Error("released without a receipt passes")
	}
	if err := (Outcome{HMSP: OutcomeVersion, Status: Refused}).Check(); err == nil {
		t.Error("refused without a reason passes")
	}
	if _, err := ParseOutcome([]byte(`{"hmsp":"result/v1","status":"failed","reason":"x","study":{"name":"","digest":""},"extra":1}`)); err == nil {
		t.Error("an unknown field passes")
	}
}

func TestUnsigned(t *testing.T) {
	if got := strings.Join(sample(t).Unsigned(), " "); got != "site-b site-c site-d site-e" {
		t.Errorf("unsigned: %s", got)
	}
}

func FuzzParse(f *testing.F) {
	b, _ := json.Marshal(sample(f))
	f.Add(b)
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"hmsp":"receipt/v1"} {}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b)
		if err != nil {
			return
		}
		d, err := r.Digest()
		if err != nil {
			t.Fatal(err)
		}
		c, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(c)
		if err != nil {
			t.Fatalf("what was accepted once is refused after encoding: %v", err)
		}
		if e, _ := back.Digest(); e != d {
			t.Fatal("the digest changed")
		}
	})
}
