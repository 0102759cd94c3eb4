package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// A DataSize says of how much data it is measured what it costs to read, keep and ask
// them.
type DataSize struct {
	FHIR   int64 // bytes of Observations, as lines
	Events int   // observations from which a cohort is made
	Shared int64 // bytes of the pool that four processes read
	First  int64 // bytes of the dataset of a first analysis
	Rows   int   // of a site with limited memory; and its observations over time
	Memory int64 // that such a site may use, in bytes
}

// SmallData takes a minute or two and 2 GB of disk.
func SmallData() DataSize {
	return DataSize{FHIR: 64 << 20, Events: 1_000_000, Shared: 64 << 20, First: 500 << 20, Rows: 2_000_000, Memory: targetLimit}
}

// FullData is the size of the targets. It takes half an hour and 15 GB of disk.
func FullData() DataSize {
	return DataSize{FHIR: 256 << 20, Events: 10_000_000, Shared: targetSharedSize, First: targetFirstSize, Rows: targetRows, Memory: targetLimit}
}

// Targets of the work with data.
const (
	targetFHIR      = 0.8     // of DuckDB's speed, at least
	targetShared    = 0.3     // of the memory of four copies, at most
	targetFirst     = 1.0     // seconds to the first analysis, at most
	targetFirstSize = 5 << 30 // bytes of its dataset
	targetRows      = 50_000_000
	targetLimit     = 2 << 30 // bytes of memory for them

	targetSharedSize = 256 << 20 // bytes of the pool of four processes
)

// Data measures what it costs to read, keep and ask data, and writes one table per
// measurement as it goes.
func Data(ctx context.Context, w io.Writer, c Config) error {
	c = c.defaults()
	for _, m := range []struct {
		what    string
		measure func(context.Context, Config, string) (report, error)
	}{
		{"FHIR", fhirLines}, {"cohort", windowedCohort}, {"shared pool", sharedPool}, {"first analysis", firstAnalysis},
		{"limited site, rows", limitedRows}, {"limited site, people over time", limitedHistory},
	} {
		if c.Only != "" && !strings.Contains(m.what, c.Only) {
			continue
		}
		if err := measured(ctx, w, c, m.measure); err != nil {
			return fmt.Errorf("%s: %w", m.what, err)
		}
	}
	return nil
}

// measured makes one measurement in a folder of its own.
func measured(ctx context.Context, w io.Writer, c Config, measure func(context.Context, Config, string) (report, error)) error {
	folder, err := os.MkdirTemp(c.Folder, "hmsp-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	r, err := measure(ctx, c, folder)
	if err != nil {
		return err
	}
	return r.write(w)
}

// A report is what was measured.
type report interface{ write(io.Writer) error }

// A cost is what something took.
type cost struct {
	Wall, Processor time.Duration
	Anonymous       int64 // bytes of its own memory at most, 0 where the system does not tell
	Resident        int64 // with the mapped files, which the system takes back when it needs room
}

// timed measures what a function takes in this process.
func timed(do func() error) (c cost, err error) {
	begin, cpu := time.Now(), processor()
	err = do()
	return cost{Wall: time.Since(begin), Processor: processor() - cpu}, err
}

// better keeps the least time and memory of two; a cost of 0 is none yet.
func (c cost) better(d cost) cost {
	if c.Wall == 0 {
		return d
	}
	return cost{min(c.Wall, d.Wall), min(c.Processor, d.Processor), min(c.Anonymous, d.Anonymous), min(c.Resident, d.Resident)}
}

func mebibytes(n int64) string {
	if n == 0 {
		return "not known here"
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

// cells are a cost as cells of a table.
func (c cost) cells() []any {
	return []any{seconds(c.Wall), seconds(c.Processor), mebibytes(c.Anonymous), mebibytes(c.Resident)}
}

func costHead(first string) []any {
	return []any{first, "time", "processor", "own memory at most", "with mapped files"}
}
