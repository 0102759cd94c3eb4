package bench

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"hmsp.center/hmsp/dp"
	"hmsp.center/hmsp/dp/account"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/dp/noise"
	"hmsp.center/hmsp/internal/store"
	"hmsp.center/hmsp/study"
)

// Targets of what privacy may cost.
const (
	targetCompose  = 1.0  // seconds for 10,000 events
	targetOverhead = 1.2  // of a private study over the exact one
	targetPairs    = 1000 // of reserve and settle in a second
)

// A PrivacyReport is what privacy costs besides noise.
type PrivacyReport struct {
	Alike, Different time.Duration // epsilon of 10,000 events of 100 kinds, and of 10,000 kinds
	Gaussian         time.Duration // one draw of the discrete Gaussian of standard deviation 10
	Laplace          time.Duration // one share of a discrete Laplace of scale 10
	Float            time.Duration // one normal number of Box and Muller from the same random bytes
	Sequential       float64       // pairs of reserve and settle in a second, one after the other
	Concurrent       float64       // the same, by 64 studies at once
	Exact, Private   time.Duration // the demonstration's private study without and with its budget
	Three, Budgeted  time.Duration // describe, table and Kaplan-Meier of the other, exact and private
}

// Privacy measures what accounting, noise and ledger cost.
func Privacy(ctx context.Context, c Config) (PrivacyReport, error) {
	var r PrivacyReport
	var err error
	if r.Alike, err = compose(100); err == nil {
		r.Different, err = compose(10_000)
	}
	if err != nil {
		return r, fmt.Errorf("composition: %w", err)
	}
	if err := r.draw(); err != nil {
		return r, fmt.Errorf("noise: %w", err)
	}
	if r.Sequential, err = pairs(ctx, 1, 1000); err == nil {
		r.Concurrent, err = pairs(ctx, 64, 8000)
	}
	if err != nil {
		return r, fmt.Errorf("ledger: %w", err)
	}
	for i := range c.defaults().Repeats {
		for _, m := range []struct {
			best *time.Duration
			file string
			edit func(*study.Study)
		}{
			{&r.Exact, "private.yaml", func(s *study.Study) { s.Privacy = nil }},
			{&r.Private, "private.yaml", func(*study.Study) {}},
			{&r.Three, "study.yaml", three},
			{&r.Budgeted, "study.yaml", budgeted},
		} {
			s, err := studyOnce(ctx, m.file, m.edit)
			if err != nil {
				return r, err
			}
			if took := s.together(); i == 0 || took < *m.best {
				*m.best = took
			}
		}
	}
	return r, nil
}

// three leaves those analyses of a study that take as many rounds in their private
// form.
func three(s *study.Study) {
	s.Verify = false
	s.Analyses = slices.DeleteFunc(s.Analyses, func(e study.Entry) bool {
		return !slices.Contains([]string{"describe", "table", "kaplan-meier"}, e.Analysis)
	})
}

func budgeted(s *study.Study) {
	three(s)
	s.Privacy = &study.Privacy{Epsilon: 6, Delta: 1e-6, Unit: study.UnitPatient}
}

// compose times the tightest accountant over 10,000 events of so many kinds.
func compose(kinds int) (time.Duration, error) {
	var events []dp.Event
	for i := range 10_000 {
		e := dp.Event{Kind: dp.Gaussian, Noise: 150 + float64(i%kinds)/100}
		switch i % 3 {
		case 1:
			e.Kind = dp.Laplace
		case 2:
			e.Kind = dp.DiscreteLaplace
		}
		events = append(events, e)
	}
	begin := time.Now()
	_, err := account.PLD().Epsilon(events, 1e-6)
	return time.Since(begin), err
}

// draw times single draws, each from the system's random bytes.
func (r *PrivacyReport) draw() error {
	each := func(n int, draw func() error) (time.Duration, error) {
		begin := time.Now()
		for range n {
			if err := draw(); err != nil {
				return 0, err
			}
		}
		return time.Since(begin) / time.Duration(n), nil
	}
	source := noise.NewSource(rand.Reader)
	of := func(d noise.Distribution) func() error {
		return func() error { _, err := d.Draw(source); return err }
	}
	var err error
	if r.Gaussian, err = each(300_000, of(noise.Gaussian{Num: 100, Den: 1})); err != nil {
		return err
	}
	if r.Laplace, err = each(300_000, of(noise.LaplaceShare{Laplace: noise.Laplace{T: 10, S: 1}, Honest: 5})); err != nil {
		return err
	}
	buffer, sum := make([]byte, 1<<16), 0.0
	at := len(buffer)
	uniform := func() float64 {
		if at == len(buffer) {
			rand.Read(buffer)
			at = 0
		}
		at += 8
		return (float64(binary.LittleEndian.Uint64(buffer[at-8:])>>11) + 0.5) * 0x1p-53
	}
	r.Float, err = each(3_000_000, func() error {
		sum += 10 * math.Sqrt(-2*math.Log(uniform())) * math.Cos(2*math.Pi*uniform())
		return nil
	})
	if math.IsNaN(sum) {
		return fmt.Errorf("the normal numbers are none")
	}
	return err
}

// pairs is how many studies are reserved and settled in a second, by so many at
// once, each on the disk before the next step.
func pairs(ctx context.Context, workers, n int) (float64, error) {
	folder, err := os.MkdirTemp("", "hmsp-bench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	s, err := store.OpenLedger(filepath.Join(folder, store.LedgerFile))
	if err != nil {
		return 0, err
	}
	defer s.Close()
	l, err := ledger.Open(ledger.Config{Store: s, Limits: ledger.DefaultLimits(), Cost: account.RhoOf, Epsilon: account.EpsilonOfRho, Now: time.Now})
	if err != nil {
		return 0, err
	}
	var group sync.WaitGroup
	failed := make([]error, workers)
	begin := time.Now()
	for w := range workers {
		group.Go(func() {
			for i := range n / workers {
				id := fmt.Sprintf("%032x%032x", w, i)
				_, err := l.Reserve(ledger.Claim{Study: id, Question: id, Dataset: "lung", Snapshot: id, Researcher: "ruth", Purpose: "research",
					Rounds: [][]dp.Event{{{Kind: dp.Gaussian, Noise: 1000}}}, Delta: 1e-6, At: begin})
				if err == nil {
					err = l.Settle(id)
				}
				if err == nil {
					err = ctx.Err()
				}
				if err != nil {
					failed[w] = err
					return
				}
			}
		})
	}
	group.Wait()
	for _, err := range failed {
		if err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(begin).Seconds(), nil
}

func (r PrivacyReport) write(w io.Writer) error {
	g := newGrid(w, "Privacy")
	g.row("", "measured", "target")
	g.row("epsilon of 10,000 events, 100 kinds", seconds(r.Alike), "1 s, "+met(r.Alike.Seconds(), targetCompose))
	g.row("epsilon of 10,000 events, all different", seconds(r.Different), "1 s, "+met(r.Different.Seconds(), targetCompose))
	g.row("one discrete Gaussian", r.Gaussian, fmt.Sprintf("%.1f times a floating-point one", float64(r.Gaussian)/float64(r.Float)))
	g.row("one share of a discrete Laplace", r.Laplace, fmt.Sprintf("%.1f times", float64(r.Laplace)/float64(r.Float)))
	g.row("one floating-point normal number", r.Float)
	g.row("ledger, reserve and settle, one after the other", fmt.Sprintf("%.0f /s", r.Sequential))
	g.row("ledger, by 64 studies at once", fmt.Sprintf("%.0f /s", r.Concurrent), fmt.Sprintf("%d /s, %s", targetPairs, met(targetPairs, r.Concurrent)))
	over := r.Private.Seconds() / r.Exact.Seconds()
	g.row("the demonstration's private study, without a budget", seconds(r.Exact))
	g.row("the same, private", seconds(r.Private), fmt.Sprintf("%.2f times, at most %.1f, %s", over, targetOverhead, met(over, targetOverhead)))
	g.row("describe, table, Kaplan-Meier of the other, exact", seconds(r.Three))
	g.row("the same, private", seconds(r.Budgeted), fmt.Sprintf("%.2f times", r.Budgeted.Seconds()/r.Three.Seconds()))
	return g.Flush()
}
