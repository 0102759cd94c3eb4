package text

import (
	"regexp"
	"strings"
	"testing"
)

// Sentences in the manner of Chapman et al. 2001 and of German letters.
func TestAffirmed(t *testing.T) {
	e := regexp.MustCompile(`(?i)diabetes|fieber|fever`)
	for _, c := range []struct {
		text string
		want bool
	}{
		{"Bekannter Diabetes mellitus Typ 2.", true},
		{"Kein Anhalt für Diabetes mellitus.", false},
		{"Es besteht kein sicherer Anhalt für einen Diabetes.", false},
		{"Der Patient hat keinen Diabetes, aber Fieber.", true},
		{"Kein Husten, jedoch Diabetes.", true},
		{"Ein Diabetes wurde ausgeschlossen.", false},
		{"Ein Diabetes ist nicht ausgeschlossen.", true},
		{"Fieber: nein", false},
		{"Fieber wird verneint.", false},
		{"Nicht nur Fieber, auch Husten.", true},
		{"Kein Husten. Diabetes seit 2010.", true},
		{"Ohne Fieber.", false},
		{"Diagnosen:\n- keine Allergien\n- Diabetes mellitus\n", true},
		{"Kein Schmerz, kein Erbrechen und auch\nkein Fieber.", false},
		{"Kein Diabetes.\nFieber seit gestern.", true},
		{"No evidence of diabetes.", false},
		{"The patient denies fever.", false},
		{"The patient denies fever but has diabetes.", true},
		{"Diabetes was ruled out.", false},
		{"Diabetes cannot be ruled out.", true},
		{"No increase in fever.", true},
		{"She is not only known for diabetes.", true},
		{"There is a history of diabetes.", true},
		{"Negative for fever.", false},
		{"No cough and no pain was reported by her at home in spring, fever began later.", true}, // more than five words
		{"Diabetes is not treated with insulin.", true},
		{"Dr. Xu saw no sign of fever.", false},
		{"", false},
	} {
		if got := affirmed(c.text, e); got != c.want {
			t.Errorf("%q: %v, want %v", c.text, got, c.want)
		}
	}
	if affirmed("ä", regexp.MustCompile(`x*`)) != true {
		t.Error("an empty match affirms")
	}
}

func TestLanguage(t *testing.T) {
	for want, s := range map[string]string{
		German:  "Wir berichten über den Patienten, der sich bei uns mit Schmerzen vorstellte und nach der Operation entlassen wurde.",
		English: "We report on the patient who was seen with pain and was discharged after the operation.",
		Other:   "Nous rapportons le cas du patient qui a été vu avec des douleurs et qui est sorti après son opération.",
	} {
		if got := languageOf(s); got != want {
			t.Errorf("%s: %s, want %s", s, got, want)
		}
	}
}

func FuzzAffirmed(f *testing.F) {
	f.Add("No evidence of diabetes. Kein Fieber\n\n- ä")
	e := regexp.MustCompile(`(?i)diabetes|e|`)
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		affirmed(s, e)
		languageOf(s)
	})
}
