package plot

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
)

var kinds = []Kind{Step, Line, Bar, Forest, Heat, Scatter, "unknown"}

// sound fails where a drawing is not well-formed XML, holds an element that we
// do not draw, an event handler or an address, or a coordinate that is no number.
func sound(t *testing.T, svg []byte) {
	t.Helper()
	allowed := " svg title desc style rect line path circle text g clipPath "
	d := xml.NewDecoder(bytes.NewReader(svg))
	ids := map[string]bool{}
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%.2000s", err, svg)
		}
		e, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		if !strings.Contains(allowed, " "+e.Name.Local+" ") {
			t.Fatalf("element %s", e.Name.Local)
		}
		for _, a := range e.Attr {
			name := strings.ToLower(a.Name.Local)
			if strings.HasPrefix(name, "on") || name == "href" || name == "style" {
				t.Fatalf("attribute %s=%q", a.Name.Local, a.Value)
			}
			if name == "id" {
				if ids[a.Value] {
					t.Fatalf("id %q twice", a.Value)
				}
				ids[a.Value] = true
			}
			switch name {
			case "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "d", "width", "height", "transform", "viewbox":
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") || strings.Contains(a.Value, "e+") {
					t.Fatalf("%s=%q", a.Name.Local, a.Value)
				}
			}
			if (name == "width" || name == "height") && strings.HasPrefix(a.Value, "-") {
				t.Fatalf("%s has %s=%q", e.Name.Local, name, a.Value)
			}
		}
	}
}

func TestTextsAreOnlyText(t *testing.T) {
	for _, evil := range []string{`"><script>alert(1)</script>`, `' onload='alert(1)`, `</title></desc><image href="https://example.org"/>`, `]]><x>`, "a\x00b\x1b[31m\ufffe\xff", `<!--`, `&#60;script&#62;`, strings.Repeat("long ", 400), "日本語の長いラベル", "\u202eright to left"} {
		for _, k := range kinds {
			f := Figure{Name: evil, Title: evil, Kind: k, Caption: evil, X: Axis{Label: evil, Labels: []string{evil, "b"}}, Y: Axis{Label: evil, Labels: []string{evil, "b"}},
				Series: []Series{{Name: evil, X: []float64{1, 2}, Y: []float64{1, 2}, Lo: []float64{0.5, 1}, Hi: []float64{2, 3}, Marks: []float64{1.5}, Labels: []string{evil, evil}, Z: []float64{1, 0, 0, 1}}, {Name: evil, X: []float64{3}, Y: []float64{3}}},
				AtRisk: &AtRisk{Times: []float64{1, 2}, Rows: []RiskRow{{Name: evil, N: []float64{3, 2}}}}}
			for _, o := range []Options{{}, {ID: evil, Embed: true, Width: 300}} {
				sound(t, SVG(f, o))
			}
		}
	}
}

func TestNumbersThatAreNone(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	odd := []float64{nan, inf, -inf, 0, -1, 1e308, -1e308, 5e-324, 1, 2}
	for _, k := range kinds {
		for _, log := range []bool{false, true} {
			for i := range odd {
				rot := append(append([]float64(nil), odd[i:]...), odd[:i]...)
				f := Figure{Kind: k, X: Axis{Log: log, Min: &odd[i], Max: &rot[3]}, Y: Axis{Log: log, Max: &rot[5]},
					Series: []Series{{Name: "a", X: odd, Y: rot, Lo: odd[:5], Hi: rot, Marks: odd, Z: append(rot[:9:9], nan, 1, 2, 3, 4, 5, inf)}, {Name: "b", X: rot, Y: odd}},
					AtRisk: &AtRisk{Times: odd, Rows: []RiskRow{{N: odd}}}}
				sound(t, SVG(f, Options{Width: odd[i], Height: rot[4]}))
			}
		}
	}
}

func TestEmptyFigures(t *testing.T) {
	for _, k := range kinds {
		for name, f := range map[string]Figure{"zero": {}, "no points": {Series: []Series{{Name: "a"}}}, "only NaN": {Series: []Series{{X: []float64{math.NaN()}, Y: []float64{1}}}}, "unlike lengths": {Series: []Series{{X: []float64{1, 2, 3}}}}} {
			f.Kind = k
			svg := SVG(f, Options{})
			sound(t, svg)
			if k == Scatter && !strings.Contains(string(svg), "No data to show") {
				t.Errorf("%s: does not say that there is nothing", name)
			}
		}
	}
}

func TestAlternativeText(t *testing.T) {
	s := string(SVG(Figure{Name: "a b", Title: "Survival", Caption: "How to read it."}, Options{}))
	for _, want := range []string{`role="img"`, `>Survival</title>`, `>How to read it.</desc>`, `aria-labelledby="hm-a_wb-title hm-a_wb-desc"`} {
		if !strings.Contains(s, want) {
			t.Errorf("no %s in\n%s", want, s)
		}
	}
	s = string(SVG(Figure{Name: "x", X: Axis{Label: "age"}, Y: Axis{Label: "count"}, Series: []Series{{Name: "men"}}}, Options{}))
	if !strings.Contains(s, "count by age: men.") || !strings.Contains(s, "Figure x") {
		t.Errorf("a figure without title and caption is not described:\n%s", s)
	}
}

// WCAG 2.2: 4.5:1 for text, 3:1 for what must be seen to understand a figure.
func TestContrast(t *testing.T) {
	for theme := range 2 {
		ground := paper.pair()[theme]
		for _, r := range []role{ink, muted} {
			if c := contrast(r.pair()[theme], ground); c < 4.5 {
				t.Errorf("%s on paper %d: %.2f", r, theme, c)
			}
		}
		for i := range palette {
			if c := contrast(series(i).pair()[theme], ground); c < 3 {
				t.Errorf("series %d on paper %d: %.2f", i, theme, c)
			}
		}
		for i := range levels {
			d, x := role(fmt.Sprintf("d%d", i)), role(fmt.Sprintf("t%d", i))
			if c := contrast(d.pair()[theme], x.pair()[theme]); c < 4.5 {
				t.Errorf("number in a cell of level %d, theme %d: %.2f", i, theme, c)
			}
		}
	}
}

func TestManyPoints(t *testing.T) {
	n := 200000
	s := Series{X: make([]float64, n), Y: make([]float64, n)}
	for i := range n {
		s.X[i], s.Y[i] = float64(i), 1-float64(i)/float64(n)
	}
	if got := len(SVG(Figure{Kind: Step, Series: []Series{s}}, Options{})); got > 200_000 {
		t.Errorf("a curve of %d steps takes %d bytes", n, got)
	}
}

func FuzzSVG(f *testing.F) {
	b, _ := json.Marshal(Figure{Name: "n", Kind: Step, Series: []Series{{Name: "a", X: []float64{0, 1}, Y: []float64{1, 0}}}})
	f.Add(b)
	f.Add([]byte(`{"kind":"heat","x":{"labels":["a","b"]},"series":[{"z":[1,2,3,4]}]}`))
	f.Add([]byte(`{"kind":"forest","x":{"log":true},"series":[{"x":[1,-2],"lo":[0.5],"hi":[3,4,5],"labels":["a"]}]}`))
	f.Add([]byte(`{"kind":"bar","x":{"labels":["a"]},"y":{"log":true},"series":[{"y":[3,4]}]}`))
	f.Add([]byte(`{"kind":"line","x":{"min":1e9,"max":1e-9},"series":[{"x":[1e300,-1e300],"y":[1,2],"lo":[0,1],"hi":[2,3]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var fig Figure
		if json.Unmarshal(b, &fig) != nil {
			return
		}
		first := SVG(fig, Options{})
		sound(t, first)
		if !bytes.Equal(first, SVG(fig, Options{})) {
			t.Fatal("drawn twice, the figure differs")
		}
	})
}
