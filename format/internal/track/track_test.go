package track

import (
	"context"
	"encoding/xml"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
)

// A degree of a meridian and half around the Earth of the radius 6371.0088 km; London to
// Paris by the spherical law of cosines.
func TestHaversine(t *testing.T) {
	const degree = math.Pi / 180
	paris := 6371008.8 * math.Acos(math.Sin(51.5007*degree)*math.Sin(48.8584*degree)+math.Cos(51.5007*degree)*math.Cos(48.8584*degree)*math.Cos(2.4191*degree))
	for _, c := range [][5]float64{{0, 0, 1, 0, 111195.08}, {0, 0, 0, 180, 20015114.4}, {51.5007, -0.1246, 48.8584, 2.2945, paris}, {10, 20, 10, 20, 0}} {
		if got := haversine(c[0], c[1], c[2], c[3]); math.Abs(got-c[4]) > max(1e-7*c[4], 1e-9) {
			t.Errorf("%v: %.1f m", c, got)
		}
	}
}

func walk(t *testing.T, points []Point, timed []bool) (far float64, seconds int64) {
	w := Walker{Emit: func(s activity.Sample) error {
		if s.Kind == activity.Distance {
			far, seconds = far+s.Value, seconds+s.Duration
		}
		return nil
	}}
	for i, p := range points {
		if err := w.Point(p, timed[i]); err != nil {
			t.Fatal(err)
		}
	}
	return far, seconds
}

func at(time int64, lat float64) Point {
	p := Empty(time)
	p.Latitude, p.Longitude = lat, 10
	return p
}

// The way over points without a time counts with the next; two points of one second count
// once; a clock that is put back does not lengthen the way.
func TestWalker(t *testing.T) {
	const degree = 111195.08
	yes := []bool{true, true, true, true}
	near := func(name string, got, want float64, s, wantSeconds int64) {
		if math.Abs(got-want) > 2 || s != wantSeconds {
			t.Errorf("%s: %.0f m in %d s, want %.0f in %d", name, got, s, want, wantSeconds)
		}
	}
	far, s := walk(t, []Point{at(0, 0), at(0, 1), at(10, 2)}, []bool{true, false, true})
	near("a point without a time", far, 2*degree, s, 10)
	far, s = walk(t, []Point{at(0, 0), at(0, 1), at(10, 2)}, yes)
	near("two of one second", far, 2*degree, s, 10)
	far, s = walk(t, []Point{at(0, 0), at(10, 1), at(5, 2), at(7, 3)}, yes)
	near("back in time", far, 2*degree, s, 12)
	counted := []Point{at(0, 0), at(10, 1), at(20, 2), at(30, 3)}
	for i, d := range []float64{5, 15, math.NaN(), 40} {
		counted[i].Distance = d
	}
	far, _ = walk(t, counted, yes)
	near("as the file counts it", far, 35, 0, 0)
	counted[2].Distance, counted[3].Distance = 3, 8
	far, _ = walk(t, counted, yes)
	near("counted anew", far, 10+3+5, 0, 0)
}

type nothing struct{ ends int }

func (n *nothing) Start(path []string, a []xml.Attr) error { return nil }
func (n *nothing) End(path []string, text string) error    { n.ends++; return nil }

func readText(t testing.TB, text string) (int, error) {
	path := filepath.Join(t.TempDir(), "a.xml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	n := &nothing{}
	err := Read(t.Context(), path, "a", func(func() int) Handler { return n })
	var fe *format.Error
	if err != nil && (!errors.As(err, &fe) || fe.File != path || fe.Mend == "") {
		t.Errorf("%v is no *format.Error with the file and how to mend it", err)
	}
	return n.ends, err
}

func TestXML(t *testing.T) {
	for text, ends := range map[string]int{
		"<a/>": 1,
		"\ufeff<?xml version='1.0'?>\n<!-- c --><x:a><b>1</b></x:a>\n":      2,
		"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4\xf6</a>":        1,
		"<?xml version='1.0' encoding='windows-1252'?><a><b t='\x80'/></a>": 2,
	} {
		if n, err := readText(t, text); err != nil || n != ends {
			t.Errorf("%q: %d elements, %v; want %d", text, n, err, ends)
		}
	}
	for text, says := range map[string]string{
		"<a><b></a>": "an element ends that is not open",
		"<a>":        "cut short",
		"<a><b":      "cut short",
		"":           "empty",
		"<b/>":       "the file is no a",
		"<a/><a/>":   "the file is no a",
		"<a>&x;</a>": "no well-formed XML",
		"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>":    "defines entities",
		strings.Repeat("<a>", 100):                    "deep in each other",
		"<a>" + strings.Repeat("x", 2<<20) + "</a>":   "longer than 1 MB",
		"<a b='" + strings.Repeat("x", 2<<20) + "'/>": "longer than 1 MB",
		"<?xml version='1.0' encoding='UTF-16'?><a/>": "encoding is not read",
		"x": "cut short",
	} {
		if _, err := readText(t, text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %v; want %q", text, err, says)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "a.xml")
	if err := os.WriteFile(path, []byte("<a/>"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Read(ctx, path, "a", func(func() int) Handler { return &nothing{} }); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context ended: %v", err)
	}
}

func FuzzXML(f *testing.F) {
	for _, s := range []string{"<a b='1'><c>1</c></a>", "<?xml version='1.0' encoding='latin1'?><a/>", "<!DOCTYPE a><a/>", "<a><![CDATA[1]]></a>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if s != "" {
			_, _ = readText(t, s)
			_ = Outermost([]byte(s))
		}
	})
}
