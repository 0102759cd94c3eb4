package dataset_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/csv"
	"hmsp.center/hmsp/table"
)

// linkedHeights are the heights of each patient after two files were linked.
func linkedHeights(t *testing.T, first, second string) string {
	dir := t.TempDir()
	l := dataset.Loader{Formats: []format.Format{csv.Format{}}, Pseudonym: func(s string) uint64 { return uint64(s[len(s)-1]) }}
	var kept []*dataset.Kept
	for i, text := range []string{first, second} {
		d := dataset.File(fmt.Sprint("set", i), filepath.Join(dir, fmt.Sprint(i, ".csv")))
		if err := os.WriteFile(d.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		d.Patient = "patient"
		if strings.Contains(text, "day") {
			d.Time = "day"
		}
		k, err := l.Keep(t.Context(), d, table.Schema{{Name: "height", Kind: table.Number, Max: 3}}, dataset.Build{Path: filepath.Join(dir, fmt.Sprint("pool", i))})
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		kept = append(kept, k)
	}
	k, err := dataset.Link(t.Context(), kept, []string{"height"}, dataset.Build{Path: filepath.Join(dir, "linked")})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	h, err := k.History(t.Context(), "height")
	if err != nil {
		t.Fatal(err)
	}
	e, _ := h.Lookup("height")
	var out []string
	for i, p := range e.Patients {
		out = append(out, fmt.Sprintf("%c=%g", rune(h.Pseudonyms[p]), e.Values.Numbers[i]))
	}
	return strings.Join(out, " ")
}

// Whether one patient has an event in a dataset changes nothing of what others have: the
// presence of one cannot be seen in the numbers of all.
func TestLinkOfOneChangesNobodyElse(t *testing.T) {
	const second = "patient,height\na,1.1\nb,1.2\nc,1.3\n"
	for _, c := range []struct{ first, want string }{
		{"patient,day,height\na,2020-01-01,\nb,2020-01-01,\nc,2020-01-01,\n", "a=1.1 b=1.2 c=1.3"},
		{"patient,day,height\na,2020-01-01,\nb,2020-01-01,2.5\nb,2020-01-02,2.6\nc,2020-01-01,\n", "a=1.1 b=2.5 b=2.6 c=1.3"},
		{"patient,height\na,\nb,2.5\nc,\n", "a=1.1 b=2.5 c=1.3"},
	} {
		if got := linkedHeights(t, c.first, second); got != c.want {
			t.Errorf("%q: got %s, want %s", c.first, got, c.want)
		}
	}
}
