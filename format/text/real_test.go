package text_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/formattest"
	"hmsp.center/hmsp/format/text"
)

// shared is a file of the texts beside the checkout.
func shared(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
	}
	path := filepath.Join(dir, "..", "shared", "data", "text", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not beside the checkout", name)
	}
	return path
}

func detected(t *testing.T, path string) {
	t.Helper()
	head, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if s := text.New().Sniff(head[:min(len(head), 64<<10)], path); s < 80 {
		t.Errorf("Sniff: %d", s)
	}
}

// German letters (GraSCCo): 42 of 42 are told to be German.
func TestGraSCCo(t *testing.T) {
	path := shared(t, "grascco_phi.ndjson")
	detected(t, path)
	v := read(t, path, format.Options{}, format.Patient, format.ID, format.NoteText, format.Language, text.Characters, "mentions((?i)diabetes)", "affirms((?i)diabetes)")
	f, _ := os.Open(path)
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<24)
	i, mentions := 0, 0
	for ; in.Scan(); i++ {
		var want struct{ Name, Text string }
		if err := json.Unmarshal(in.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		if v[format.NoteText].Text[i] != want.Text || v[format.ID].Text[i] != want.Name || v[format.Patient].Text[i] != strings.TrimSuffix(want.Name, ".txt") {
			t.Fatalf("row %d differs", i+1)
		}
		if v[format.Language].Text[i] != text.German {
			t.Errorf("row %d is told to be in %s", i+1, v[format.Language].Text[i])
		}
		if v[text.Characters].Int[i] != int64(utf8.RuneCountInString(want.Text)) {
			t.Errorf("row %d: %d characters", i+1, v[text.Characters].Int[i])
		}
		has := strings.Contains(strings.ToLower(want.Text), "diabetes")
		if has != (v["mentions((?i)diabetes)"].Int[i] == 1) || v["affirms((?i)diabetes)"].Int[i] == 1 && !has {
			t.Errorf("row %d: mentions differ", i+1)
		}
		if has {
			mentions++
		}
	}
	if i != 42 || len(v[format.NoteText].Text) != 42 {
		t.Errorf("%d lines, %d rows", i, len(v[format.NoteText].Text))
	}
	t.Logf("%d of %d letters mention diabetes", mentions, i)
}

// English sentences with spans.
func TestPresidio(t *testing.T) {
	path := shared(t, "presidio_synth_dataset_v2.json")
	detected(t, path)
	v := read(t, path, format.Options{}, format.Patient, format.NoteText)
	var want []struct {
		Text string `json:"full_text"`
	}
	b, _ := os.ReadFile(path)
	if err := json.Unmarshal(b, &want); err != nil || len(want) != 1500 || len(v[format.NoteText].Text) != 1500 {
		t.Fatalf("%d rows of %d, %v", len(v[format.NoteText].Text), len(want), err)
	}
	for i, w := range want {
		if v[format.NoteText].Text[i] != w.Text || v[format.Patient].Text[i] != "presidio_synth_dataset_v2" {
			t.Fatalf("row %d differs", i+1)
		}
	}
	d, err := text.New().Describe(t.Context(), path, format.Options{Table: format.NoteTable})
	if err != nil || !strings.Contains(strings.Join(d.Notes, "; "), "no field names the patient") {
		t.Errorf("%v, %v", d.Notes, err)
	}
}

// Dialogues and notes of visits: both are notes, and all are told to be English.
func TestACIBench(t *testing.T) {
	path := shared(t, "aci_bench_train.csv")
	detected(t, path)
	v := read(t, path, format.Options{}, format.Patient, format.Visit, format.Code, format.NoteText, format.Language)
	f, _ := os.Open(path)
	defer f.Close()
	want, err := csv.NewReader(f).ReadAll()
	if err != nil || len(want) != 68 || len(v[format.Code].Text) != 134 {
		t.Fatalf("%d rows of %d, %v", len(v[format.Code].Text), len(want), err)
	}
	for i, w := range want[1:] {
		for k, code := range []string{"hmsp:dialogue", "hmsp:note"} {
			at := 2*i + k
			if v[format.NoteText].Text[at] != w[2+k] || v[format.Code].Text[at] != code || v[format.Visit].Text[at] != w[1] || v[format.Patient].Text[at] != w[1] || v[format.Language].Text[at] != text.English {
				t.Fatalf("row %d differs", at+1)
			}
		}
	}
}

// Copies of the real files that are cut or damaged are refused, or read alike, or with a
// letter changed; none panics, and no error holds what stands in them.
func TestDamaged(t *testing.T) {
	for _, name := range []string{"grascco_phi.ndjson", "presidio_synth_dataset_v2.json", "aci_bench_train.csv"} {
		whole, err := os.ReadFile(shared(t, name))
		if err != nil {
			t.Fatal(err)
		}
		o := format.Options{Table: format.NoteTable, Columns: []string{format.Patient, format.NoteText}}
		path := filepath.Join(t.TempDir(), name)
		write := func(b []byte) {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, share := range []int{1, 333, 999} {
			cut := whole[:len(whole)*share/1000]
			write(cut)
			_, err := formattest.ReadAll(t.Context(), text.New(), path, o)
			if err == nil && name != "aci_bench_train.csv" {
				t.Errorf("%s cut at %d of 1000 is read", name, share)
			}
			if err != nil && !strings.Contains(err.Error(), path) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for i := range 6 {
			bad := bytes.Clone(whole)
			bad[len(bad)*i/6+7] ^= 0x80
			write(bad)
			_, err := formattest.ReadAll(t.Context(), text.New(), path, o)
			if err == nil && name != "aci_bench_train.csv" { // where the file has no other, it is a letter of latin1
				t.Errorf("%s: a broken letter is read", name)
			}
		}
		mislabelled := filepath.Join(t.TempDir(), "x.txt")
		if err := os.WriteFile(mislabelled, []byte{0x89, 'P', 'N', 'G', 0, 1, 2, 3}, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := formattest.ReadAll(t.Context(), text.New(), mislabelled, o); err == nil {
			t.Error("a picture is read as a note")
		}
	}
}

func BenchmarkRead(b *testing.B) {
	path := shared(b, "grascco_phi.ndjson")
	info, _ := os.Stat(path)
	b.SetBytes(info.Size())
	for b.Loop() {
		o := format.Options{Table: format.NoteTable, Columns: []string{format.Patient, text.Words, format.Language, "affirms((?i)diabetes)"}}
		if _, err := formattest.ReadAll(b.Context(), text.New(), path, o); err != nil {
			b.Fatal(err)
		}
	}
}
