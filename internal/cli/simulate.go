package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/simulate"
)

func simulateCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "simulate", Short: "Make data of people who never existed, with the truth beside them",
		Example: "  hmsp simulate people --out people\n  hmsp simulate people --out big --people 100000 --formats fhir --sites north,south"}
	c.AddCommand(simulatePeople(a))
	return c
}

func simulatePeople(a *app) *cobra.Command {
	var o simulate.Options
	var out string
	c := &cobra.Command{Use: "people", Short: "Write the records of simulated people, as hospitals keep them",
		Long: `Write the records of people who never existed, as several hospitals keep them:
FHIR resources, the OMOP common data model, and CSV files; and, where they are asked
for, what is taken of people beside them: genomes, microbiomes, recordings of
watches, images and letters, each in its usual kind of file. What befalls them
follows a causal graph whose coefficients are written beside them, with the
missing values and the faults that were planted. The sites differ in their
people, units, codes and faults. The same seed gives the same bytes.`,
		Example: "  hmsp simulate people --out people\n  hmsp simulate people --out big --people 100000 --formats fhir --sites north,south --seed 7\n  hmsp simulate people --out everything --people 120 --formats all --complete",
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.simulatePeople(c.Context(), o, out) }}
	f := c.Flags()
	f.StringVar(&out, "out", "", "folder to write into, new or empty")
	f.IntVar(&o.People, "people", simulate.DefaultPeople, "how many people, of all sites together")
	f.StringSliceVar(&o.Sites, "sites", simulate.Sites(), "names of the sites; one that is not among these takes after one of them")
	f.StringSliceVar(&o.Formats, "formats", simulate.Formats(), "formats in which each site's records are written: "+strings.Join(simulate.Formats(), ", ")+"; and of what is taken of people beside them: "+strings.Join(simulate.Modalities(), ", ")+"; or all")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of everything: another one makes other people")
	f.IntVar(&o.Years, "years", simulate.DefaultYears, "years of records, before the end of 2024")
	f.IntVar(&o.Variants, "variants", simulate.DefaultVariants, "variants of a genome, some of which act on what is recorded")
	f.BoolVar(&o.Clean, "clean", false, "no missing values and no faults")
	f.BoolVar(&o.Complete, "complete", false, "everybody has a watch and images, and not some as in a hospital")
	_ = c.MarkFlagRequired("out")
	_ = c.MarkFlagDirname("out")
	_ = c.RegisterFlagCompletionFunc("formats", listed(slices.Concat(simulate.Formats(), simulate.Modalities(), []string{simulate.All})))
	_ = c.RegisterFlagCompletionFunc("sites", listed(simulate.Sites()))
	return c
}

// listed completes a list separated by commas with names that are not in it yet.
func listed(names []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		head := typed[:strings.LastIndexByte(typed, ',')+1]
		var out []cobra.Completion
		for _, n := range names {
			if !slices.Contains(strings.Split(head, ","), n) && strings.HasPrefix(n, typed[len(head):]) {
				out = append(out, head+n)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

func (a *app) simulatePeople(ctx context.Context, o simulate.Options, out string) error {
	if err := o.Valid(); err != nil {
		return input(err)
	}
	view := newRateView(a, func(n int64) string { return fmt.Sprintf("%d people", n) })
	view.begin("simulating")
	err := simulate.Write(ctx, o, out, func(done, of int) { view.show(int64(done), int64(of)) })
	view.end()
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return err // of the disk
	}
	if err != nil {
		return input(err)
	}
	t, err := simulate.ReadTruth(out)
	if err != nil {
		return err
	}
	a.showSimulated(t, o, out)
	return nil
}

// showSimulated says what was written, and what can be done with it.
func (a *app) showSimulated(t simulate.Truth, o simulate.Options, out string) {
	o = o.Defaults() // with the names that "all" stands for
	a.printf("%d people who never existed, with records from %s to %s\n", t.People, t.Start, t.End)
	a.printf("  %-16s %8s %8s %10s %13s %7s  %-14s %s\n", "site", "people", "visits", "diagnoses", "measurements", "drugs", "codes", "units")
	for _, s := range t.Sites {
		units := "mass"
		if s.Molar {
			units = "molar"
		}
		a.printf("  %-16s %8d %8d %10d %13d %7d  %-14s %s\n", s.Name, s.People, s.Counts["visits"], s.Counts["diagnoses"], s.Counts["measurements"], s.Counts["drugs"], s.Coding, units)
	}
	in := func(names ...string) string { return filepath.Join(append([]string{out}, names...)...) }
	var folders []string
	for _, f := range o.Formats {
		folders = append(folders, in("SITE", f))
	}
	a.printf("records: %s\n", strings.Join(folders, ", "))
	a.printf("variables for a charter: %s\n", in("dictionary.yaml"))
	a.printf("truth: %s, and what is true of each person in %s\n", in("truth", "truth.json"), in("truth", "SITE"))
	a.printf("next: hmsp dataset add %s --name clinic --home HOME --dry-run\n", in(o.Sites[0], o.Formats[0]))
}
