package consent_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/csv"
	"hmsp.center/hmsp/law/consent"
)

func loadError(t *testing.T, r format.Reader) error {
	t.Helper()
	b := consent.Builder{Pseudonym: pseudonym}
	err := b.Add(context.Background(), r, "consent.csv")
	if err == nil {
		t.Fatal("it was read")
	}
	if n := b.Register().People(); n != 0 {
		t.Errorf("%d people are kept of what was refused", n)
	}
	return err
}

func TestList(t *testing.T) {
	reg := load(t, listed(
		"p1,research,2020-01-01,2029-12-31,permit",
		"p2,all,2020-01-01,,active",
		"p3,research,2020-01-01,,permit",
		"p3,research,2023-05-10,,withdrawn",
		"p4,research,,,deny",
		"p5,research,2020-01-01,,draft",
		"p6,research,2020-01-01,,permit",
		"p6,research,2022-01-01,2022-12-31,withdrawn",
		"p7,quality,2020-01-01,,permit",
	))
	for _, c := range []struct {
		who, purpose, day string
		outcome           consent.Outcome
		why               consent.Why
	}{
		{"p1", "research", "2019-12-31", consent.Silent, consent.NotYet},
		{"p1", "research", "2020-01-01", consent.Permit, consent.Given},
		{"p1", "research", "2029-12-31", consent.Permit, consent.Given},
		{"p1", "research", "2030-01-01", consent.Silent, consent.Expired},
		{"p1", "quality", "2020-01-01", consent.Silent, consent.Other},
		{"p2", "education", "2500-01-01", consent.Permit, consent.Given},
		{"p3", "research", "2023-05-09", consent.Permit, consent.Given},
		{"p3", "research", "2023-05-10", consent.Deny, consent.Withdrawn},
		{"p4", "research", "1970-01-01", consent.Deny, consent.Refused},
		{"p4", "quality", "1970-01-01", consent.Silent, consent.Other},
		{"p5", "research", "2024-01-01", consent.Silent, consent.Other},
		{"p6", "research", "2022-06-01", consent.Deny, consent.Withdrawn},
		{"p6", "research", "2023-01-01", consent.Permit, consent.Given}, // consented again
		{"p7", "research", "2024-01-01", consent.Silent, consent.Other},
		{"p8", "research", "2024-01-01", consent.Silent, consent.Unknown},
	} {
		want := consent.Decision{Outcome: c.outcome, Why: c.why}
		if got := reg.Decide(pseudonym(c.who), c.purpose, day(t, c.day)); got != want {
			t.Errorf("%s, %s on %s: got %v %s, want %v %s", c.who, c.purpose, c.day, got.Outcome, got.Why, want.Outcome, want.Why)
		}
	}
}

func TestFilter(t *testing.T) {
	reg := load(t, listed("p1,research,2020-01-01,,permit", "p2,research,2020-01-01,,deny", "p3,research,2020-01-01,2020-12-31,permit", "p4,research,2030-01-01,,permit", "p5,quality,2020-01-01,,permit", "p6,research,2020-01-01,,withdrawn"))
	var people []uint64
	for _, p := range strings.Fields("p1 p2 p1 p3 p4 p5 p6 nobody nobody p2") {
		people = append(people, pseudonym(p))
	}
	keep, got := reg.Filter(people, "research", day(t, "2024-01-01"))
	want := consent.Summary{People: 7, Permitted: 1, Denied: 2, Refused: 1, Withdrawn: 1, Silent: 4, Expired: 1, NotYet: 1, Other: 1, Unknown: 1}
	if got != want || len(keep) != 2 || keep[0] != 0 || keep[1] != 2 {
		t.Errorf("got %v, %+v; want %+v", keep, got, want)
	}
	if keep, got := reg.Filter(people, "profit", day(t, "2024-01-01")); len(keep) != 0 || got.Denied != 7 {
		t.Errorf("of a purpose that nobody knows: %v, %+v", keep, got)
	}
	empty := load(t, listed())
	if keep, got := empty.Filter(people, "research", 0); len(keep) != 0 || got.Unknown != 7 {
		t.Errorf("of an empty register: %v, %+v", keep, got)
	}
}

// Two sources count together, and the later read does not override.
func TestSourcesAddUp(t *testing.T) {
	b := consent.Builder{Pseudonym: pseudonym}
	for _, r := range []format.Reader{listed("p,research,2021-01-01,,withdrawn"), clinical(doc("type=permit start=2020-01-01 scope=" + research)...)} {
		if err := b.Add(context.Background(), r, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if d := b.Register().Decide(pseudonym("p"), "research", day(t, "2022-01-01")); d.Why != consent.Withdrawn {
		t.Errorf("got %v", d)
	}
}

func TestListIsRefused(t *testing.T) {
	const head = "patient,purpose,valid_from,valid_to,status\n"
	for name, c := range map[string]struct {
		text, column string
		line         int
		says         string
	}{
		"a German header":        {"Patient;Zweck;gueltig_ab;gueltig_bis;Status\nCanary;research;2020-01-01;;permit\n", "Patient", 0, "no such column"},
		"a header too many":      {"patient,purpose,valid_from,valid_to,status,withdrawn_on\nCanary,research,2020-01-01,,permit,2021-01-01\n", "withdrawn_on", 0, "no such column"},
		"a header misspelled":    {"patient,purpose,valid_form,valid_to,status\nCanary,research,2020-01-01,,permit\n", "valid_form", 0, "valid_from"},
		"a header too few":       {"patient,purpose,valid_from,status\nCanary,research,2020-01-01,permit\n", "valid_to", 0, "no such column"},
		"nobody's":               {head + "p1,research,2020-01-01,,permit\n,research,2020-01-01,,permit\n", "patient", 3, "does not say whose"},
		"a purpose":              {head + "Canary,Forschung,2020-01-01,,permit\n", "purpose", 2, "no purpose"},
		"a status":               {head + "Canary,research,2020-01-01,,ja\n", "status", 2, "no status"},
		"no status":              {head + "Canary,research,2020-01-01,,\n", "status", 2, "no status"},
		"a German day":           {head + "Canary,research,01.01.2020,,permit\n", "valid_from", 2, "not a day"},
		"no such day":            {head + "Canary,research,2023-02-29,,permit\n", "valid_from", 2, "not a day"},
		"a year":                 {head + "Canary,research,2023,,permit\n", "valid_from", 2, "not a day"},
		"an end that is none":    {head + "Canary,research,2023-01-01,2025-13-01,permit\n", "valid_to", 2, "not a day"},
		"a permit without start": {head + "Canary,research,,2025-01-01,permit\n", "valid_from", 2, "from when on"},
		"ends before it begins":  {head + "Canary,research,2025-01-02,2025-01-01,permit\n", "valid_to", 2, "ends before"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "list.csv")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := csv.Format{}.Open(context.Background(), path, format.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			e := problem(t, loadError(t, r))
			if e.Column != c.column || e.Line != c.line || !strings.Contains(e.Error(), c.says) || strings.Contains(e.Error(), "Canary") {
				t.Errorf("got %v", e)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := consent.Load(ctx, listed("p,research,2020-01-01,,permit"), "x", pseudonym); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Whatever the file, there is a register or one error that names the file.
func FuzzList(f *testing.F) {
	const head = "patient,purpose,valid_from,valid_to,status\n"
	f.Add([]byte(head + "p1,research,2020-01-01,2029-12-31,permit\np2,all,,,deny\np3,quality,2021-05-05,,withdrawn\n"))
	f.Add([]byte("patient;purpose;valid_from;valid_to;status\n\"a\nb\";education;0000-01-01;9999-12-31;inactive\n"))
	f.Add([]byte(head + ",research,2020-01-01,,permit\n"))
	f.Add([]byte(head + "p,research,2020-01-01 08:00,,rejected\np,public-health,2024-02-30,x,draft"))
	f.Add([]byte("patient,id,status,provision,type,start\np,c,active,,deny,2020\np,c,active,1,permit,2021-01\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(dir, "list.csv")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := csv.Format{}.Open(context.Background(), path, format.Options{})
		if err != nil {
			return
		}
		defer r.Close()
		reg, err := consent.Load(context.Background(), r, path, pseudonym)
		if err != nil {
			if e := problem(t, err); e.File != path {
				t.Errorf("the error names %q", e.File)
			}
			return
		}
		again, err := consent.Decode(reg.Encode())
		if err != nil || again.Digest() != reg.Digest() {
			t.Errorf("a register is not read as it was written: %v", err)
		}
	})
}
