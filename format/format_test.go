package format

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestParseNumber(t *testing.T) {
	for _, c := range []struct {
		s, decimal string
		want       float64 // NaN: no number
	}{
		{"1", ".", 1}, {"-1.5", ".", -1.5}, {"+.7", ".", 0.7}, {"1e-3", ".", 0.001}, {"1E5", ".", 1e5}, {"007", ".", 7}, {"1.", ".", 1},
		{"1,5", ",", 1.5}, {"-,5", ",", -0.5}, {"15", ",", 15},
		{"1,5", ".", math.NaN()}, {"1.5", ",", math.NaN()}, {"1,234,5", ",", math.NaN()}, {"1.234,5", ",", 1234.5}, {"-12.345.678,9", ",", -12345678.9}, {"1.234.567", ",", 1234567}, {"1.234,", ",", 1234},
		{"1.234", ",", math.NaN()}, {"1.23,4", ",", math.NaN()}, {".123,4", ",", math.NaN()}, {"1234.567,8", ",", math.NaN()}, {"1.234.56,7", ",", math.NaN()}, {"1,234.5", ",", math.NaN()}, {"1.-23,4", ",", math.NaN()}, {"1.234,5", ".", math.NaN()},
		{"", ".", math.NaN()}, {".", ".", math.NaN()}, {"1 000", ".", math.NaN()}, {"0x10", ".", math.NaN()}, {"1_000", ".", math.NaN()},
		{"Inf", ".", math.NaN()}, {"nan", ".", math.NaN()}, {"1e999", ".", math.NaN()}, {"1-2", ".", math.NaN()}, {"2020-01-01", ".", math.NaN()}, {"١", ".", math.NaN()},
	} {
		x, ok := ParseNumber(c.s, c.decimal)
		if ok == math.IsNaN(c.want) || ok && x != c.want {
			t.Errorf("ParseNumber(%q, %q): %v, %v; want %v", c.s, c.decimal, x, ok, c.want)
		}
	}
}

// A number that is read is finite, and written again it reads as itself.
func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"1.5", "1,5", "-0", "1e308", "9007199254740993", "--1", "e5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, decimal := range []string{".", ","} {
			x, ok := ParseNumber(s, decimal)
			if !ok {
				continue
			}
			again := strings.Replace(strconv.FormatFloat(x, 'g', -1, 64), ".", decimal, 1)
			if y, ok := ParseNumber(again, decimal); !ok || y != x || math.IsInf(x, 0) || math.IsNaN(x) {
				t.Fatalf("%q is %v, which reads as %v", s, x, y)
			}
		}
	})
}

func TestTruth(t *testing.T) {
	for s, want := range map[string]string{"1": "true", "0": "false", "TRUE": "true", "f": "false", "Yes": "true", "n": "false", "2": "", "": "", "ja": "", "1.0": ""} {
		got := ""
		if v, ok := Truth(s); ok {
			got = strconv.FormatBool(v)
		}
		if got != want {
			t.Errorf("Truth(%q): %q, want %q", s, got, want)
		}
	}
}

// A claim is a format that only sniffs.
type claim struct {
	name  string
	score int
}

func (c claim) Name() string             { return c.name }
func (c claim) Sniff([]byte, string) int { return c.score }
func (claim) Describe(context.Context, string, Options) (Description, error) {
	return Description{}, errors.New("not asked")
}
func (claim) Open(context.Context, string, Options) (Reader, error) {
	return nil, errors.New("not asked")
}

// The surest format wins; a tie and no claim are told with the names.
func TestDetect(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, b, c := claim{"a", 50}, claim{"b", 60}, claim{"c", 60}
	if f, err := Detect([]Format{a, b}, path); err != nil || f != b {
		t.Errorf("got %v, %v; want b", f, err)
	}
	for _, formats := range [][]Format{{a, b, c}, {claim{"a", 0}}, nil} {
		if _, err := Detect(formats, path); err == nil || !strings.Contains(err.Error(), "name it with --format: "+names(formats)) {
			t.Errorf("%v: %v", formats, err)
		}
	}
	if f, err := Named([]Format{a, b}, "b"); err != nil || f != b {
		t.Errorf("Named: %v, %v", f, err)
	}
	if _, err := Detect(nil, path+"y"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v, want fs.ErrNotExist inside", err)
	}
}

func TestPick(t *testing.T) {
	all := []Column{{Name: "a", Kind: Int}, {Name: "b", Kind: Unknown, Why: "a list of values"}, {Name: "c", Kind: Text}}
	if at, err := Pick("f", all, []string{"c", "a"}); err != nil || len(at) != 2 || at[0] != 2 || at[1] != 0 {
		t.Errorf("c, a: %v, %v", at, err)
	}
	for name, says := range map[string]string{"b": "a list of values", "aa": `did you mean "a"?`} {
		if _, err := Pick("f", all, []string{name}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", name, err, says)
		}
	}
	if err := Unique("f", 1, append(all, Column{Name: "a"})); err == nil || !strings.Contains(err.Error(), "columns 1 and 4") {
		t.Errorf("a twice: %v", err)
	}
}
