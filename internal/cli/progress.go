package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/researcher"
	"hmsp.center/hmsp/receipt"
)

// A progressView tells a person how far a study is: one line per phase and
// round. On a terminal the line is drawn again as sites come in; elsewhere it is
// written when it is complete, and once in between when it takes long.
type progressView struct {
	out      io.Writer
	terminal bool
	seen     int // the last report shown
	now      researcher.Report
	open     bool // the line of now is not written for good
	told     bool // who is waited for, in now
	left     map[string]bool
	over     bool
}

func (a *app) progressView() *progressView {
	return &progressView{out: a.out, terminal: isTerminal(a.out), left: map[string]bool{}}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// show takes the record after something came, or after a while in which nothing
// did.
func (v *progressView) show(rec researcher.Record) {
	moved := false
	for _, p := range rec.Progress {
		if p.Seq <= v.seen {
			continue
		}
		if v.open && (p.Phase != v.now.Phase || p.Round != v.now.Round) {
			for s, state := range p.Sites {
				if strings.HasPrefix(state, engine.PhaseAbsent) {
					v.now.Sites[s] = state // the phase went by without it
				}
			}
			v.close(true)
		}
		v.told = v.told && v.open
		v.seen, v.now, v.open, moved = p.Seq, p, true, true
	}
	for _, s := range rec.Sites {
		if why := rec.Left[s]; !why.IsZero() && !v.left[s] {
			v.left[s] = true
			v.close(false)
			fmt.Fprintf(v.out, "%s left: %s\n", s, why.Text)
		}
	}
	switch {
	case rec.Outcome != nil && !v.over:
		v.over = true
		v.close(rec.Outcome.Status == receipt.Released)
		fmt.Fprintf(v.out, "%s\n", rec.Outcome.Status)
	case v.open && v.terminal && moved:
		fmt.Fprintf(v.out, "\r\x1b[K%s", fit(progressLine(v.now, false), terminalWidth(v.out)-1))
	case v.open && !v.terminal && !moved && !v.told:
		v.told = true
		if w := waitedFor(v.now); len(w) > 0 {
			fmt.Fprintf(v.out, "%s: waiting for %s\n", phaseOf(v.now), strings.Join(w, ", "))
		}
	}
}

// close writes the present line for good. Whatever came next, the sites that did
// not leave have done their part of it: past says so.
func (v *progressView) close(past bool) {
	if !v.open {
		return
	}
	v.open = false
	if v.terminal {
		fmt.Fprint(v.out, "\r\x1b[K")
	}
	fmt.Fprintln(v.out, progressLine(v.now, past))
}

// phaseOf names a phase, with its round where it has one.
func phaseOf(p researcher.Report) string {
	if p.Phase == "computing" {
		return fmt.Sprintf("%s, round %d", p.Phase, p.Round+1)
	}
	return p.Phase
}

// waitedFor lists the sites that have not done their part of the phase.
func waitedFor(p researcher.Report) []string {
	var out []string
	for s, state := range p.Sites {
		if state == p.Phase {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

// progressLine is one line: the phase, and each site with what it did. past says
// that the phase is over.
func progressLine(p researcher.Report, past bool) string {
	var names []string
	for s := range p.Sites {
		names = append(names, s)
	}
	slices.Sort(names)
	line := fmt.Sprintf("%-20s", phaseOf(p))
	for _, s := range names {
		switch state := p.Sites[s]; {
		case strings.HasPrefix(state, engine.PhaseAbsent):
			line += fmt.Sprintf(" %s ✗ (%s)", s, state)
		case state == p.Phase && !past:
			line += " " + s + " …"
		default:
			line += " " + s + " ✓"
		}
	}
	return strings.TrimRight(line, " ")
}

// fit keeps a line that is drawn again to one row of the terminal.
func fit(line string, columns int) string {
	r := []rune(line)
	if len(r) <= columns {
		return line
	}
	return string(r[:columns-1]) + "…"
}
