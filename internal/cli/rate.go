package cli

import (
	"fmt"
	"time"
)

// A rateView tells how far something is, how fast, and how long it will take, once it
// takes more than two seconds: on a terminal in one line, elsewhere now and then.
type rateView struct {
	app      *app
	terminal bool
	amount   func(int64) string // writes how much, with its unit
	what     string
	start    time.Time
	last     time.Time
	open     bool
}

func newRateView(a *app, amount func(int64) string) *rateView {
	return &rateView{app: a, terminal: isTerminal(a.err), amount: amount}
}

// begin is told what is being done from now on.
func (v *rateView) begin(what string) {
	v.end()
	v.what, v.start, v.last = what, v.app.now(), v.app.now()
}

// show is told how much of how much is done.
func (v *rateView) show(done, of int64) {
	now := v.app.now()
	pause := 200 * time.Millisecond
	if !v.terminal {
		pause = 10 * time.Second
	}
	if now.Sub(v.start) < 2*time.Second || now.Sub(v.last) < pause || of <= 0 {
		return
	}
	v.last = now
	rate := float64(done) / now.Sub(v.start).Seconds()
	left := time.Duration(float64(of-done) / max(rate, 1) * float64(time.Second)).Round(time.Second)
	line := fmt.Sprintf("%s: %3.0f%% of %s, %s/s, %s left", v.what, 100*float64(done)/float64(of), v.amount(of), v.amount(int64(rate)), left)
	if v.terminal {
		fmt.Fprintf(v.app.err, "\r\x1b[K%s", fit(line, terminalWidth(v.app.err)-1))
		v.open = true
		return
	}
	fmt.Fprintln(v.app.err, line)
}

// end takes the line away.
func (v *rateView) end() {
	if v.open {
		fmt.Fprint(v.app.err, "\r\x1b[K")
		v.open = false
	}
}
