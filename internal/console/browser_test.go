package console

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

var shots = flag.String("shots", "", "folder for screenshots of the pages")

// A browser is Chromium with a console open in it.
type browser struct {
	*visitor
	ctx  context.Context
	base string

	mu       sync.Mutex
	problems []string // messages of the browser: refused by the policy, errors of scripts
}

func open(t *testing.T) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser, which takes seconds")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium on this machine (Debian: apt install chromium)")
	}
	b := &browser{visitor: visit(t)}
	l, err := Listen("")
	if err != nil {
		t.Fatal(err)
	}
	b.base = "http://" + l.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- b.console.Serve(ctx, l) }()

	var flags []chromedp.ExecAllocatorOption
	for _, f := range []string{"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync", "hide-scrollbars", "disable-dev-shm-usage"} {
		flags = append(flags, chromedp.Flag(f, true))
	}
	flags = append(flags, chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900), chromedp.WSURLReadTimeout(60*time.Second))
	alloc, endAlloc := chromedp.NewExecAllocator(ctx, flags...)
	tab, endTab := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		endTab()
		endAlloc()
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	b.ctx = tab
	b.run() // starts the browser; only what follows has a time limit
	limited, endTime := context.WithTimeout(tab, 5*time.Minute)
	t.Cleanup(endTime)
	b.ctx = limited
	if err := chromedp.Listen(limited, b.hear); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(limited, cdplog.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(limited, runtime.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.Navigate(b.base+Path(token)), chromedp.WaitVisible("main h1"))
	return b
}

func (b *browser) hear(ev any) {
	say := func(s string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.problems = append(b.problems, s)
	}
	switch e := ev.(type) {
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError || e.Entry.Level == cdplog.EntryLevelWarning || e.Entry.Source == cdplog.EntrySourceSecurity {
			say(e.Entry.Text + " " + e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		say(e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		say(fmt.Sprintf("console.%s", e.Type))
	}
}

func (b *browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// quiet fails where the browser complained.
func (b *browser) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.problems {
		b.t.Errorf("the browser says: %s", p)
	}
}

func (b *browser) eval(js string) string {
	b.t.Helper()
	out, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("String("+js+")"))
	if err != nil {
		b.t.Fatalf("%s: %v", js, err)
	}
	return out
}

// shot keeps a picture of the whole page where the flag asks for it.
func (b *browser) shot(name string) {
	if *shots == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*shots, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// media sets how the browser shows pages: on screen or paper, light or dark.
func (b *browser) media(medium, scheme string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: medium,
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}); err != nil {
		b.t.Fatal(err)
	}
}

// audit is what a checker of accessibility looks at first; it answers with the
// faults it finds.
const audit = `(() => {
  const faults = [];
  const visible = (e) => e.getClientRects().length > 0;
  const levels = [...document.querySelectorAll("h1,h2,h3,h4")].filter(visible).map((h) => +h.tagName[1]);
  if (levels.filter((l) => l === 1).length !== 1) faults.push("h1: " + levels);
  levels.forEach((l, i) => { if (i && l > levels[i - 1] + 1) faults.push("heading order: " + levels); });
  if (document.documentElement.lang !== "en" || !document.title) faults.push("language or title");
  for (const tag of ["header", "main", "footer", "nav"]) if (!document.querySelector(tag)) faults.push("no " + tag);
  for (const s of document.querySelectorAll("svg, img")) {
    if (s.getAttribute("aria-hidden") === "true") continue;
    const name = s.alt || (s.getAttribute("aria-labelledby") || "").split(" ").map((i) => document.getElementById(i)?.textContent || "").join("").trim();
    if (!name || s.getAttribute("role") !== "img") faults.push("a picture without a name: " + s.outerHTML.slice(0, 80));
  }
  for (const t of document.querySelectorAll("table")) {
    if (!t.caption?.textContent) faults.push("a table without a caption");
    for (const h of t.querySelectorAll("th")) if (!h.scope) faults.push("a th without scope");
    if (!t.closest("[role=region][tabindex]")) faults.push("a table that the keyboard cannot scroll");
  }
  for (const r of document.querySelectorAll("[role=region],[aria-labelledby]"))
    for (const i of (r.getAttribute("aria-labelledby") || "").split(" ").filter(Boolean))
      if (!document.getElementById(i)?.textContent.trim()) faults.push("a label that is not there: " + i);
  for (const a of document.querySelectorAll("a,summary,button")) if (!a.textContent.trim()) faults.push("a link without text");
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  ids.forEach((i, k) => { if (ids.indexOf(i) !== k) faults.push("id twice: " + i); });
  const lum = (c) => { const [r, g, b] = c.match(/[\d.]+/g).map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\)$/.test(c)) return c; } return "rgb(255,255,255)"; };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; (n = walk.nextNode());) {
    const e = n.parentElement;
    if (!n.textContent.trim() || !visible(e) || e.closest("svg,.hidden,title")) continue;
    const [a, b] = [lum(getComputedStyle(e).color), lum(ground(e))];
    const c = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (c < 4.5) faults.push("contrast " + c.toFixed(2) + ": " + n.textContent.trim().slice(0, 40));
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push("the page scrolls sideways: " + document.documentElement.scrollWidth + " in " + innerWidth);
  return faults.join("\n");
})()`

func TestPagesInTheBrowser(t *testing.T) {
	b := open(t)
	pages := map[string]string{"list": "/", "study": "/studies/6b1f6b1f", "running": "/studies/77aa", "refused": "/studies/99bb", "missing": "/studies/none"}
	for _, scheme := range []string{"light", "dark"} {
		b.media("screen", scheme)
		for _, size := range [][2]int64{{1280, 900}, {390, 844}} {
			b.run(chromedp.EmulateViewport(size[0], size[1]))
			for name, path := range pages {
				b.run(chromedp.Navigate(b.base+path), chromedp.WaitVisible("main h1"))
				if faults := b.eval(audit); faults != "" {
					t.Errorf("%s, %s, %d wide:\n%s", name, scheme, size[0], faults)
				}
				b.shot(fmt.Sprintf("%s-%s-%d", name, scheme, size[0]))
			}
		}
		ground := map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(21, 24, 28)"}[scheme]
		if got := b.eval("getComputedStyle(document.body).backgroundColor"); got != ground {
			t.Errorf("%s: ground is %s", scheme, got)
		}
	}
	b.mu.Lock() // that page is missing on purpose
	for i, p := range b.problems {
		if strings.Contains(p, "404") && strings.Contains(p, "/studies/none") {
			b.problems[i] = ""
		}
	}
	kept := b.problems[:0]
	for _, p := range b.problems {
		if p != "" {
			kept = append(kept, p)
		}
	}
	b.problems = kept
	b.mu.Unlock()
	b.quiet()
}

// A figure on the page follows the reader's light or dark.
func TestFiguresTurnDark(t *testing.T) {
	b := open(t)
	colour := func() string {
		return b.eval(`getComputedStyle(document.querySelector("figure .wide text")).fill`)
	}
	b.media("screen", "light")
	b.run(chromedp.Navigate(b.base+"/studies/6b1f6b1f"), chromedp.WaitVisible("main h1"))
	light := colour()
	b.media("screen", "dark")
	if dark := colour(); dark == light {
		t.Errorf("the text of a figure is %s in both", dark)
	}
	b.quiet()
}

// With the Tab key alone a reader gets past the header, to every table, and to
// every download; what has the focus can be seen.
func TestKeyboard(t *testing.T) {
	b := open(t)
	b.run(chromedp.Navigate(b.base+"/studies/6b1f6b1f"), chromedp.WaitVisible("main h1"))
	var order []string
	tables := map[string]bool{}
	for range 80 {
		b.run(chromedp.KeyEvent(kb.Tab))
		what := b.eval(`(() => { const a = document.activeElement; const o = getComputedStyle(a); return [a.getAttribute("aria-labelledby") || a.getAttribute("href") || a.tagName, a === document.body || parseFloat(o.outlineWidth) >= 2 && o.outlineStyle !== "none" ? "seen" : "unseen"].join(" "); })()`)
		at, seen, _ := strings.Cut(what, " ")
		if seen == "unseen" {
			t.Errorf("the focus on %s cannot be seen", at)
		}
		if at == "BODY" {
			break
		}
		order = append(order, at)
		if strings.HasPrefix(at, "a") && strings.Contains(at, "-t") || at == "opened" {
			tables[at] = true
		}
	}
	if len(order) == 0 || order[0] != "#main" {
		t.Errorf("the first stop is not the skip link: %v", order)
	}
	if want := b.eval(`document.querySelectorAll("main table").length`); fmt.Sprint(len(tables)) != want {
		t.Errorf("Tab reaches %d of %s tables: %v", len(tables), want, order)
	}
	b.run(chromedp.Navigate(b.base+"/studies/6b1f6b1f"), chromedp.WaitVisible("main h1"), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	if got := b.eval("document.activeElement.id"); got != "main" {
		t.Errorf("the skip link leads to %q", got)
	}
	b.quiet()
}

// The page follows a running study without being loaded again, keeps the focus
// where the reader has it, says the change aloud, and shows the result when the
// study ends.
func TestLiveProgress(t *testing.T) {
	b := open(t)
	b.run(chromedp.Navigate(b.base+"/studies/77aa"), chromedp.WaitVisible(".sites"),
		chromedp.Evaluate[chromedp.Void](`window.kept = true; document.getElementById("sites-region").focus()`))
	b.shelf.set(func(s *shelf) {
		s.all[0].Progress.Round = 4
		for i := range s.all[0].Progress.Sites {
			s.all[0].Progress.Sites[i].Done = 4 + i%2
		}
	})
	b.until(`document.querySelector("#announce").textContent.includes("Round 5: 2 of 4 sites have contributed.")`)
	if got := b.eval(`window.kept + " " + document.activeElement.id + " " + document.querySelectorAll(".sites .done").length`); got != "true sites-region 18" {
		t.Errorf("after an update: %s", got)
	}
	b.shelf.set(func(s *shelf) {
		v := released(t)
		v.ID = "77aa"
		s.all[0] = v
	})
	b.run(chromedp.WaitVisible("#receipt"))
	b.quiet()
}

// When hmsp has ended, the page says so instead of showing old news as new.
func TestLostConnection(t *testing.T) {
	b := open(t)
	b.run(chromedp.Navigate(b.base+"/studies/77aa"), chromedp.WaitVisible(".sites"))
	b.shelf.set(func(s *shelf) { s.fail = context.DeadlineExceeded })
	b.until(`document.getElementById("lost")?.textContent.includes("has lost hmsp")`)
	b.shelf.set(func(s *shelf) { s.fail = nil })
	b.until(`!document.getElementById("lost")`)
}

func (b *browser) until(js string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Poll[chromedp.Void]("Boolean("+js+")", chromedp.WithPollingTimeout(20*time.Second), chromedp.WithPollingInterval(100*time.Millisecond))); err != nil {
		b.t.Fatalf("never: %s (%v); the page:\n%.1500s", js, err, b.eval("document.body.innerText"))
	}
}

// A site elsewhere can neither frame the page nor read it with the reader's
// cookie.
func TestElsewhere(t *testing.T) {
	b := open(t)
	u, _ := url.Parse(b.base)
	other := "http://localhost:" + u.Port() // another site than 127.0.0.1 to the browser
	b.run(chromedp.Navigate(other+"/"), chromedp.WaitVisible("h1"))
	if got := b.eval("document.querySelector('h1').textContent"); got != "This page is locked" {
		t.Errorf("from another site: %s", got)
	}
}

// On paper nothing is cut off: every row of a scrolling table is there.
func TestPrint(t *testing.T) {
	b := open(t)
	b.run(chromedp.Navigate(b.base+"/studies/6b1f6b1f"), chromedp.WaitVisible("main h1"))
	b.media("print", "light")
	if got := b.eval(`[...document.querySelectorAll(".table")].filter((t) => t.scrollHeight > t.clientHeight + 1).length + " " + getComputedStyle(document.querySelector(".top")).display`); got != "0 none" {
		t.Errorf("cut off in print, header: %s", got)
	}
	if *shots != "" {
		pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4)))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*shots, "print.pdf"), pdf, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.quiet()
}
