package plot

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// canvas writes SVG elements. Two gates keep its output well formed whatever
// the figure holds: every text goes through escape, every number through num.
type canvas struct {
	b  bytes.Buffer
	id string // prefix of ids, unique in a page
}

// el writes an empty element. Attributes are pairs of name and value.
func (c *canvas) el(tag string, attrs ...string) {
	c.tag(tag, attrs)
	c.b.WriteString("/>\n")
}

// open writes a start tag; shut ends it.
func (c *canvas) open(tag string, attrs ...string) {
	c.tag(tag, attrs)
	c.b.WriteString(">\n")
}

func (c *canvas) shut(tag string) { c.b.WriteString("</" + tag + ">\n") }

// leaf writes an element that holds only text.
func (c *canvas) leaf(tag, text string, attrs ...string) {
	c.tag(tag, attrs)
	c.b.WriteString(">" + escape(text) + "</" + tag + ">\n")
}

func (c *canvas) tag(tag string, attrs []string) {
	c.b.WriteString("<" + tag)
	for i := 0; i+1 < len(attrs); i += 2 {
		c.b.WriteString(" " + attrs[i] + `="` + escape(attrs[i+1]) + `"`)
	}
}

// line draws a straight line in the colour of the role.
func (c *canvas) line(x0, y0, x1, y1 float64, r role, width float64) {
	c.el("line", append(stroke(r, width), "x1", num(x0), "y1", num(y0), "x2", num(x1), "y2", num(y1))...)
}

// rect draws a filled rectangle; negative sizes are turned around.
func (c *canvas) rect(x, y, w, h float64, attrs ...string) {
	if w < 0 {
		x, w = x+w, -w
	}
	if h < 0 {
		y, h = y+h, -h
	}
	c.el("rect", append([]string{"x", num(x), "y", num(y), "width", num(w), "height", num(h)}, attrs...)...)
}

// A words is one piece of text with its place.
type words struct {
	x, y   float64
	text   string
	size   float64
	anchor string // "start" (default), "middle", "end"
	role   role
	bold   bool
	turn   float64 // degrees, about (x, y)
	halo   bool    // outlined in the paper's colour, to stand on lines
	full   string  // shown on hover where text is shortened
}

func (c *canvas) words(w words) {
	if w.text == "" {
		return
	}
	if w.role == "" {
		w.role = ink
	}
	attrs := append(fill(w.role), "x", num(w.x), "y", num(w.y), "font-size", num(w.size))
	if w.anchor != "" && w.anchor != "start" {
		attrs = append(attrs, "text-anchor", w.anchor)
	}
	if w.bold {
		attrs = append(attrs, "font-weight", "600")
	}
	if w.turn != 0 {
		attrs = append(attrs, "transform", "rotate("+num(w.turn)+" "+num(w.x)+" "+num(w.y)+")")
	}
	if w.halo {
		attrs[1] += " hm-k-paper"
		attrs = append(attrs, "stroke", paper.light(), "stroke-width", "3.5", "stroke-linejoin", "round", "paint-order", "stroke")
	}
	if w.full != "" && w.full != w.text {
		c.tag("text", attrs)
		c.b.WriteString(">" + escape(w.text) + "<title>" + escape(w.full) + "</title></text>\n")
		return
	}
	c.leaf("text", w.text, attrs...)
}

// num writes a coordinate to a hundredth of a pixel. What is not finite or far
// outside any page is held at its edge, so that no NaN or Inf is ever written.
func num(x float64) string {
	const edge = 1e5
	switch {
	case math.IsNaN(x):
		x = 0
	case x > edge:
		x = edge
	case x < -edge:
		x = -edge
	}
	s := strconv.FormatFloat(x, 'f', 2, 64)
	s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	if s == "-0" || s == "" {
		return "0"
	}
	return s
}

// escape makes a text safe in an XML text or attribute: markup is escaped,
// characters that XML forbids become U+FFFD.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&#34;")
		case r == '\'':
			b.WriteString("&#39;")
		case r == '\t' || r == '\n' || r == '\r':
			b.WriteByte(' ')
		case r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0xFFFE || r == 0xFFFF || r == utf8.RuneError:
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
