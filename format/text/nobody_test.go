package text

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/format"
)

// Where a file says whose notes are, one that does not say it is nobody's: neither the
// visit nor the name of the file is a patient then.
func TestNotesOfNobody(t *testing.T) {
	for name, text := range map[string]string{
		"march.csv":    "patient,visit,text\np1,v1,fine\n,v2,ill\nNA,v3,ill\n",
		"march.ndjson": `{"patient":"p1","visit":"v1","text":"fine"}` + "\n" + `{"patient":null,"visit":"v2","text":"ill"}` + "\n" + `{"visit":"v3","text":"ill"}` + "\n",
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := New().(format.Tables).OpenTables(t.Context(), path, format.Options{}, map[string][]string{format.NoteTable: {format.Patient, format.NoteText}})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var got []string
		for {
			_, b, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.Rows {
				if who := b.Columns[0]; who.Missing(i) {
					got = append(got, "-")
				} else {
					got = append(got, who.Text[i])
				}
			}
		}
		if s := strings.Join(got, " "); s != "p1 - -" {
			t.Errorf("%s: notes of %s", name, s)
		}
	}
}
