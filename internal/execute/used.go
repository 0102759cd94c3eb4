package execute

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"

	"golang.org/x/sync/errgroup"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// Used lists the rows of t that count in a round's sum: those that add something
// else than a row of which nothing is known. What an analysis leaves out, by a
// missing value or by a formula that has no value there, shows in no other way.
// Rows are compared by fingerprints under a key of this call, so that the length of
// the vector costs nothing. Of an analysis that is additive over sites only, every
// complete row counts: a stratum of one may well add nothing.
func Used(ctx context.Context, t table.Table, run analysis.Run, s analysis.State, b analysis.Bounds, g fixed.Grid) (table.Subset, error) {
	var key [8]byte
	rand.Read(key[:])
	p := probe{run: run, state: s, bounds: b, vector: fixed.NewFingerprint(g, binary.LittleEndian.Uint64(key[:]))}
	blank, err := p.of(ctx, unknown(t, b.Columns))
	if err != nil {
		return table.Subset{}, fmt.Errorf("a row of which nothing is known: %w", err)
	}
	parts := max(1, min(runtime.GOMAXPROCS(0), t.Rows()/blockRows))
	used := make([]table.Subset, parts)
	group, ctx := errgroup.WithContext(ctx)
	for i := range parts {
		p := p
		p.vector = fixed.NewFingerprint(g, binary.LittleEndian.Uint64(key[:]))
		group.Go(func() (err error) {
			used[i], err = p.used(ctx, t, i*t.Rows()/parts, (i+1)*t.Rows()/parts, blank)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return table.Subset{}, err
	}
	for _, part := range used[1:] {
		used[0].Join(part)
	}
	return used[0], nil
}

// A probe is one round of a run, put to single rows.
type probe struct {
	run    analysis.Run
	state  analysis.State
	bounds analysis.Bounds
	vector *fixed.Vector
}

// of is the fingerprint of what a table adds.
func (p probe) of(ctx context.Context, t table.Table) (uint64, error) {
	if err := one(ctx, t, p.run, p.state, p.vector); err != nil {
		return 0, err
	}
	return p.vector.Fingerprint(), p.vector.Err()
}

// used are those of the rows from..to-1 that differ from the blank one.
func (p probe) used(ctx context.Context, t table.Table, from, to int, blank uint64) (out table.Subset, err error) {
	for i := from; i < to; i++ {
		if p.bounds.OverSites && !lacks(t, p.bounds.Columns, i) {
			out.Add(i)
			continue
		}
		got, err := p.of(ctx, t.Slice(i, i+1))
		if err != nil {
			return out, err
		}
		if got != blank {
			out.Add(i)
		}
	}
	return out, nil
}

// lacks says whether a row has no value in one of the columns.
func lacks(t table.Table, columns []string, row int) bool {
	for _, name := range columns {
		if codes := t.Codes(name); codes != nil && codes[row] < 0 {
			return true
		}
		if x := t.Numbers(name); x != nil && math.IsNaN(x[row]) {
			return true
		}
	}
	return false
}

// unknown is one row without a value in any of the columns.
func unknown(t table.Table, columns []string) table.Table {
	if t.Rows() == 0 {
		return t
	}
	out := t.Take([]int{0})
	for _, name := range columns {
		i := t.Schema.Index(name)
		switch {
		case i < 0 || name == charter.SiteVariable:
		case t.Schema[i].Numeric():
			out.Columns[i] = table.Column{Numbers: []float64{math.NaN()}}
		default:
			out.Columns[i] = table.Column{Codes: []int32{-1}}
		}
	}
	return out
}
