package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hmsp.center/hmsp/receipt"
)

// shelf is Studies from memory.
type shelf struct {
	mu   sync.Mutex
	all  []View
	fail error
}

func (s *shelf) List(context.Context) ([]Summary, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Summary
	for _, v := range s.all {
		out = append(out, v.Summary)
	}
	return out, s.fail
}

func (s *shelf) Get(_ context.Context, id string) (View, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.all {
		if v.ID == id {
			return v, s.fail
		}
	}
	return View{}, errors.Join(s.fail, ErrNotFound)
}

func (s *shelf) set(change func(*shelf)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// lung is the outcome that the report tests keep; its numbers are R's.
func lung(t testing.TB) *receipt.Outcome {
	t.Helper()
	b, err := os.ReadFile("../report/testdata/lung.json")
	if err != nil {
		t.Fatal(err)
	}
	var o receipt.Outcome
	if err := json.Unmarshal(b, &o); err != nil {
		t.Fatal(err)
	}
	return &o
}

func released(t testing.TB) View {
	o := lung(t)
	return View{
		Summary: Summary{ID: "6b1f6b1f", Name: o.Study.Name, Question: o.Study.Question, Status: Released, Started: o.Receipt.Started, Ended: o.Receipt.Ended},
		Digest:  o.Study.Digest, Purpose: o.Study.Purpose, LegalBasis: o.Study.LegalBasis, Dataset: "lung", Cohort: `age >= 40 && !missing(ph.ecog)`, Researcher: "dr-weber",
		Analyses: []Planned{{"by-sex", "Kaplan-Meier survival curves"}, {"hazards", "Cox proportional hazards"}, {"correlations", "Correlation matrix"}, {"ages", "Description of variables"}},
		Outcome:  o,
	}
}

func running() View {
	v := View{
		Summary: Summary{ID: "77aa", Name: "heart-risk", Question: "Which measurements go with heart disease in four hospitals?", Status: Running, Started: noon.Add(-90 * time.Second)},
		Purpose: "research", LegalBasis: "GDPR Art. 9(2)(j)", Dataset: "heart", Researcher: "dr-weber",
		Analyses: []Planned{{"risk", "Logistic regression"}, {"ages", "Description of variables"}},
	}
	v.Progress = Progress{Phase: "computing", Round: 3}
	for i, s := range []string{"cleveland", "hungary", "switzerland", "va-long-beach"} {
		p := SiteProgress{Site: s, Phase: "has contributed", Done: 4, LastSeen: noon.Add(-time.Duration(i) * 4 * time.Second)}
		if i == 2 {
			p.Phase, p.Done = "computing", 3
		}
		if i == 3 {
			p.Phase, p.Done, p.Problem, p.LastSeen = "waiting", 3, "not heard from for 3 minutes; the study waits until 12:10 UTC", noon.Add(-3*time.Minute)
		}
		v.Progress.Sites = append(v.Progress.Sites, p)
	}
	return v
}

func refused() View {
	return View{Summary: Summary{ID: "99bb", Name: "rare-disease", Question: "How many patients have the disease?", Status: Refused, Started: noon.Add(-24 * time.Hour), Ended: noon.Add(-23 * time.Hour),
		Reason: "2 of 6 sites may take part; their rules ask for at least 4."}, Researcher: "dr-weber", Dataset: "registry",
		Outcome: &receipt.Outcome{HMSP: receipt.OutcomeVersion, Status: receipt.Refused, Reason: "2 of 6 sites may take part; their rules ask for at least 4."}}
}

const token = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"

type visitor struct {
	t       testing.TB
	shelf   *shelf
	console *Console
	cookies []*http.Cookie
	errors  []error
}

func visit(t testing.TB) *visitor {
	t.Helper()
	v := &visitor{t: t, shelf: &shelf{all: []View{running(), released(t), refused()}}}
	c, err := New(Config{Studies: v.shelf, Token: token, Now: func() time.Time { return noon }, Report: func(err error) { v.errors = append(v.errors, err) }})
	if err != nil {
		t.Fatal(err)
	}
	v.console = c
	return v
}

func (v *visitor) get(path string) *http.Response {
	return v.do("GET", path, "127.0.0.1:8080")
}

func (v *visitor) do(method, path, host string) *http.Response {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+path, nil)
	r.Host = host
	for _, k := range v.cookies {
		r.AddCookie(k)
	}
	w := httptest.NewRecorder()
	v.console.ServeHTTP(w, r)
	return w.Result()
}

func (v *visitor) enter() *visitor {
	res := v.get(Path(token))
	if res.StatusCode != http.StatusSeeOther {
		v.t.Fatalf("the right key gives %d", res.StatusCode)
	}
	v.cookies = res.Cookies()
	return v
}

func text(t testing.TB, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var addresses = []string{"/", "/live", "/studies/6b1f6b1f", "/studies/6b1f6b1f/live", "/studies/6b1f6b1f/result.json", "/studies/6b1f6b1f/receipt.json",
	"/studies/6b1f6b1f/by-sex/curve.csv", "/studies/6b1f6b1f/by-sex/survival.svg", "/studies/nothing", "/nothing"}

// Without the key nothing about any study is told, not even which exist.
func TestLocked(t *testing.T) {
	v := visit(t)
	var first string
	for _, cookies := range [][]*http.Cookie{nil, {{Name: v.console.key.cookie, Value: ""}}, {{Name: v.console.key.cookie, Value: token}}, {{Name: "other", Value: v.console.key.value}}} {
		v.cookies = cookies
		for _, a := range addresses {
			res := v.get(a)
			body := text(t, res)
			if res.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s without the key: %d", a, res.StatusCode)
			}
			if first == "" {
				first = body
			}
			if body != first || strings.Contains(body, "lung") {
				t.Errorf("%s without the key tells something", a)
			}
		}
	}
	for _, wrong := range []string{"x", token[:len(token)-1], token + "A", "%00"} {
		if res := v.get("/open/" + wrong); res.StatusCode != http.StatusUnauthorized || len(res.Cookies()) > 0 {
			t.Errorf("key %q: %d, %v", wrong, res.StatusCode, res.Cookies())
		}
	}
}

func TestKeyBecomesCookie(t *testing.T) {
	v := visit(t)
	res := v.get(Path(token))
	k := res.Cookies()[0]
	if !k.HttpOnly || k.SameSite != http.SameSiteStrictMode || k.Path != "/" || res.Header.Get("Location") != "/" {
		t.Errorf("cookie %v, location %s", k, res.Header.Get("Location"))
	}
	if strings.Contains(k.String(), token) || strings.Contains(fmt.Sprintf("%v %+v %#v", v.console.key, v.console.key, v.console.key), token[:8]) {
		t.Error("the key can be read from the cookie or when printed")
	}
	if v.enter(); v.get("/").StatusCode != http.StatusOK {
		t.Error("the cookie does not open the page")
	}
	other, err := newKey("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	if err != nil || other.cookie == v.console.key.cookie {
		t.Errorf("two consoles of one machine share a cookie (%v)", err)
	}
	for _, bad := range []string{"", "short", "not base64 !!!!!!!!!!!!!!!!!!!!!!!!!!"} {
		if _, err := newKey(bad); err == nil {
			t.Errorf("key %q is taken", bad)
		}
	}
}

// A page elsewhere that points its own name at 127.0.0.1 gets nothing.
func TestRebinding(t *testing.T) {
	v := visit(t).enter()
	for host, want := range map[string]int{
		"127.0.0.1:8080": 200, "127.0.0.1": 200, "localhost:8080": 200, "LOCALHOST": 200, "localhost.:80": 200, "[::1]:8080": 200, "127.8.9.1:1": 200,
		"evil.example:8080": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example": 421, "": 421, "10.0.0.1:8080": 421, "0.0.0.0:8080": 421, "[::]:80": 421, "127.0.0.1@evil.example": 421,
	} {
		if res := v.do("GET", "/", host); res.StatusCode != want {
			t.Errorf("Host %q: %d, want %d", host, res.StatusCode, want)
		}
	}
}

func TestOnlyReads(t *testing.T) {
	v := visit(t).enter()
	for _, m := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"} {
		if res := v.do(m, "/", "localhost"); res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d", m, res.StatusCode)
		}
	}
}

func TestHeaders(t *testing.T) {
	v := visit(t).enter()
	for _, a := range append(addresses, "/assets/style.css", "/assets/live.js", "/assets/icon.svg", "/assets/none", "/open/x") {
		h := v.get(a).Header
		csp := h.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe-eval") || strings.Contains(csp, "script-src 'unsafe") {
			t.Errorf("%s: policy %q", a, csp)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin"} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", a, name, h.Get(name))
			}
		}
		if !strings.HasPrefix(a, "/assets/") && h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be cached", a)
		}
	}
	for _, host := range []string{"evil.example"} {
		if v.do("GET", "/", host).Header.Get("Content-Security-Policy") == "" {
			t.Error("an error has no policy")
		}
	}
}

func TestDownloads(t *testing.T) {
	v := visit(t).enter()
	for path, kind := range map[string]string{"result.json": "application/json", "receipt.json": "application/json", "by-sex/curve.csv": "text/csv", "by-sex/survival.svg": "image/svg+xml"} {
		res := v.get("/studies/6b1f6b1f/" + path)
		if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), kind) || !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: %d %v", path, res.StatusCode, res.Header)
		}
	}
	for _, path := range []string{"by-sex", "by-sex/", "by-sex/none.csv", "%2e%2e/secret", "by-sex/%2e%2e/result.json"} {
		if res := v.get("/studies/6b1f6b1f/" + path); res.StatusCode == 200 {
			t.Errorf("%s is served", path)
		}
	}
	if res := v.get("/studies/77aa/result.json"); res.StatusCode != 404 || !strings.Contains(text(t, res), "no result yet") {
		t.Errorf("a result before its time: %d", res.StatusCode)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	v := visit(t).enter()
	if res := v.get("/studies/none"); res.StatusCode != 404 || !strings.Contains(text(t, res), "List of studies") {
		t.Error("a missing study")
	}
	v.shelf.set(func(s *shelf) { s.fail = errors.New("disk on fire at /secret/path") })
	for _, a := range []string{"/", "/live", "/studies/6b1f6b1f"} {
		res := v.get(a)
		if body := text(t, res); res.StatusCode != 503 || strings.Contains(body, "secret") || !strings.Contains(body, "terminal") {
			t.Errorf("%s: %d %s", a, res.StatusCode, body)
		}
	}
	if len(v.errors) != 3 {
		t.Errorf("%d errors were reported", len(v.errors))
	}
	v.shelf.set(func(s *shelf) { s.fail, s.all = nil, nil })
	if body := text(t, v.get("/")); !strings.Contains(body, "hmsp study new") {
		t.Error("the empty list does not say how to begin")
	}
}

func TestNamesAreOnlyText(t *testing.T) {
	evil := `"><script>alert(1)</script>`
	v := visit(t).enter()
	s := released(t)
	s.Name, s.Question, s.Reason, s.Cohort, s.Researcher = evil, evil, evil, evil, evil
	s.Analyses[0].Title = evil
	f := &s.Outcome.Analyses[0]
	f.Name, f.Failed, f.Result.Notes = "by-sex", evil, []string{evil}
	f.Result.Tables[0].Title, f.Result.Tables[0].Columns[0].Text[0], f.Result.Tables[0].Columns[0].Name = evil, evil, evil
	f.Result.Figures[0].Title, f.Result.Figures[0].Caption, f.Result.Figures[0].Series[0].Name = evil, evil, evil
	s.Outcome.Absent[0].Reason, s.Outcome.Receipt.Researcher, s.Outcome.Receipt.Rounds[0].Opened[0].What = evil, evil, evil
	v.shelf.set(func(h *shelf) { h.all = []View{s} })
	for _, a := range []string{"/", "/studies/6b1f6b1f"} {
		if body := text(t, v.get(a)); strings.Contains(body, "<script>") || !strings.Contains(body, "alert(1)") {
			t.Errorf("%s: text became markup, or is missing", a)
		}
	}
}

func TestProgressFragment(t *testing.T) {
	v := visit(t).enter()
	body := text(t, v.get("/studies/77aa/live"))
	for _, want := range []string{"Round 4: 2 of 4 sites have contributed.", "data-more", "va-long-beach", "not heard from for 3 minutes", "3 min ago"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	if strings.Contains(body, "<html") {
		t.Error("the fragment is a whole page")
	}
	if body := text(t, v.get("/studies/6b1f6b1f/live")); !strings.Contains(body, "data-ended") {
		t.Error("the fragment of an ended study does not say so")
	}
}

func TestProgressKeepsTheLastRounds(t *testing.T) {
	p := Progress{Phase: "computing", Round: 99, Sites: []SiteProgress{{Site: "a", Done: 99}}}
	v := progressOf(p, noon)
	if len(v.Rounds) != columns || v.Rounds[columns-1] != 100 || v.Sites[0].Cells[columns-1] != "now" || v.Sites[0].Cells[0] != "done" {
		t.Errorf("%+v", v)
	}
	if got := len(progressOf(Progress{Round: 1 << 40}, noon).Rounds); got > columns {
		t.Errorf("%d columns", got)
	}
}

func TestListen(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "[::]:0", "example.org:80"} {
		if l, err := Listen(addr); err == nil {
			l.Close()
			t.Errorf("%s is open to other machines", addr)
		} else if !strings.Contains(err.Error(), "tunnel") {
			t.Errorf("%s: no mend in %v", addr, err)
		}
	}
	l, err := Listen("")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		t.Errorf("listens on %s", l.Addr())
	}
	if _, err := Listen(l.Addr().String()); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a port in use: %v", err)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	v := visit(t)
	l, err := Listen("")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- v.console.Serve(ctx, l) }()
	res, err := http.Get("http://" + l.Addr().String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	cancel()
	if err := <-done; err != nil || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("%v, %d", err, res.StatusCode)
	}
}

func TestNewToken(t *testing.T) {
	a, err := NewToken(strings.NewReader(strings.Repeat("x", 32)))
	if err != nil || len(a) != 43 {
		t.Errorf("%q, %v", a, err)
	}
	if _, err := NewToken(strings.NewReader("short")); err == nil {
		t.Error("a short source of randomness passes")
	}
	if _, err := New(Config{}); err == nil {
		t.Error("a console without studies is made")
	}
	if !slices.Equal(policyWords(policy, "script-src"), []string{"'self'"}) {
		t.Error("scripts from elsewhere")
	}
}

func policyWords(p, directive string) []string {
	for _, d := range strings.Split(p, ";") {
		if f := strings.Fields(d); len(f) > 0 && f[0] == directive {
			return f[1:]
		}
	}
	return nil
}
