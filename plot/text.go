package plot

import (
	"strings"
	"unicode"
)

// advance holds the widths of the printable ASCII characters of Helvetica (and
// of its metric-compatible relatives Arial and Liberation Sans), in thousandths
// of the type size. With them the layout is the same wherever it is computed.
var advance = [95]int{
	278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
	556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
	1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
	667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
	333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
	556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
}

// width is the length of a text in pixels at a type size.
func width(s string, size float64) float64 {
	w := 0
	for _, r := range s {
		w += advanceOf(r)
	}
	return float64(w) * size / 1000
}

func advanceOf(r rune) int {
	switch {
	case r >= ' ' && r <= '~':
		return advance[r-' ']
	case unicode.Is(unicode.Mn, r) || unicode.IsControl(r):
		return 0
	case r >= 0x1100 && (unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) || r >= 0x1F000):
		return 1000
	}
	return 600
}

// shorten cuts a text to fit, with an ellipsis.
func shorten(s string, size, room float64) string {
	if width(s, size) <= room {
		return s
	}
	used := width("…", size)
	for i, r := range s {
		if used += float64(advanceOf(r)) * size / 1000; used > room {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// wrap breaks a text at spaces into at most lines lines that fit; the last is
// shortened where it must be.
func wrap(s string, size, room float64, lines int) []string {
	var out []string
	at := ""
	fields := strings.Fields(s)
	for i, f := range fields {
		next := f
		if at != "" {
			next = at + " " + f
		}
		if at == "" || width(next, size) <= room {
			at = next
			continue
		}
		if len(out) == lines-1 {
			at = strings.Join(append([]string{at}, fields[i:]...), " ")
			break
		}
		out, at = append(out, at), f
	}
	if at != "" {
		out = append(out, at)
	}
	for i := range out {
		out[i] = shorten(out[i], size, room)
	}
	return out
}

// widest is the length of the longest of texts.
func widest(texts []string, size float64) float64 {
	w := 0.0
	for _, t := range texts {
		w = max(w, width(t, size))
	}
	return w
}
