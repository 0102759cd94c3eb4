package composition_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"hmsp.center/hmsp/composition"
)

// Everything equals R's vegan: on samples from rare to rich, to a relative 1e-9 (Fisher's
// alpha 1e-4, which vegan solves with a tolerance of its own; rarefaction 1e-7, where its
// logarithms of factorials cancel).
func TestVegan(t *testing.T) {
	if _, err := exec.LookPath("Rscript"); err != nil {
		t.Skip("there is no Rscript here")
	}
	samples := counts()
	cmd := exec.CommandContext(t.Context(), "Rscript", "-e", `ok <- requireNamespace("vegan", quietly=TRUE); if (!ok) quit(status=3)
suppressMessages(library(vegan)); f <- file("stdin"); x <- as.matrix(read.table(f)); options(digits=17)
for (i in seq_len(nrow(x))) { v <- x[i,]; e <- estimateR(v); d <- diversity(v)
cat(e["S.obs"], e["S.chao1"], e["S.ACE"], d, diversity(v,"simpson"), diversity(v,"invsimpson"), d/log(specnumber(v)), fisher.alpha(v), rarefy(v, 50), rarefy(v, sum(v)), "\n") }`)
	var in strings.Builder
	for _, s := range samples {
		for _, v := range s {
			fmt.Fprint(&in, v, " ")
		}
		in.WriteByte('\n')
	}
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.Output()
	if exit, ok := err.(*exec.ExitError); ok && exit.ExitCode() == 3 {
		t.Skip("R has no package vegan here")
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(strings.NewReader(string(out)))
	names := []string{"observed", "chao1", "ace", "shannon", "simpson", "inverse simpson", "pielou", "fisher", "rarefy 50", "rarefy all"}
	for i, s := range samples {
		lines.Scan()
		var want [10]float64
		for k, f := range strings.Fields(lines.Text()) {
			if _, err := fmt.Sscan(f, &want[k]); err != nil {
				t.Fatal(err)
			}
		}
		got := [10]float64{float64(composition.Observed(s)), composition.Chao1(s), composition.ACE(s), composition.Shannon(s), composition.Simpson(s),
			composition.InverseSimpson(s), composition.Pielou(s), composition.Fisher(s), composition.RarefiedRichness(s, 50), composition.RarefiedRichness(s, int(composition.Total(s)))}
		for k := range got {
			tolerance := 1e-9
			switch names[k] {
			case "fisher":
				tolerance = 1e-4
			case "rarefy 50":
				tolerance = 1e-7
			}
			if !near(got[k], want[k], tolerance) {
				t.Errorf("sample %d: %s %v, vegan %v", i, names[k], got[k], want[k])
			}
		}
	}
}

// counts are samples of 60 parts, some of them rare, some rich, one of two parts alone.
func counts() [][]float64 {
	rng := rand.New(rand.NewPCG(3, 5))
	var out [][]float64
	for _, scale := range []float64{2, 5, 30, 400, 1e5} {
		for range 4 {
			s := make([]float64, 60)
			for i := range s {
				if rng.Float64() < 0.7 {
					s[i] = float64(int(rng.ExpFloat64() * scale))
				}
			}
			s[0], s[1] = 60, 2
			out = append(out, s)
		}
	}
	two := make([]float64, 60)
	two[3], two[9] = 70, 1
	return append(out, two)
}

func BenchmarkDiversity(b *testing.B) {
	s := counts()[18]
	for b.Loop() {
		_ = composition.Chao1(s) + composition.ACE(s) + composition.Shannon(s) + composition.Fisher(s)
	}
}
