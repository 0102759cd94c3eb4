// Package bench measures what a federation costs, on the machine it runs on:
// the sum of a million values over six sites beside plain addition, a logistic
// regression beside R's glm, the phases of a whole study, and what privacy costs:
// accounting, noise and ledger. It serves whoever plans a consortium's machines, and
// docs/performance.md.
//
// Everything runs in one process, one party after the other, so that a site's
// time is its own; networks and sealing are not in it. Where a measurement is
// repeated, the best is shown: other programs only ever add time.
package bench

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"text/tabwriter"
	"time"
)

// A Config says how much to measure. Its zero value is what the documentation
// shows.
type Config struct {
	Values  int // of a secure sum; default 1,000,000
	Rows    int // of the logistic regression; default 100,000
	Columns int // of it; default 20
	Sites   int // default 6
	Repeats int // default 3
	// Rscript is the path of R's script interpreter, "" where there is none: then
	// the regression stands alone, and the table says so.
	Rscript string

	Data   DataSize // of Data; default SmallData
	Only   string   // part of the names of the measurements of Data that are made; "" is all
	Folder string   // for what Data writes and removes again; "" is the system's for such files
	Self   string   // path of this program, which runs itself as its children; "" is os.Executable
}

func (c Config) defaults() Config {
	fill := func(x *int, d int) {
		if *x == 0 {
			*x = d
		}
	}
	fill(&c.Values, targetValues)
	fill(&c.Rows, 100_000)
	fill(&c.Columns, 20)
	fill(&c.Sites, targetSites)
	fill(&c.Repeats, 3)
	if c.Data == (DataSize{}) {
		c.Data = SmallData()
	}
	return c
}

// Run measures everything and writes one table per measurement as it goes.
func Run(ctx context.Context, w io.Writer, c Config) error {
	c = c.defaults()
	fmt.Fprintf(w, "%s/%s, %d cores, %s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	sum, err := SecureSum(ctx, c)
	if err != nil {
		return fmt.Errorf("secure sum: %w", err)
	}
	if err := sum.write(w); err != nil {
		return err
	}
	fit, err := Logistic(ctx, c)
	if err != nil {
		return fmt.Errorf("logistic regression: %w", err)
	}
	if err := fit.write(w); err != nil {
		return err
	}
	s, err := Study(ctx, c)
	if err != nil {
		return fmt.Errorf("study: %w", err)
	}
	if err := s.write(w); err != nil {
		return err
	}
	p, err := Privacy(ctx, c)
	if err != nil {
		return fmt.Errorf("privacy: %w", err)
	}
	return p.write(w)
}

// grid is a table on its way to a terminal.
type grid struct {
	*tabwriter.Writer
}

func newGrid(w io.Writer, title string) grid {
	fmt.Fprintf(w, "\n%s\n", title)
	return grid{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
}

func (g grid) row(cells ...any) {
	for i, c := range cells {
		if i > 0 {
			fmt.Fprint(g, "\t")
		}
		fmt.Fprint(g, c)
	}
	fmt.Fprintln(g)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }

// met says whether a figure is within its target.
func met(got, most float64) string {
	if got <= most {
		return "met"
	}
	return "MISSED"
}

// draws is a stream of numbers in [0, 1), the same on every machine: SplitMix64
// (Steele, Lea and Flood, OOPSLA 2014). It makes test data, and no secret.
type draws uint64

func (d *draws) next() float64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11) * 0x1p-53
}

// normal is a standard normal number within -6..6 (Box and Muller).
func (d *draws) normal() float64 {
	r := math.Sqrt(-2 * math.Log(1-d.next()))
	return min(max(r*math.Cos(2*math.Pi*d.next()), -6), 6)
}
