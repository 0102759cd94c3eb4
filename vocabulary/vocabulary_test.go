package vocabulary

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestShort(t *testing.T) {
	for in, want := range map[string]string{
		"http://loinc.org": "loinc", "http://loinc.org/": "loinc", "https://loinc.org": "loinc", "http://loinc.org|2.76": "loinc",
		"urn:oid:2.16.840.1.113883.6.1": "loinc", "2.16.840.1.113883.6.1": "loinc", "LOINC": "loinc", "loinc": "loinc",
		"http://snomed.info/sct": "snomed", "http://snomed.info/sct/11000274103/version/20240515": "snomed",
		"http://fhir.de/CodeSystem/dimdi/icd-10-gm": "icd10gm", "http://fhir.de/CodeSystem/bfarm/icd-10-gm": "icd10gm",
		"http://fhir.de/CodeSystem/bfarm/ops": "ops", "http://fhir.de/CodeSystem/ifa/pzn": "pzn",
		"http://hl7.org/fhir/sid/cvx": "cvx", "http://dicom.nema.org/resources/ontology/DCM": "dcm",
		"http://www.orpha.net": "orphanet", "http://human-phenotype-ontology.org": "hpo",
		// Unknown systems stay.
		"http://example.org/lab": "http://example.org/lab", "urn:oid:1.2.3": "urn:oid:1.2.3", "": "",
	} {
		if got := Short(in); got != want {
			t.Errorf("Short(%q) = %q, want %q", in, got, want)
		}
	}
	for _, s := range Systems() {
		if !known(s) || Short(s) != s || Short(URI(s)) != s {
			t.Errorf("%s: URI %q has the short name %q", s, URI(s), Short(URI(s)))
		}
	}
	if !slices.IsSorted(Systems()) {
		t.Error("the systems are not sorted")
	}
}

func TestForeign(t *testing.T) {
	for in, want := range map[string]string{"SNOMED": "snomed", "RxNorm Extension": "rxnorm", "CPT4": "cpt", "Gender": "gender", "ICD10GM": "icd10gm", "Cohort Type": "Cohort Type"} {
		if got := FromOMOP(in); got != want {
			t.Errorf("FromOMOP(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"LN": "loinc", "SCT": "snomed", "I10G2004": "icd10gm", "O3012004": "ops", "L": "L", "99LAB": "99LAB", "WC": "atc"} {
		if got := FromHL7(in); got != want {
			t.Errorf("FromHL7(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestToken(t *testing.T) {
	for _, c := range []struct{ system, code, want string }{
		{"http://loinc.org", "4548-4", "loinc:4548-4"},
		{"icd10gm", " E11.90 ", "icd10gm:E11.90"},
		{"http://example.org/my lab", "K plus", "http://example.org/my%20lab|K%20plus"},
		{"urn:oid:1.2.3", "a", "urn:oid:1.2.3|a"},
		{"http://example.org/a|b", "x|y", "http://example.org/a%7Cb|x|y"},
		{"loinc", "  ", ""},
		{"", "x", "|x"},
	} {
		if got := Token(c.system, c.code); got != c.want {
			t.Errorf("Token(%q, %q) = %q, want %q", c.system, c.code, got, c.want)
		}
	}
	if s, c := Split("http://example.org/my%20lab|K%20plus"); s != "http://example.org/my lab" || c != "K plus" {
		t.Errorf("Split gave %q and %q", s, c)
	}
}

func FuzzToken(f *testing.F) {
	f.Add("http://loinc.org", "4548-4")
	f.Add("urn:oid:1.2|3", "a b|c")
	f.Fuzz(func(t *testing.T, system, code string) {
		token := Token(system, code)
		if strings.ContainsAny(token, " \t\n\r") {
			t.Fatalf("a token with a space: %q", token)
		}
		s, c := Split(token)
		if again := Token(s, c); token != "" && again != token {
			t.Fatalf("Token(Split(%q)) = %q", token, again)
		}
		if _, err := Compile(token); err == nil {
			if m, _ := Compile(token); !Hierarchical(Short(s)) && !m.Match(token) {
				t.Fatalf("%q does not match itself", token)
			}
		}
	})
}

func TestMatcher(t *testing.T) {
	for _, c := range []struct {
		pattern  string
		yes, not []string
	}{
		{"loinc:4548-4", []string{"loinc:4548-4", "snomed:1 loinc:4548-4"}, []string{"loinc:4548-40", "loinc:4548", "snomed:4548-4", ""}},
		{"http://loinc.org|4548-4", []string{"loinc:4548-4"}, nil},
		{"http://example.org/lab|K", []string{"http://example.org/lab|K"}, []string{"http://example.org/lab|K2"}},
		{"icd10gm:E11", []string{"icd10gm:E11", "icd10gm:E11.9", "icd10gm:E11.90G", "icd10gm:E1190", "icd10gm:e11.-", "icd10gm:E11.9+"}, []string{"icd10gm:E10", "icd10gm:E1", "icd10gm:E11-E14", "icd10:E11.9", "icd10gm:"}},
		{"icd10gm:E11.9", []string{"icd10gm:E11.9", "icd10gm:E11.90", "icd10gm:E1190"}, []string{"icd10gm:E11", "icd10gm:E11.8"}},
		{"icd10gm:E11.9-", []string{"icd10gm:E11.90"}, []string{"icd10gm:E11"}},
		{"icd10gm:E10-E14", []string{"icd10gm:E10", "icd10gm:E12.9", "icd10gm:E14.91"}, []string{"icd10gm:E15", "icd10gm:E09.9", "icd10gm:E1"}},
		{"icd10cm:M1A", []string{"icd10cm:M1A.00X0"}, []string{"icd10cm:M10"}},
		{"icd9cm:250", []string{"icd9cm:250.00"}, []string{"icd9cm:25"}},
		{"icd9cm:E880", []string{"icd9cm:E880.1"}, nil},
		{"atc:C10", []string{"atc:C10", "atc:C10AA05"}, []string{"atc:C09", "atc:C1"}},
		{"atc:C07-C09", []string{"atc:C08CA01"}, []string{"atc:C10AA05"}},
		{"ops:5-820", []string{"ops:5-820.00", "ops:582000", "ops:5-820"}, []string{"ops:5-821.00", "ops:5-82"}},
		{"ops:5-820..5-829", []string{"ops:5-825.1"}, []string{"ops:5-83"}},
		{"icdo3:C50", []string{"icdo3:C50.9", "icdo3:C509"}, []string{"icdo3:C51.0"}},
		{"icdo3:8140", []string{"icdo3:8140/3"}, []string{"icdo3:8141/3"}},
		{"icdo3:8140/3", []string{"icdo3:8140/3"}, []string{"icdo3:8140/2"}},
	} {
		m, err := Compile(c.pattern)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, s := range c.yes {
			if !m.Match(s) || len(m.Find(nil, s)) != 1 {
				t.Errorf("%s does not match %q", c.pattern, s)
			}
		}
		for _, s := range c.not {
			if m.Match(s) || len(m.Find(nil, s)) != 0 {
				t.Errorf("%s matches %q", c.pattern, s)
			}
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	for _, c := range []struct{ pattern, says string }{
		{"icd10gm:E1", "fewer than 3"}, {"icd10gm:11E", "letter and a digit"}, {"icd10gm:E10-E9", "fewer"}, {"icd10gm:E14-E10", "later"},
		{"icd10gm:E10-E14.1", "equally long"}, {"atc:C1", "places"}, {"atc:110", "letter"}, {"icd9cm:E88", "fewer than 4"}, {"ops:A-1", "digit"},
		{"lonic:4548-4", `did you mean "loinc"`}, {"4548-4", "unknown"}, {"loinc:", "no code"}, {"", "no code"}, {"icd10gm:E1ü", "letters and digits"},
	} {
		if _, err := Compile(c.pattern); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("Compile(%q): %v, want %q", c.pattern, err, c.says)
		}
	}
}

func TestFind(t *testing.T) {
	m, err := Compile("icd10gm:E11", "icd10gm:E10-E14", "loinc:4548-4", "icd10gm:E11.9", "loinc:4548-4")
	if err != nil {
		t.Fatal(err)
	}
	got := m.Find([]int{9}, "loinc:4548-4 icd10gm:E11.90 icd10gm:E11.90")
	if slices.Sort(got); !slices.Equal(got, []int{0, 1, 2, 3, 4, 9}) {
		t.Errorf("found %v", got)
	}
}

// A code matches a category exactly if the category, dots apart, is how it begins.
func TestMatcherIsPrefix(t *testing.T) {
	draws := rapid.StringMatching(`[A-C][0-2][0-2](\.[0-2]{1,2})?`)
	rapid.Check(t, func(t *rapid.T) {
		patterns := rapid.SliceOfN(draws, 1, 5).Draw(t, "patterns")
		code := draws.Draw(t, "code")
		plain := func(s string) string { return strings.ReplaceAll(s, ".", "") }
		want := []int(nil)
		for i, p := range patterns {
			if strings.HasPrefix(plain(code), plain(p)) {
				want = append(want, i)
			}
			patterns[i] = "icd10:" + p
		}
		m, err := Compile(patterns...)
		if err != nil {
			t.Fatal(err)
		}
		got := m.Find(nil, "icd10:"+code)
		slices.Sort(got)
		if !slices.Equal(got, want) || m.Match("icd10:"+code) != (len(want) > 0) {
			t.Fatalf("%v of %q: %v, want %v", patterns, code, got, want)
		}
	})
}

// BenchmarkMatch compares the matcher with a regular expression of the same patterns,
// on rows as a laboratory's and a ward's tables have them.
func BenchmarkMatch(b *testing.B) {
	var patterns []string
	for i := range 40 {
		patterns = append(patterns, fmt.Sprintf("loinc:%d-4", 4500+i), fmt.Sprintf("icd10gm:E%02d", i))
	}
	patterns = append(patterns, "icd10gm:C00-C97", "atc:C10")
	m, err := Compile(patterns...)
	if err != nil {
		b.Fatal(err)
	}
	rows := []string{"loinc:2345-7 snomed:33747003", "icd10gm:E11.90", "atc:C10AA05", "icd10gm:I10.90 snomed:38341003", "loinc:4510-4"}
	b.Run("matcher", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			m.Match(rows[i%len(rows)])
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
	})
	b.Run("regexp", func(b *testing.B) {
		var alternatives []string
		for _, p := range patterns[:80] {
			alternatives = append(alternatives, regexp.QuoteMeta(p))
		}
		re := regexp.MustCompile(`(^| )(` + strings.Join(alternatives, "|") + `|icd10gm:C|atc:C10)`)
		for i := range b.N {
			re.MatchString(rows[i%len(rows)])
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
	})
}

func BenchmarkToken(b *testing.B) {
	for range b.N {
		Token("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "E11.90")
	}
}
