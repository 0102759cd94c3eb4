package study

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/manifest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t testing.TB) (*Study, string) {
	t.Helper()
	data, err := os.ReadFile("testdata/study.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse("study.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	return s, string(data)
}

func hash(t testing.TB, s *Study) string {
	t.Helper()
	d, err := s.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The canonical bytes are what researchers sign and every party names a study
// by: they may never change for a study that exists.
func TestGoldenCanonical(t *testing.T) {
	s, _ := golden(t)
	text, err := s.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	sub := submit(t, s)
	signed, err := sub.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"canonical.json": text, "signed.json": signed, "digest.txt": []byte(hash(t, s) + "\n" + sub.Digest() + "\n")} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs:\n%s", name, got)
		}
	}
}

// How a study is spelled does not matter, what it says does.
func TestDigestIsOfTheMeaning(t *testing.T) {
	s, file := golden(t)
	same := map[string][2]string{
		"comment":           {"verify: true", "verify: true # always"},
		"duration":          {"90m", "1h30m0s"},
		"number":            {"730.50", "7.305e2"},
		"order of keys":     {"    zeta: 1\n    alpha: -0.0\n", "    alpha: 0\n    zeta: 1.0\n"},
		"quotes":            {"dataset: lung", `dataset: "lung"`},
		"order in mappings": {`{z: 1, a: "sum"}`, `{a: sum, z: 1}`},
		"folding":           {"formula: >-\n      Surv(time, status == 2) ~ age\n      + sex", "formula: Surv(time, status == 2) ~ age + sex"},
	}
	for name, c := range same {
		if got := parse(t, name, file, c); hash(t, got) != hash(t, s) {
			t.Errorf("%s changes the digest", name)
		}
	}
	seen := map[string]string{hash(t, s): "nothing"}
	for name, c := range map[string][2]string{
		"name":           {"lung-survival", "lung-survival2"},
		"question":       {"men &", "men and"},
		"purpose":        {"research", "quality"},
		"legal basis":    {"(j)", "(i)"},
		"dataset":        {"dataset: lung", "dataset: lungs"},
		"sites":          {"site-c, site-d", "site-d, site-c"},
		"minimum":        {"minimum: 3", "minimum: 4"},
		"patience":       {"90m", "91m"},
		"cohort":         {">= 40", "> 40"},
		"verify":         {"verify: true", "verify: false"},
		"analysis":       {"analysis: cox", "analysis: cox2"},
		"entry":          {"name: by-sex", "name: by-age"},
		"list":           {"365, 730.50", "730.50, 365"},
		"number to text": {"zeta: 1", `zeta: "1"`},
		"parameter":      {"zeta", "eta"},
		"digit":          {"730.50", "730.5000000001"},
	} {
		h := hash(t, parse(t, name, file, c))
		if other, ok := seen[h]; ok {
			t.Errorf("%s: the digest is that of %s", name, other)
		}
		seen[h] = name
	}
}

func parse(t *testing.T, name, file string, c [2]string) *Study {
	t.Helper()
	changed := strings.Replace(file, c[0], c[1], 1)
	if changed == file {
		t.Fatalf("%s: the case changes nothing", name)
	}
	s, err := Parse("study.yaml", []byte(changed))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

func TestParseReads(t *testing.T) {
	s, _ := golden(t)
	e := s.Analyses[0]
	if e.Name != "by-sex" || e.Analysis != "kaplan-meier" || len(e.Params) != 4 {
		t.Errorf("entry %+v", e)
	}
	if e.Params["rmst"] != "1_000" || e.Params["times"].([]any)[2] != 1000.0 || s.Analyses[1].Params["formula"] != "Surv(time, status == 2) ~ age + sex" {
		t.Errorf("parameters %v, %v", e.Params, s.Analyses[1].Params)
	}
	least, err := Parse("s", []byte("hmsp: study/v1\nname: a\nquestion: q?\npurpose: quality\nlegal_basis: law\ndataset: d\nanalyses: [{name: x, analysis: describe}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if least.Participation != (Participation{0, DefaultPatience}) || least.Verify || least.Sites != nil || len(least.Analyses[0].Params) != 0 {
		t.Errorf("defaults %+v", least)
	}
	partly, err := Parse("s", []byte("hmsp: study/v1\nname: a\nquestion: q?\npurpose: quality\nlegal_basis: law\ndataset: d\nparticipation: {patience: 24h}\nanalyses: [{name: x, analysis: describe}]\n"))
	if err != nil || hash(t, partly) != hash(t, least) {
		t.Errorf("a default written out changes the digest (%v)", err)
	}
}

// Each case replaces a part of the golden file and gives the message in full.
func TestParseRefuses(t *testing.T) {
	_, good := golden(t)
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown key", "cohort:", "cohrot:", `study.yaml:10:1: unknown key "cohrot"; did you mean "cohort"?`},
		{"purpose", "purpose: research", "purpose: reserch", `study.yaml:5:10: want one of research, quality, public-health, education, got "reserch"; did you mean "research"?`},
		{"no legal basis", "legal_basis: GDPR Art. 9(2)(j)\n", "", `study.yaml:2:1: key "legal_basis" is missing: the law that permits the processing, e.g. GDPR Art. 9(2)(j)`},
		{"blank question", "Does survival differ between men & women?", `" "`, `study.yaml:4:11: question: is blank`},
		{"name", "name: lung-survival", "name: Lung Survival", `study.yaml:3:7: "Lung Survival" cannot be used here: a name for folders and lists: 1 to 40 of a-z, 0-9 and '-'`},
		{"site twice", "site-b", "site-a", `study.yaml:8:17: entries 1 and 2 are the same: the sites that are asked; without it, all sites of the charter`},
		{"minimum", "minimum: 3", "minimum: 5", `study.yaml:9:26: participation: minimum is 5, but only 4 sites are asked`},
		{"patience", "90m", "soon", `study.yaml:9:39: want a duration such as 10m, 1h30m or 24h`},
		{"patience too long", "90m", "9000h", `study.yaml:9:39: participation: patience must be 1s to 2160h, got 9000h`},
		{"patience without unit", "90m", "90", `study.yaml:9:39: want text, got the number 90: put it in quotes: how long a site is waited for: 1s to 2160h, e.g. 10m or 24h`},
		{"entry twice", "name: model", "name: by-sex", `study.yaml:19:11: analysis 2 has the name "by-sex" of analysis 1: names are unique`},
		{"entry without analysis", "    analysis: cox\n", "", `study.yaml:19:5: key "analysis" is missing: the analysis, e.g. kaplan-meier; ` + "`hmsp study new --help` lists them"},
		{"empty parameter", "zeta: 1", "zeta:", `study.yaml:21:5: zeta: is empty; write a value or remove the key`},
		{"parameter twice", "alpha:", "zeta:", `study.yaml:22:5: key "zeta" is already on line 21: keep one of the two`},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Errorf("%s: the case changes nothing", c.name)
			continue
		}
		_, err := Parse("study.yaml", []byte(bad))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got\n%v\nwant\n%s", c.name, err, c.want)
		}
	}
}

// A planner's refusal of a parameter is reported where the parameter stands.
func TestPositions(t *testing.T) {
	s, _ := golden(t)
	for got, want := range map[string]string{
		s.Position(0, "formula").String():             "study.yaml:15:14",
		s.Position(0, "").String():                    "study.yaml:13:5",
		s.Position(1, "zeta").String():                "study.yaml:21:11",
		s.Position(1, "absent").String():              "study.yaml:19:5",
		s.Key("cohort").String():                      "study.yaml:10:9",
		s.Problem(0, "rmst", "want a number").Error(): "study.yaml:18:11: rmst: want a number",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	data, err := submit(t, s).Encode()
	if err != nil {
		t.Fatal(err)
	}
	sent, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if got := sent.Study.Problem(1, "zeta", "too large").Error(); got != "study lung-survival, analysis model: zeta: too large" {
		t.Errorf("by wire: got %s", got)
	}
	if got := sent.Study.Key("cohort").String(); got != "study lung-survival" {
		t.Errorf("by wire: got %s", got)
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]string{"90s": "1m30s", "60m": "1h", "24h": "24h", "1h0m5s": "1h0m5s", "10m": "10m", "0.5h": "30m", "1s": "1s", "0s": "0s"} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || d.String() != want {
			t.Errorf("%s: got %s, %v", text, d, err)
		}
		var again Duration
		if err := again.UnmarshalText([]byte(d.String())); err != nil || again != d {
			t.Errorf("%s is read back as %s, %v", d, again, err)
		}
	}
}

type seeds byte

func (s seeds) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(s) + byte(i)
	}
	return len(p), nil
}

func newIdentity(t testing.TB, name string, role identity.Role, seed byte) *identity.Identity {
	t.Helper()
	id, err := identity.Generate(name, role, seeds(seed))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

var (
	charterDigest = strings.Repeat("0a", 32)
	created       = time.Date(2026, 11, 24, 7, 30, 15, 999, time.FixedZone("CET", 3600))
)

func submit(t testing.TB, s *Study) *Signed {
	t.Helper()
	out, err := Submit(s, charterDigest, newIdentity(t, "ada", identity.Researcher, 3), created, seeds(9))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSubmitAndVerify(t *testing.T) {
	s, _ := golden(t)
	ada := newIdentity(t, "ada", identity.Researcher, 3)
	data, err := submit(t, s).Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Verify(charterDigest, ada.Public()); err != nil {
		t.Fatal(err)
	}
	if got.Digest() != submit(t, s).Digest() || hash(t, &got.Study) != hash(t, s) || len(got.Digest()) != 64 {
		t.Error("the digest changed on the way")
	}
	other, err := Submit(s, charterDigest, ada, created, nil)
	if err != nil || other.Digest() == got.Digest() {
		t.Errorf("a study submitted twice has one name (%v)", err)
	}

	refuse := func(name, want string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want …%s…", name, err, want)
		}
	}
	refuse("another charter", "signed for another charter", got.Verify(strings.Repeat("0b", 32), ada.Public()))
	refuse("another researcher", `not the researcher "eve"`, got.Verify(charterDigest, newIdentity(t, "eve", identity.Researcher, 4).Public()))
	refuse("other keys", identity.ErrSignature.Error(), got.Verify(charterDigest, newIdentity(t, "ada", identity.Researcher, 4).Public()))
	site := ada.Public()
	site.Role = identity.Site
	refuse("a site of that name", "not the researcher", got.Verify(charterDigest, site))
	for name, change := range map[string]func(s *Signed){
		"the question": func(s *Signed) { s.Study.Question = "Another?" },
		"a parameter":  func(s *Signed) { s.Study.Analyses[1].Params["zeta"] = 2.0 },
		"the nonce":    func(s *Signed) { s.Nonce = strings.Repeat("00", 16) },
		"the time":     func(s *Signed) { s.Created = s.Created.Add(time.Second) },
		"the purpose":  func(s *Signed) { s.Study.Purpose = "education" },
	} {
		changed, err := Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		change(changed)
		if err := changed.Verify(charterDigest, ada.Public()); !errors.Is(err, identity.ErrSignature) {
			t.Errorf("%s changed: got %v", name, err)
		}
		if changed.Digest() == got.Digest() {
			t.Errorf("%s changed: the digest did not", name)
		}
	}

	_, err = Submit(s, charterDigest, newIdentity(t, "site-a", identity.Site, 5), created, nil)
	refuse("a site submits", "studies are submitted by researchers", err)
	_, err = Submit(s, "abc", ada, created, nil)
	refuse("no charter", "64 hexadecimal digits", err)
	bad := *s
	bad.Purpose = "curiosity"
	_, err = Submit(&bad, charterDigest, ada, created, nil)
	refuse("an invalid study", "purpose: want one of", err)
}

func TestDecodeRefuses(t *testing.T) {
	s, _ := golden(t)
	data, err := submit(t, s).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][2]string{
		"another version":    {"submission/v1", "submission/v2"},
		"a space":            {`,"nonce"`, `, "nonce"`},
		"a second key":       {`"nonce"`, `"nonce":"x","nonce"`},
		"other case":         {`"nonce"`, `"Nonce"`},
		"unknown key":        {`"nonce"`, `"more":1,"nonce"`},
		"another duration":   {"1h30m", "90m"},
		"a number":           {"730.5", "730.50"},
		"order of params":    {`"alpha":0,"formula"`, `"formula":"","alpha":0,"formula"`},
		"local time":         {`06:30:15Z`, `07:30:15+01:00`},
		"parts of seconds":   {`06:30:15Z`, `06:30:15.5Z`},
		"upper case charter": {`0a0a`, `0A0A`},
		"short nonce":        {`"nonce":"0`, `"nonce":"`},
		"no analyses":        {`"analyses":[`, `"analyses":[],"x":[`},
		"a path as a name":   {`"name":"by-sex"`, `"name":"../../x"`},
		"null parameter":     {`"alpha":0`, `"alpha":null`},
		"bad signature":      {`"signature":"`, `"signature":"A`},
	} {
		bad := bytes.Replace(data, []byte(c[0]), []byte(c[1]), 1)
		if bytes.Equal(bad, data) {
			t.Errorf("%s: the case changes nothing", name)
		}
		if _, err := Decode(bad); err == nil {
			t.Errorf("%s: decoded", name)
		}
	}
	if _, err := Decode(make([]byte, manifest.MaxSize+1)); err == nil {
		t.Error("a huge study was decoded")
	}
}

func TestEntryKeepsItsKeys(t *testing.T) {
	s, _ := golden(t)
	s.Analyses[0].Params["name"] = "x"
	if _, err := s.Canonical(); err == nil {
		t.Error("a parameter took the place of the entry's name")
	}
}

func TestSchemaIsPublished(t *testing.T) {
	published, err := os.ReadFile("../docs/schema/study.json")
	if err != nil || !bytes.Equal(published, JSONSchema()) {
		t.Errorf("docs/schema/study.json is not study/study.schema.json; copy it (%v)", err)
	}
}

// What parses can be submitted, sent and read back as the same study, and can be
// written as YAML without changing its digest.
func FuzzParse(f *testing.F) {
	_, file := golden(f)
	f.Add([]byte(file))
	f.Add([]byte("hmsp: study/v1\nname: a\nquestion: q?\npurpose: quality\nlegal_basis: law\ndataset: d\nanalyses: [{name: x, analysis: describe, p: {q: [1, true, {}]}}]\n"))
	ada := newIdentity(f, "ada", identity.Researcher, 3)
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("s", data)
		if err != nil {
			return
		}
		signed, err := Submit(s, charterDigest, ada, created, seeds(1))
		if err != nil {
			t.Fatalf("parsed but not submitted: %v", err)
		}
		wire, err := signed.Encode()
		if err != nil {
			t.Fatal(err)
		}
		sent, err := Decode(wire)
		if err != nil {
			t.Fatalf("%s: %v", wire, err)
		}
		if err := sent.Verify(charterDigest, ada.Public()); err != nil || hash(t, &sent.Study) != hash(t, s) {
			t.Fatalf("%s: another study arrived (%v)", wire, err)
		}
		yaml, err := manifest.Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse("s", yaml)
		if err != nil || hash(t, again) != hash(t, s) {
			t.Fatalf("%s: another study was written (%v)", yaml, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	s, _ := golden(f)
	data, err := submit(f, s).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Decode(data)
		if err != nil {
			return
		}
		again, err := s.Encode()
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("decoded a second encoding: %s", data)
		}
	})
}
