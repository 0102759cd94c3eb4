package plot

import (
	"strconv"
	"strings"
)

// Options say how large a figure is and where it will stand. The zero value is
// a figure of its own, 640 pixels wide.
type Options struct {
	Width  float64 // pixels; default 640, held in 240..4000
	Height float64 // pixels; 0 lets the figure choose what its content needs
	ID     string  // prefix of the ids inside, unique in a page; default the figure's name
	Embed  bool    // in a page that has Style and prints title and caption itself
}

// SVG draws the figure. The same figure and options give the same bytes; texts
// may hold anything; numbers that are not finite are left out; a figure without
// data says so. The title and the caption are its name and its description for
// readers who do not see it.
func SVG(f Figure, o Options) []byte {
	o = o.defaults(f)
	f = finite(f)
	c := &canvas{id: identifier(o.ID)}
	d := &drawing{canvas: c, f: f, w: o.Width, h: o.Height}
	head := 10.0
	if !o.Embed {
		head = d.title(f.Title)
	}
	d.top = head
	switch {
	case f.empty():
		d.nothing()
	case f.Kind == Forest:
		d.forest()
	case f.Kind == Heat:
		d.heat()
	case f.Kind == Bar:
		d.bars()
	default: // Step, Line, Scatter
		d.curves()
	}
	return d.document(f, o)
}

func (o Options) defaults(f Figure) Options {
	if !(o.Width >= 1) {
		o.Width = 640
	}
	o.Width = min(max(o.Width, 240), 4000)
	if !(o.Height >= 1) {
		o.Height = 0
	} else {
		o.Height = min(max(o.Height, 160), 8000)
	}
	if o.ID == "" {
		o.ID = f.Name
	}
	return o
}

// identifier makes an XML name of any text.
func identifier(s string) string {
	var b strings.Builder
	b.WriteString("hm-")
	for _, r := range s {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			b.WriteRune(r)
		} else {
			b.WriteString("_" + strconv.FormatInt(int64(r), 36))
		}
	}
	return b.String()
}

// fonts are sans-serif faces of the same widths; no font is loaded.
const fonts = "Helvetica, Arial, 'Liberation Sans', 'Nimbus Sans', sans-serif"

// document wraps what was drawn, once its height is known.
func (d *drawing) document(f Figure, o Options) []byte {
	c := &canvas{id: d.id}
	c.open("svg", "xmlns", "http://www.w3.org/2000/svg", "viewBox", "0 0 "+num(d.w)+" "+num(d.h),
		"width", num(d.w), "height", num(d.h), "role", "img", "aria-labelledby", c.id+"-title "+c.id+"-desc",
		"font-family", fonts, "class", "hm-figure")
	title := f.Title
	if title == "" {
		title = "Figure " + f.Name
	}
	c.leaf("title", title, "id", c.id+"-title")
	c.leaf("desc", description(f), "id", c.id+"-desc")
	if !o.Embed {
		c.b.WriteString("<style>" + Style() + "</style>\n")
		c.rect(0, 0, d.w, d.h, fill(paper)...)
	}
	c.b.Write(d.b.Bytes())
	c.shut("svg")
	return c.b.Bytes()
}

// description is the caption, or where there is none what the axes and curves
// are.
func description(f Figure) string {
	if f.Caption != "" {
		return f.Caption
	}
	s := strings.TrimSpace(f.Y.Label + " by " + f.X.Label)
	if f.Y.Label == "" || f.X.Label == "" {
		s = strings.TrimSpace(f.Y.Label + f.X.Label)
	}
	var names []string
	for _, r := range f.Series {
		if r.Name != "" {
			names = append(names, r.Name)
		}
	}
	if len(names) > 0 {
		s += ": " + strings.Join(names, ", ")
	}
	if s == "" {
		return "Figure of kind " + string(f.Kind) + "."
	}
	return s + "."
}
