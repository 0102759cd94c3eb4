package plot

import (
	"fmt"
	"math"
	"strings"
)

// A role is what a colour is for; each role has a colour on light paper and one
// on dark. Elements carry the light colour as an attribute, which every program
// that reads SVG understands, and a class by which the style sheet turns it
// where the reader prefers dark.
type role string

const (
	ink   role = "ink"   // text, axes
	muted role = "muted" // secondary text, ticks
	grid  role = "grid"  // grid lines
	paper role = "paper" // the ground
)

// palette is Okabe and Ito's (2008), which people with any colour vision tell
// apart; where one of its colours has a contrast below 3:1 to the paper (orange
// and sky blue on white, blue on black) it is darkened or lightened to have it.
var palette = [...][2]string{
	{"#0072B2", "#56B4E9"},
	{"#D55E00", "#F28A4A"},
	{"#009E73", "#35C79E"},
	{"#B8578F", "#E09AC4"},
	{"#A66F00", "#E6B030"},
	{"#3A8CBF", "#A9D8F7"},
	{"#5B5B5B", "#B4B8BC"},
}

// series is the role of the colour of curve i.
func series(i int) role { return role(fmt.Sprintf("s%d", i%len(palette))) }

// dash is the pattern of curve i: solid until the colours begin again.
func dash(i int) string {
	return [...]string{"", "7 3", "2 2.5", "9 3 2 3"}[(i/len(palette))%4]
}

func (r role) pair() [2]string {
	switch r {
	case ink:
		return [2]string{"#1D2126", "#E8EAED"}
	case muted:
		return [2]string{"#565D66", "#A9B0B8"}
	case grid:
		return [2]string{"#E3E6EA", "#31363C"}
	case paper:
		return [2]string{"#FFFFFF", "#15181C"}
	}
	var i int
	if n, _ := fmt.Sscanf(string(r), "s%d", &i); n == 1 {
		return palette[i]
	}
	if n, _ := fmt.Sscanf(string(r), "d%d", &i); n == 1 {
		return [2]string{mix(i, false), mix(i, true)}
	}
	if n, _ := fmt.Sscanf(string(r), "t%d", &i); n == 1 {
		return [2]string{readable(mix(i, false)), readable(mix(i, true))}
	}
	panic("plot: no role " + string(r)) // roles are our own constants
}

func (r role) light() string { return r.pair()[0] }

func fill(r role) []string { return []string{"class", "hm-f-" + string(r), "fill", r.light()} }

func stroke(r role, width float64) []string {
	return []string{"class", "hm-k-" + string(r), "stroke", r.light(), "stroke-width", num(width), "fill", "none"}
}

// levels is the number of steps of the diverging scale, odd: the middle is 0.
const levels = 21

// level is the step for v in -1..1.
func level(v float64) int {
	l := int(math.Round((v + 1) / 2 * (levels - 1)))
	return min(max(l, 0), levels-1)
}

// mix is a colour of the diverging scale: vermilion below zero, blue above,
// the paper's neighbour at zero. Two hues that colour-blind readers tell apart.
func mix(i int, dark bool) string {
	low, mid, high := [3]float64{196, 78, 12}, [3]float64{247, 247, 246}, [3]float64{0, 98, 164}
	if dark {
		low, mid, high = [3]float64{240, 132, 70}, [3]float64{36, 41, 47}, [3]float64{86, 172, 233}
	}
	t := float64(i)/(levels-1)*2 - 1
	end := high
	if t < 0 {
		end = low
	}
	t = math.Pow(math.Abs(t), 0.85) // a little more colour near zero
	var c [3]int
	for k := range c {
		c[k] = int(math.Round(mid[k] + t*(end[k]-mid[k])))
	}
	return fmt.Sprintf("#%02X%02X%02X", c[0], c[1], c[2])
}

// readable is the text colour with the higher contrast on the ground: with
// black and white one of the two has at least sqrt(21) = 4.58.
func readable(ground string) string {
	const dark, white = "#000000", "#FFFFFF"
	if contrast(ground, white) > contrast(ground, dark) {
		return white
	}
	return dark
}

// contrast is the ratio of WCAG 2.2 (success criterion 1.4.3), 1 to 21.
func contrast(a, b string) float64 {
	la, lb := luminance(a), luminance(b)
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

func luminance(hex string) float64 {
	var c [3]int
	fmt.Sscanf(hex, "#%02X%02X%02X", &c[0], &c[1], &c[2])
	y := 0.0
	for k, w := range [3]float64{0.2126, 0.7152, 0.0722} {
		s := float64(c[k]) / 255
		if s <= 0.04045 {
			y += w * s / 12.92
		} else {
			y += w * math.Pow((s+0.055)/1.055, 2.4)
		}
	}
	return y
}

// Style is the style sheet that turns the figures' colours where the reader
// prefers dark. A figure of its own carries it; a page that embeds figures
// (Options.Embed) has it once.
func Style() string {
	var b strings.Builder
	b.WriteString("@media screen and (prefers-color-scheme: dark){")
	roles := []role{ink, muted, grid, paper}
	for i := range palette {
		roles = append(roles, series(i))
	}
	for i := range levels {
		roles = append(roles, role(fmt.Sprintf("d%d", i)), role(fmt.Sprintf("t%d", i)))
	}
	for _, r := range roles {
		p := r.pair()
		fmt.Fprintf(&b, ".hm-f-%s{fill:%s}", r, p[1])
		if !strings.HasPrefix(string(r), "d") && !strings.HasPrefix(string(r), "t") {
			fmt.Fprintf(&b, ".hm-k-%s{stroke:%s}", r, p[1])
		}
	}
	b.WriteString("}")
	return b.String()
}
