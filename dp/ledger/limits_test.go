package ledger

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hmsp.center/hmsp/manifest"
)

func TestReadLimits(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"hmsp: budget/v1", ""},
		{"hmsp: budget/v1\nper_dataset: 1\nper_study: 0.02\nper_requester: 0.3\nper_purpose: 0.4\ndelta: 1e-5\ndatasets:\n  lung: {per_dataset: 0.1, per_study: 0.01, delta: 1e-9}\n  heart: {with: lung}\n", ""},
		{"per_dataset: 1", `"hmsp" is missing`},
		{"hmsp: budget/v2", "budget/v1"},
		{"hmsp: budget/v1\nper_datasets: 1", "per_dataset"},
		{"hmsp: budget/v1\nper_dataset: 0", "1e-09"},
		{"hmsp: budget/v1\nper_dataset: -1", "1e-09"},
		{"hmsp: budget/v1\nper_dataset: 1e6", "100"},
		{"hmsp: budget/v1\ndelta: 0.5", "0.01"},
		{"hmsp: budget/v1\ndatasets: {a: {with: a}}", "that of another dataset"},
		{"hmsp: budget/v1\ndatasets: {a: {with: b}, b: {with: c}}", "that of another dataset"},
		{"hmsp: budget/v1\ndatasets: {a: {with: b, per_dataset: 1}}", "leave out per_dataset"},
		{"hmsp: budget/v1\ndatasets: {a: {with: '../b'}}", "another dataset"},
	} {
		l, err := ParseLimits("budget.yaml", []byte(c.text))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%q: %v", c.text, err)
		case c.want == "":
			if err := l.Valid(); err != nil {
				t.Errorf("%q: %v", c.text, err)
			}
		case err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "budget.yaml"):
			t.Errorf("%q: %v, want %q in it", c.text, err, c.want)
		}
	}
}

func TestLimitsOfADataset(t *testing.T) {
	l, err := ParseLimits("budget.yaml", []byte("hmsp: budget/v1\nper_study: 0.02\ndatasets:\n  lung: {per_dataset: 0.1, delta: 1e-9}\n  heart: {with: lung, per_study: 0.01}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][3]float64{"other": {0.5, 0.02, 1e-6}, "lung": {0.1, 0.02, 1e-9}, "heart": {0.1, 0.01, 1e-6}} {
		a, b, c := l.Of(name)
		if got := [3]float64{a, b, c}; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if l.Account("heart") != "lung" || l.Account("lung") != "lung" {
		t.Error("whose account?")
	}
}

// TestLimitsOfAHome: no file means the defaults, and what is written is read.
func TestLimitsOfAHome(t *testing.T) {
	home := t.TempDir()
	l, err := ReadLimits(home)
	if err != nil || !reflect.DeepEqual(l, DefaultLimits()) {
		t.Fatalf("%+v, %v", l, err)
	}
	l.PerStudy = 0.02
	if err := manifest.Write(filepath.Join(home, File), l, "a comment"); err != nil {
		t.Fatal(err)
	}
	if again, err := ReadLimits(home); err != nil || !reflect.DeepEqual(l, again) {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := ReadLimits(filepath.Join(home, "none")); err == nil {
		t.Error("a home that does not exist has limits")
	}
	if (Limits{PerStudy: math.NaN()}).Valid() == nil || (Limits{Datasets: map[string]DatasetLimits{"a": {Delta: 1}}}).Valid() == nil {
		t.Error("limits that cannot be kept are valid")
	}
}

func TestPublishedSchema(t *testing.T) {
	published, err := os.ReadFile("../../docs/schema/budget.json")
	if err != nil || !bytes.Equal(bytes.TrimSpace(published), bytes.TrimSpace(JSONSchema())) {
		t.Errorf("docs/schema/budget.json is not dp/ledger/budget.schema.json; copy it (%v)", err)
	}
}

func TestAmounts(t *testing.T) {
	for rho, want := range map[float64]amount{0: 0, 0.3: 3e11, 0.30000000000000004: 3e11, 1e-12: 1, 1.4e-12: 2, 1e-13: 1, 0.5: 5e11, math.Inf(1): maxAmount} {
		if got, err := rhoAmount(rho); err != nil || got != want {
			t.Errorf("%v: %d, %v; want %d", rho, got, err, want)
		}
	}
	for _, rho := range []float64{-1, math.NaN()} {
		if _, err := rhoAmount(rho); err == nil {
			t.Errorf("%v is an amount", rho)
		}
	}
}

func FuzzParseLimits(f *testing.F) {
	f.Add([]byte("hmsp: budget/v1\nper_dataset: 1\ndatasets:\n  lung: {per_dataset: 0.1}\n  heart: {with: lung}\n"))
	f.Add([]byte("hmsp: budget/v1\ndelta: .nan"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := ParseLimits("budget.yaml", data)
		if err != nil {
			return
		}
		for name := range l.Datasets {
			if rho, _, delta := l.Of(name); !(rho > 0 && rho <= maxLimit) || !(delta > 0 && delta <= maxDelta) {
				t.Errorf("%s: rho %v, delta %v", name, rho, delta)
			}
		}
	})
}
