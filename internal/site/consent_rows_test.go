package site

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/internal/engine"
)

// Rows without a patient's column have no consent that could be looked up: a list that
// names somebody "row 3" permits nobody, and the steward hears it at registration.
func TestConsentNeedsPatients(t *testing.T) {
	d := newDesk(t)
	list := d.Home("east") + "/rows.csv"
	var lines []string
	for _, line := range permits(0, 60) {
		lines = append(lines, "row "+strings.TrimPrefix(line, "p"))
	}
	if err := os.WriteFile(list, []byte("patient,purpose,valid_from,valid_to,status\n"+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	set := dataset.File("people", d.path())
	set.Consent = &dataset.Consent{Path: list}
	if _, err := d.site.registry().Add(t.Context(), set, d.Charter.Dictionary, true, dataset.Build{}); err == nil || !strings.Contains(err.Error(), "patient") {
		t.Errorf("registered: %v", err)
	}
	// A registration of before that was refused, or changed by hand.
	path := d.site.registry().path("people")
	set.Consent = nil
	if _, err := d.site.registry().Add(t.Context(), set, d.Charter.Dictionary, true, dataset.Build{}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, []byte("consent: {path: "+list+"}\n")...), 0o600); err != nil {
		t.Fatal(err)
	}
	reason(t, func() error { _, err := d.ask(ask{analysis: describeAge}); return err }(), engine.ReasonData)
}

// A list that is named by a link is watched while it is read: the list, not the link.
func TestTheStampOfALink(t *testing.T) {
	list, link := filepath.Join(t.TempDir(), "list.csv"), filepath.Join(t.TempDir(), "now.csv")
	if err := os.WriteFile(list, []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(list, link); err != nil {
		t.Fatal(err)
	}
	before, err := stamp(link)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list, []byte("ab"), 0o600); err != nil {
		t.Fatal(err)
	}
	if after, err := stamp(link); err != nil || after == before {
		t.Errorf("the list was written meanwhile: %v", err)
	}
}
