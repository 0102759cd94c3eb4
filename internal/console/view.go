package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"time"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/internal/report"
	"hmsp.center/hmsp/plot"
	"hmsp.center/hmsp/receipt"
)

// A state is a status for people: never by colour alone.
type state struct{ Word, Class, Mark string }

func stateOf(s Status) state {
	switch s {
	case Submitted:
		return state{"Submitted", "waits", "○"}
	case Running:
		return state{"Running", "runs", "◐"}
	case Released:
		return state{"Released", "good", "●"}
	case Refused:
		return state{"Refused", "bad", "■"}
	case Failed:
		return state{"Failed", "bad", "▲"}
	case Cancelled:
		return state{"Cancelled", "still", "◇"}
	}
	return state{"Unknown", "still", "◇"}
}

// A moment is a time for people and for programs.
type moment struct{ Text, ISO string }

func momentOf(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	t = t.UTC()
	return moment{t.Format("2 January 2006, 15:04 UTC"), t.Format(time.RFC3339)}
}

type studyPage struct {
	ID, Name, Question string
	State              state
	Ended              bool
	Facts              []fact
	Reason             string
	Absent             []receipt.Absent
	Remarks            []string
	Progress           *progressView
	Planned            []Planned
	Findings           []findingView
	Receipt            *receiptView
	Files              bool // the result can be downloaded
	Announce           string
}

type fact struct {
	Name, Value string
	Time        string // RFC 3339, where the value is a moment
	Code        bool
}

// studyPageOf lays out a study. Without results it makes only what changes while
// the study runs.
func studyPageOf(v View, now time.Time, results bool) studyPage {
	p := studyPage{ID: v.ID, Name: v.Name, Question: v.Question, State: stateOf(v.Status), Ended: v.Status.ended(),
		Reason: v.Reason, Planned: v.Analyses, Facts: facts(v)}
	p.Announce = p.State.Word + "."
	if !p.Ended {
		p.Progress = progressOf(v.Progress, now)
		p.Announce += " " + phrase(v.Progress)
	}
	if !results || v.Outcome == nil {
		return p
	}
	o := *v.Outcome
	p.Files, p.Absent, p.Remarks = true, o.Absent, o.Remarks
	if p.Reason == "" {
		p.Reason = o.Reason
	}
	for i, f := range o.Analyses {
		p.Findings = append(p.Findings, findingOf(i, f, v))
	}
	if o.Receipt != nil {
		p.Receipt = receiptOf(*o.Receipt)
	}
	return p
}

func facts(v View) []fact {
	cohort := v.Cohort
	all := []fact{{Name: "Researcher", Value: v.Researcher}, {Name: "Purpose", Value: v.Purpose}, {Name: "Legal basis", Value: v.LegalBasis},
		{Name: "Dataset", Value: v.Dataset}, {Name: "Cohort", Value: cohort, Code: true}}
	if cohort == "" {
		all[len(all)-1] = fact{Name: "Cohort", Value: "all patients of the dataset"}
	}
	for _, m := range []struct {
		name string
		at   time.Time
	}{{"Started", v.Started}, {"Ended", v.Ended}} {
		at := momentOf(m.at)
		all = append(all, fact{Name: m.name, Value: at.Text, Time: at.ISO})
	}
	var out []fact
	for _, f := range all {
		if f.Value != "" {
			out = append(out, f)
		}
	}
	return out
}

type progressView struct {
	Phrase string
	Sites  []siteView
	Rounds []int // columns: 1..n
}

type siteView struct {
	Site, Phase, Problem, Seen string
	Done                       int
	Cells                      []string // per round: "done", "now", "next"
}

// columns is the most rounds that the picture shows; older ones move out.
const columns = 16

func progressOf(p Progress, now time.Time) *progressView {
	v := &progressView{Phrase: phrase(p)}
	last := p.Round + 1
	for _, s := range p.Sites {
		last = max(last, s.Done)
	}
	last = min(last, 1<<20)
	first := max(last-columns, 0)
	for r := first; r < max(last, first+6); r++ {
		v.Rounds = append(v.Rounds, r+1)
	}
	for _, s := range p.Sites {
		w := siteView{Site: s.Site, Phase: s.Phase, Problem: s.Problem, Done: s.Done, Seen: ago(s.LastSeen, now)}
		for _, r := range v.Rounds {
			switch {
			case r <= s.Done:
				w.Cells = append(w.Cells, "done")
			case r == p.Round+1:
				w.Cells = append(w.Cells, "now")
			default:
				w.Cells = append(w.Cells, "next")
			}
		}
		v.Sites = append(v.Sites, w)
	}
	return v
}

// phrase says progress in one sentence; it is what a screen reader announces.
func phrase(p Progress) string {
	var s string
	switch p.Phase {
	case "":
		s = "Waiting for the sites."
	case "computing", "opening":
		n := 0
		for _, site := range p.Sites {
			if site.Done > p.Round {
				n++
			}
		}
		s = fmt.Sprintf("Round %d: %d of %d sites have contributed.", p.Round+1, n, len(p.Sites))
	default:
		s = strings.ToUpper(p.Phase[:1]) + p.Phase[1:] + "."
	}
	if p.Message != "" {
		s += " " + p.Message
	}
	return s
}

func ago(t, now time.Time) string {
	if t.IsZero() {
		return "not yet seen"
	}
	switch d := now.Sub(t); {
	case d < 2*time.Second:
		return "now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	}
	return momentOf(t).Text
}

type findingView struct {
	Anchor, Name, Title, Method, Failed string
	Figures                             []figureView
	Tables                              []tableView
	Notes, Attacks                      []string
	Many                                bool // so many figures that they stand two in a row, small
}

type figureView struct {
	Title, Caption, File string
	Wide, Narrow         template.HTML // plot.SVG escapes every text it is given
}

type tableView struct {
	ID, Title, File string
	Columns         []columnView
	Rows            [][]cellView
	More            int
	Tall            bool
}

type columnView struct {
	Name   string
	Number bool
}

type cellView struct {
	Text           string
	Number, Header bool
}

// The page shows so many rows of a table; the others are in the file. Tables
// higher than tall scroll in their place.
const (
	rowsShown = 400
	tall      = 16
)

func findingOf(i int, f receipt.Finding, v View) findingView {
	w := findingView{Anchor: fmt.Sprintf("analysis-%d", i+1), Name: f.Name, Method: f.Analysis + " " + f.Version, Failed: f.Failed}
	for _, p := range v.Analyses {
		if p.Name == f.Name {
			w.Title = p.Title
		}
	}
	if f.Result == nil {
		return w
	}
	w.Notes, w.Attacks = f.Result.Notes, f.Result.Attacks
	for k, g := range f.Result.Figures {
		id := fmt.Sprintf("a%d-f%d", i+1, k+1)
		w.Figures = append(w.Figures, figureView{Title: g.Title, Caption: g.Caption, File: f.Name + "/" + g.Name + ".svg",
			Wide:   template.HTML(plot.SVG(g, plot.Options{Width: 720, ID: id, Embed: true})),
			Narrow: template.HTML(plot.SVG(g, plot.Options{Width: 360, ID: id + "-n", Embed: true}))})
	}
	w.Many = len(w.Figures) > 2
	for k, t := range f.Result.Tables {
		w.Tables = append(w.Tables, tableOf(fmt.Sprintf("a%d-t%d", i+1, k+1), f.Name, t))
	}
	return w
}

func tableOf(id, folder string, t analysis.Table) tableView {
	w := tableView{ID: id, Title: t.Title, File: folder + "/" + t.Name + ".csv", More: max(t.Rows()-rowsShown, 0), Tall: t.Rows() > tall}
	if w.Title == "" {
		w.Title = t.Name
	}
	rows := min(t.Rows(), rowsShown)
	w.Rows = make([][]cellView, rows)
	for k, c := range t.Columns {
		number := c.Text == nil
		w.Columns = append(w.Columns, columnView{c.Name, number})
		cells := report.Cells(c)
		for i := range min(rows, len(cells)) {
			w.Rows[i] = append(w.Rows[i], cellView{cells[i], number, k == 0 && !number})
		}
	}
	return w
}

type receiptView struct {
	Paragraphs []report.Paragraph
	Openings   []report.Opening
	Took       string
	Raw        string
}

func receiptOf(r receipt.Receipt) *receiptView {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil { // plain strings and numbers: cannot fail
		b.WriteString(err.Error())
	}
	return &receiptView{report.Words(r), report.Openings(r), report.Took(r), b.String()}
}
