// Package execute is how a site computes Local: on this machine, in blocks of
// rows over its cores. Sums are exact, so the number of blocks and cores does
// not change a bit of the result.
package execute

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/table"
)

// blockRows is the least number of rows worth a goroutine of its own.
const blockRows = 4096

// mostRows is how many rows an analysis that is additive over people sees at once: what
// it makes of them takes memory for no more.
const mostRows = 1 << 16

// Local computes a site's vector for one round. Analyses that are additive over
// people are split into blocks; those over sites see the whole table at once.
func Local(ctx context.Context, t table.Table, run analysis.Run, s analysis.State, b analysis.Bounds, g fixed.Grid) (*fixed.Vector, error) {
	parts := min(runtime.GOMAXPROCS(0), t.Rows()/blockRows)
	if b.OverSites || parts < 2 {
		v := fixed.NewVector(g)
		work := blocks
		if b.OverSites {
			work = one
		}
		if err := work(ctx, t, run, s, v); err != nil {
			return nil, err
		}
		return v, v.Err()
	}
	vectors := make([]*fixed.Vector, parts)
	group, ctx := errgroup.WithContext(ctx)
	for i := range parts {
		vectors[i] = fixed.NewVector(g)
		group.Go(func() error { return blocks(ctx, t.Slice(i*t.Rows()/parts, (i+1)*t.Rows()/parts), run, s, vectors[i]) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, v := range vectors[1:] {
		vectors[0].Merge(v)
	}
	return vectors[0], vectors[0].Err()
}

// blocks runs Local over one block after the other.
func blocks(ctx context.Context, t table.Table, run analysis.Run, s analysis.State, v *fixed.Vector) error {
	for from := 0; from == 0 || from < t.Rows(); from += mostRows {
		if err := one(ctx, t.Slice(from, min(from+mostRows, t.Rows())), run, s, v); err != nil {
			return err
		}
	}
	return nil
}

// one runs Local, turning a panic over the data into an error: a plug-in's
// fault must not take the site down, and its text may quote data.
func one(ctx context.Context, t table.Table, run analysis.Run, s analysis.State, v *fixed.Vector) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the analysis failed on this site's data (%T)", r)
		}
	}()
	return run.Local(t, s, v)
}
