package site

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"hmsp.center/hmsp/dataset"
)

// Two processes that need a key at once have the same one: with two, a patient would be
// two.
func TestOneKeyOfPseudonyms(t *testing.T) {
	for range 20 {
		home := t.TempDir()
		var got [8]uint64
		var all sync.WaitGroup
		for i := range got {
			all.Go(func() {
				pseudonym, err := Pseudonyms(home)
				if err != nil {
					t.Error(err)
					return
				}
				got[i] = pseudonym("p1")
			})
		}
		all.Wait()
		kept, err := Pseudonyms(home)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range got {
			if p != kept("p1") {
				t.Fatal("two keys")
			}
		}
	}
}

// A key that is lost is not made anew behind everybody's back: the history of what was
// answered would know nobody again, and one patient more or less would not be noticed.
func TestALostKeyOfPseudonymsIsNotMadeAnew(t *testing.T) {
	d := newDesk(t)
	if _, err := d.ask(ask{analysis: describeAge}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(d.Home("east"), pseudonymFile)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	set := dataset.File("people", d.path())
	set.Patient = "id"
	if _, err := d.site.registry().Add(t.Context(), set, d.Charter.Dictionary, true, dataset.Build{}); err == nil || !strings.Contains(err.Error(), "restore") {
		t.Errorf("registered with another key: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("another key was made")
	}
}
