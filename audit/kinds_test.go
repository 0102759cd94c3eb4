package audit

import (
	"strings"
	"testing"
)

func TestAccountsFit(t *testing.T) {
	for _, account := range []string{"", "root", `CLINIC\müller`, ".x", "-", strings.Repeat("ä", 100), "a b"} {
		if who := FormatWho(account); who != "" && !whoForm.MatchString(who) {
			t.Errorf("%q gives %q", account, who)
		}
	}
	for _, name := range []string{"", "rule 1", "§ 3 (a)", "-", strings.Repeat("x", 63) + "--", strings.Repeat("ä", 100), "a/b"} {
		if label := FormatLabel(name); !labelForm.MatchString(label) {
			t.Errorf("%q gives %q", name, label)
		}
	}
	if got := FormatLabel("n.k-rule"); got != "n.k-rule" {
		t.Errorf("a good label became %q", got)
	}
	if got := FormatWho("ada@clinic.example"); got != "ada@clinic.example" {
		t.Errorf("a good name became %q", got)
	}
}

// TestNoPatientLevelValue: nothing that could be a patient's gets into the log, by
// whatever field, and the refusal does not repeat it.
func TestNoPatientLevelValue(t *testing.T) {
	l := open(t, t.TempDir())
	const patient, value = "Patient P-4711 Müller", "creatinine=7.25 mg/dl"
	base := func() Entry {
		return Entry{Kind: StudyEnded, Study: digest(1), Who: "steward", Facts: map[string]string{"status": "failed", "reason": "data"}}
	}
	add(t, l, base())
	for what, change := range map[string]func(*Entry){
		"unknown kind":        func(e *Entry) { e.Kind = patient },
		"no kind":             func(e *Entry) { e.Kind = "" },
		"unknown fact":        func(e *Entry) { e.Facts["patient"] = patient },
		"a patient as a fact": func(e *Entry) { e.Facts[patient] = "1" },
		"free text":           func(e *Entry) { e.Facts["reason"] = patient },
		"a value":             func(e *Entry) { e.Facts["reason"] = value },
		"another word":        func(e *Entry) { e.Facts["status"] = "P-4711" },
		"in the study":        func(e *Entry) { e.Study = patient },
		"in who":              func(e *Entry) { e.Who = patient },
		"a needed fact gone":  func(e *Entry) { delete(e.Facts, "status") },
		"a path":              func(e *Entry) { e.Facts["reason"] = "/data/mueller.csv" },
		"a long text":         func(e *Entry) { e.Facts["reason"] = strings.Repeat("a", 65) },
	} {
		e := base()
		change(&e)
		_, err := l.Append(e)
		if err == nil {
			t.Errorf("%s: was written", what)
			continue
		}
		for _, secret := range []string{patient, value, "4711", "mueller", "aaaa"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the refusal repeats it: %v", what, err)
			}
		}
	}
	if c, _ := l.Checkpoint(); c.Size != 1 {
		t.Errorf("%d entries", c.Size)
	}
}

func TestForms(t *testing.T) {
	for _, c := range []struct {
		form      Form
		good, bad []string
	}{
		{Digest, []string{digest(7)}, []string{"", digest(7) + "0", strings.ToUpper(digest(0xabc)), digest(7)[1:], digest(7)[1:] + "\n"}},
		{ID, []string{digest(7), digest(7)[:32]}, []string{"", "0", digest(7)[:31], digest(7) + "0"}},
		{Member, []string{"north", "a"}, []string{"", "North", "a_b", "-a", strings.Repeat("a", 41)}},
		{Members, []string{"", "north", "a,b,c"}, []string{"b,a", "a,a", "a,", "a, b"}},
		{Label, []string{"lung", "n.k-rule", "A_1"}, []string{"", "a b", "-a", "a-", "ä", "a/b", "a=1"}},
		{Count, []string{"0", "17"}, []string{"", "-1", "01", "1.0", "1e3", "+1", "99999999999999999999"}},
		{Amount, []string{"0", "0.5", "1e-06", "1"}, []string{"", "-1", "1.0", ".5", "NaN", "0.50"}},
	} {
		f := Fact{Form: c.form}
		for _, text := range c.good {
			if !f.allows(text) {
				t.Errorf("%s: %q was refused", c.form, text)
			}
		}
		for _, text := range c.bad {
			if f.allows(text) {
				t.Errorf("%s: %q was taken", c.form, text)
			}
		}
	}
	if (Fact{Form: "text"}).allows("x") {
		t.Error("a form that nobody defined allows something")
	}
}

// The catalogue says of every kind what it means, names no kind or fact twice, and
// leaves no room for text.
func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Kinds() {
		if seen[k.Name] || k.Name == "" || k.Means == "" {
			t.Errorf("kind %q: twice, or without a meaning", k.Name)
		}
		seen[k.Name] = true
		for _, f := range k.Facts {
			if seen[k.Name+" "+f.Key] || f.Key == "" || (f.Form == Word) != (len(f.Words) > 0) {
				t.Errorf("kind %q: fact %q twice, or without words", k.Name, f.Key)
			}
			seen[k.Name+" "+f.Key] = true
			for _, text := range []string{"two words", "Müller", "a=b", "1.5 mg"} {
				if f.allows(text) {
					t.Errorf("kind %q: fact %q takes %q", k.Name, f.Key, text)
				}
			}
		}
	}
}
