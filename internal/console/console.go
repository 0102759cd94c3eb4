// Package console is the result page: studies with their live progress, and of
// each that has ended its tables, figures and receipt. It serves the researcher
// and whoever must answer for the data, from the same binary, on this machine
// only. It reads through Studies and can do no more: it changes nothing, opens no
// store and no data, loads nothing from elsewhere, and shows nothing to a visitor
// without the key that the terminal printed.
package console

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"hmsp.center/hmsp/receipt"
)

// Studies is what the page reads. Both methods may be called at any time, from
// several goroutines, and must answer from what is at hand.
type Studies interface {
	// List gives all studies, the newest first.
	List(ctx context.Context) ([]Summary, error)
	// Get gives one study, or ErrNotFound.
	Get(ctx context.Context, id string) (View, error)
}

// ErrNotFound says that there is no study of that id.
var ErrNotFound = errors.New("no such study")

// A Summary is a study's line in the list.
type Summary struct {
	ID       string // in addresses; the study's digest or a part of it
	Name     string
	Question string
	Status   Status
	Started  time.Time
	Ended    time.Time // zero while it runs
	Progress Progress  // while it runs
	Reason   string    // why it ended without a result, or what it waits for
}

// A Status is where a study stands: one of receipt's, or still on its way.
type Status string

const (
	Submitted Status = "submitted" // not yet decided by any site
	Running   Status = "running"
	Released         = Status(receipt.Released)
	Failed           = Status(receipt.Failed)
	Refused          = Status(receipt.Refused)
	Cancelled        = Status(receipt.Cancelled)
)

func (s Status) ended() bool { return s != Submitted && s != Running }

// Progress is how far a study is. Rounds count from 0.
type Progress struct {
	Phase   string // one word: "deciding", "computing", "opening", "signing"
	Round   int    // the round at work
	Message string // one sentence for people; may be empty
	Sites   []SiteProgress
}

// SiteProgress is how far one site is.
type SiteProgress struct {
	Site     string
	Phase    string    // what it does or waits for
	Done     int       // rounds that it has contributed to
	LastSeen time.Time // zero: never
	Problem  string    // what holds it up; for people, never data
}

// A View is all that the page shows of one study.
type View struct {
	Summary
	Digest     string
	Purpose    string
	LegalBasis string
	Dataset    string
	Cohort     string // the expression; empty: all patients
	Researcher string
	Analyses   []Planned
	Outcome    *receipt.Outcome // nil until the study has ended
}

// Planned is an analysis as the study asks for it.
type Planned struct {
	Name  string // "by-sex"
	Title string // "Kaplan-Meier survival curves"
}

// Config is what a console needs.
type Config struct {
	Studies Studies
	Token   string           // the key in the address; from NewToken
	Now     func() time.Time // the clock, for "seen 3 s ago"
	Hosts   []string         // further host names under which it is reached, as behind a proxy
	Report  func(error)      // hears of errors that a visitor only sees as "cannot be read"; may be nil
}

// A Console is an http.Handler.
type Console struct {
	cfg   Config
	pages *template.Template
	key   key
	mux   *http.ServeMux
}

// New checks the configuration and makes the console.
func New(cfg Config) (*Console, error) {
	if cfg.Studies == nil || cfg.Now == nil {
		return nil, fmt.Errorf("console: Studies and Now must be set")
	}
	k, err := newKey(cfg.Token)
	if err != nil {
		return nil, err
	}
	pages, err := template.ParseFS(files, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	c := &Console{cfg: cfg, pages: pages, key: k, mux: http.NewServeMux()}
	c.mux.HandleFunc("GET /open/{token}", c.enter)
	c.mux.HandleFunc("GET /assets/{name}", c.asset)
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /{$}":                    c.list,
		"GET /live":                   c.listLive,
		"GET /studies/{id}":           c.study,
		"GET /studies/{id}/live":      c.studyLive,
		"GET /studies/{id}/{path...}": c.file,
		"GET /{anything...}":          c.missing,
	} {
		c.mux.HandleFunc(pattern, c.private(h))
	}
	return c, nil
}

// ServeHTTP answers requests that name this machine and only read.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	switch {
	case !c.local(r.Host):
		c.fail(w, http.StatusMisdirectedRequest, "This is not the address of the page", "The page answers only under the address that the terminal printed. Open that one.")
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		c.fail(w, http.StatusMethodNotAllowed, "This page only reads", "Nothing can be changed here. Use the command line: hmsp study --help lists what it can do.")
	default:
		c.mux.ServeHTTP(w, r)
	}
}
