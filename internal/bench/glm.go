package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/table"
)

// A RReport is R's glm on the pooled table, as a person would call it: the fit
// alone, without starting R and reading the data.
type RReport struct {
	Wall, Processor time.Duration
	Difference      float64 // largest difference of a coefficient from R's, in standard errors
}

// script reads doubles, column by column, fits twice and prints. The time is that
// of the fit with R's own criterion; the coefficients are those of the fit with
// this project's.
const script = `a <- commandArgs(TRUE); n <- as.integer(a[2]); p <- as.integer(a[3])
d <- as.data.frame(matrix(readBin(a[1], "double", n * p, endian = "little"), n, p))
names(d) <- c("y", paste0("x", seq_len(p - 1)))
t <- system.time(glm(y ~ ., binomial, d))
m <- glm(y ~ ., binomial, d, control = glm.control(epsilon = 1e-12))
cat(sprintf("%.6f\n", c(t[["elapsed"]], t[["user.self"]] + t[["sys.self"]])))
cat(sprintf("%.17g\n", coef(m)))`

// fit runs R and keeps the best time; o is the federated outcome to compare with.
func (r *RReport) fit(ctx context.Context, rscript string, pooled table.Table, o *receipt.Outcome) error {
	folder, err := os.MkdirTemp("", "hmsp-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "pooled")
	if err := writeDoubles(path, pooled); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, rscript, "--vanilla", "-e", script, path, strconv.Itoa(pooled.Rows()), strconv.Itoa(len(pooled.Columns)))
	out, err := cmd.Output()
	if e := (*exec.ExitError)(nil); errors.As(err, &e) {
		return fmt.Errorf("%w: %s", err, e.Stderr)
	}
	if err != nil {
		return err
	}
	var numbers []float64
	for _, f := range strings.Fields(string(out)) {
		x, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return fmt.Errorf("unexpected answer %q", f)
		}
		numbers = append(numbers, x)
	}
	if len(numbers) != 2+len(pooled.Columns) {
		return fmt.Errorf("%d numbers in the answer, want %d", len(numbers), 2+len(pooled.Columns))
	}
	r.Wall = least(r.Wall, time.Duration(numbers[0]*float64(time.Second)))
	r.Processor = least(r.Processor, time.Duration(numbers[1]*float64(time.Second)))
	return r.compare(o, numbers[2:])
}

func (r *RReport) compare(o *receipt.Outcome, want []float64) error {
	terms, err := o.Analyses[0].Result.Table("terms")
	if err != nil {
		return err
	}
	b, err := terms.Column("estimate")
	if err != nil {
		return err
	}
	se, err := terms.Column("std.error")
	if err != nil {
		return err
	}
	if len(b.Numbers) != len(want) {
		return fmt.Errorf("%d coefficients, want %d", len(want), len(b.Numbers))
	}
	for i, x := range want {
		r.Difference = max(r.Difference, math.Abs(b.Numbers[i]-x)/se.Numbers[i])
	}
	if !(r.Difference < 1e-6) {
		return fmt.Errorf("the coefficients differ by up to %.2g standard errors: the two did not fit the same model", r.Difference)
	}
	return nil
}

// writeDoubles writes the table's numbers, column by column, little end first.
func writeDoubles(path string, t table.Table) error {
	b := make([]byte, 0, 8*t.Rows()*len(t.Columns))
	for _, c := range t.Columns {
		for _, x := range c.Numbers {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		}
	}
	return os.WriteFile(path, b, 0o600)
}
