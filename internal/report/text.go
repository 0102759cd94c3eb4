package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/receipt"
)

// longest is the number of rows that the terminal shows of a table; of a longer
// one it shows the first shown and says where the others are.
const (
	longest = 24
	shown   = 10
)

// Text writes the outcome for a terminal of that many columns (80 if unknown):
// what was asked, every table, the notes, and the receipt in words.
func Text(w io.Writer, o receipt.Outcome, width int) error {
	if width < 40 {
		width = 80
	}
	p := &printer{Writer: bufio.NewWriter(w), width: width}
	p.head(o)
	for _, f := range o.Analyses {
		p.finding(f)
	}
	if o.Receipt != nil {
		p.receipt(*o.Receipt)
	}
	if err := p.Flush(); err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	return nil
}

type printer struct {
	*bufio.Writer
	width int
}

func (p *printer) line(s string) { p.WriteString(strings.TrimRight(s, " ") + "\n") }

// para writes a text in lines that fit, each after the indent.
func (p *printer) para(indent, s string) {
	at, first := indent, true
	for _, f := range strings.Fields(printable(s)) {
		if !first && utf8.RuneCountInString(at)+1+utf8.RuneCountInString(f) > p.width {
			p.line(at)
			at, first = strings.Repeat(" ", utf8.RuneCountInString(indent)), true
		}
		if !first {
			at += " "
		}
		at, first = at+f, false
	}
	p.line(at)
}

func (p *printer) heading(s string) {
	p.line("")
	p.para("", s)
	p.line(strings.Repeat("─", min(utf8.RuneCountInString(printable(s)), p.width)))
}

func (p *printer) head(o receipt.Outcome) {
	p.para("", o.Study.Name+": "+string(o.Status))
	if o.Study.Question != "" {
		p.para("", o.Study.Question)
	}
	if o.Reason != "" {
		p.para("", "Reason: "+o.Reason)
	}
	for _, a := range o.Absent {
		p.para("", "Without "+a.Site+": "+a.Reason)
	}
	for _, r := range o.Remarks {
		p.para("", "Remark of the lead: "+r)
	}
}

func (p *printer) finding(f receipt.Finding) {
	p.heading(f.Name + " (" + f.Analysis + " " + f.Version + ")")
	if f.Failed != "" {
		p.para("", "No result: "+f.Failed)
	}
	if f.Result == nil {
		return
	}
	for _, t := range f.Result.Tables {
		p.line("")
		if t.Title != "" {
			p.para("", t.Title)
		}
		p.table(t, f.Name+"/"+t.Name+".csv")
	}
	for _, n := range f.Result.Notes {
		p.para("Note: ", n)
	}
}

// table writes a table in blocks of columns that fit the width, as R does; where
// the first column is text it stands before each block.
func (p *printer) table(t analysis.Table, file string) {
	rows := t.Rows()
	if rows > longest {
		rows = shown
	}
	if rows == 0 {
		p.line("  (no rows)")
		return
	}
	cols := make([][]string, len(t.Columns))
	wide := make([]int, len(t.Columns))
	for k, c := range t.Columns {
		cells := c
		if c.Len() > rows {
			cells = analysis.Column{Name: c.Name}
			if c.Text != nil {
				cells.Text = c.Text[:rows]
			} else {
				cells.Numbers = c.Numbers[:rows]
			}
		}
		cols[k] = append([]string{printable(c.Name)}, Cells(cells)...)
		for _, s := range cols[k] {
			wide[k] = max(wide[k], utf8.RuneCountInString(s))
		}
	}
	lead := 0
	if len(t.Columns) > 1 && t.Columns[0].Text != nil {
		lead = 1
	}
	for from := lead; from < len(cols); {
		used, to := 0, from
		if lead == 1 {
			used = wide[0] + 2
		}
		for to < len(cols) && (to == from || used+wide[to]+2 <= p.width) {
			used += wide[to] + 2
			to++
		}
		for i := range rows + 1 {
			var b strings.Builder
			if lead == 1 {
				b.WriteString("  " + cell(cols[0], i, wide[0], true))
			}
			for k := from; k < to; k++ {
				b.WriteString("  " + cell(cols[k], i, wide[k], t.Columns[k].Text != nil))
			}
			p.line(b.String())
		}
		from = to
	}
	if more := t.Rows() - rows; more > 0 {
		p.line(fmt.Sprintf("  … and %s in %s", count(more, "more row", "more rows"), printable(file)))
	}
}

func cell(col []string, i, wide int, left bool) string {
	s := ""
	if i < len(col) {
		s = col[i]
	}
	pad := strings.Repeat(" ", max(wide-utf8.RuneCountInString(s), 0))
	if left {
		return s + pad
	}
	return pad + s
}

func (p *printer) receipt(r receipt.Receipt) {
	p.heading("Receipt")
	for _, w := range Words(r) {
		p.line("")
		p.line(w.Heading)
		for _, s := range w.Sentences {
			p.para("  ", s)
		}
		if w.Heading != "What left the sites" {
			continue
		}
		for _, o := range Openings(r) {
			what := fmt.Sprintf("%s, %s: %s (%s", o.Analysis, o.Rounds(), o.What, count(o.Numbers, "number", "numbers"))
			if o.First != o.Last {
				what += " each"
			}
			what += fmt.Sprintf(" from %s", count(len(o.Contributors), "site", "sites"))
			if o.Rows != nil {
				what += ", " + count(*o.Rows, "patient", "patients")
			}
			p.para("  - ", what+")")
		}
	}
}
