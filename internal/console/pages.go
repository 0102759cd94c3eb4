package console

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"hmsp.center/hmsp/internal/report"
	"hmsp.center/hmsp/plot"
)

//go:embed pages assets
var files embed.FS

// render writes a page, or a part of one, only when all of it could be made.
func (c *Console) render(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := c.pages.ExecuteTemplate(&b, name, data); err != nil {
		c.report(fmt.Errorf("console: page %s: %w", name, err))
		http.Error(w, "The page could not be made. This is a fault of the software.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

func (c *Console) report(err error) {
	if c.cfg.Report != nil {
		c.cfg.Report(err)
	}
}

type errorPage struct {
	Title, Mend string
	Inside      bool // the visitor has the key: the list is there to go to
}

// fail answers with a page that says what happened and what to do.
func (c *Console) fail(w http.ResponseWriter, status int, title, mend string) {
	c.render(w, status, "error.html", errorPage{title, mend, status == http.StatusNotFound})
}

func (c *Console) missing(w http.ResponseWriter, r *http.Request) {
	c.fail(w, http.StatusNotFound, "There is no such page", "Choose a study from the list.")
}

// unreadable answers for an error of Studies, whose text stays in our log.
func (c *Console) unreadable(w http.ResponseWriter, err error) {
	if errors.Is(err, ErrNotFound) {
		c.fail(w, http.StatusNotFound, "There is no such study", "It may have been archived, or the address is incomplete. Choose one from the list.")
		return
	}
	c.report(err)
	c.fail(w, http.StatusServiceUnavailable, "The studies cannot be read now", "Try again in a moment. If it stays so, the terminal where hmsp runs says why.")
}

type listPage struct {
	Studies  []line
	Running  int
	Announce string
}

// A line is a study in the list.
type line struct {
	Summary
	State state
	When  moment
	Sites string
}

func (c *Console) listing(r *http.Request) (listPage, error) {
	all, err := c.cfg.Studies.List(r.Context())
	if err != nil {
		return listPage{}, err
	}
	p := listPage{}
	for _, s := range all {
		l := line{Summary: s, State: stateOf(s.Status), When: momentOf(s.Started)}
		if !s.Status.ended() {
			p.Running++
			l.Sites = phrase(s.Progress)
		}
		p.Studies = append(p.Studies, l)
	}
	p.Announce = fmt.Sprintf("%d studies, %d running.", len(p.Studies), p.Running)
	return p, nil
}

func (c *Console) list(w http.ResponseWriter, r *http.Request) { c.listAs(w, r, "list.html") }

func (c *Console) listLive(w http.ResponseWriter, r *http.Request) { c.listAs(w, r, "studies") }

func (c *Console) listAs(w http.ResponseWriter, r *http.Request, name string) {
	p, err := c.listing(r)
	if err != nil {
		c.unreadable(w, err)
		return
	}
	c.render(w, http.StatusOK, name, p)
}

func (c *Console) study(w http.ResponseWriter, r *http.Request) { c.studyAs(w, r, "study.html") }

func (c *Console) studyLive(w http.ResponseWriter, r *http.Request) { c.studyAs(w, r, "progress") }

func (c *Console) studyAs(w http.ResponseWriter, r *http.Request, name string) {
	v, err := c.cfg.Studies.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		c.unreadable(w, err)
		return
	}
	c.render(w, http.StatusOK, name, studyPageOf(v, c.cfg.Now(), name == "study.html"))
}

// file serves a part of a result, as the result folder holds it.
func (c *Console) file(w http.ResponseWriter, r *http.Request) {
	v, err := c.cfg.Studies.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		c.unreadable(w, err)
		return
	}
	if v.Outcome == nil {
		c.fail(w, http.StatusNotFound, "There is no result yet", "Go back to the study and wait until it has ended.")
		return
	}
	parts, err := report.Files(*v.Outcome)
	if err != nil {
		c.unreadable(w, err)
		return
	}
	want := r.PathValue("path")
	for _, f := range parts {
		if f.Path != want {
			continue
		}
		kind, name := kindOf(want), v.Name+"-"+strings.ReplaceAll(want, "/", "-")
		if kind == "image/svg+xml" { // a figure brings its own style; nothing in it may run
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.Data))
		return
	}
	c.missing(w, r)
}

func kindOf(name string) string {
	switch path.Ext(name) {
	case ".csv":
		return "text/csv; charset=utf-8; header=present"
	case ".svg":
		return "image/svg+xml"
	case ".json":
		return "application/json"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	}
	return "application/octet-stream"
}

// asset serves style, script and icon, which hold no secret.
func (c *Console) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	b, err := files.ReadFile("assets/" + path.Base(name))
	if err != nil {
		c.missing(w, r)
		return
	}
	if name == "style.css" {
		b = append(b, plot.Style()...)
	}
	w.Header().Set("Content-Type", kindOf(name))
	w.Header().Set("Cache-Control", "private, max-age=60")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}
