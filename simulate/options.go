// Package simulate makes people who never existed: linked clinical records of
// several sites, with genomes, microbiomes, wearables, images and notes to the
// same people, from a causal graph whose coefficients are written beside them.
//
// It serves whoever tries hmsp, teaches it or tests it. Person i of a site comes
// from a stream of numbers of its own, so that the same seed gives the same bytes
// whatever the number of processors, of other people and of other sites. It refuses
// to write into a folder that holds something.
package simulate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"hmsp.center/hmsp/simulate/genome"
	"hmsp.center/hmsp/simulate/record"
	"hmsp.center/hmsp/spelling"
)

// Version names the model. Another version gives other people for the same seed.
const Version = "simulate/v1"

// Options say who is made. The zero value is 600 people of six sites in every format.
type Options struct {
	Seed     uint64   // of everything
	People   int      // of all sites together; 0 means 600
	Sites    []string // nil means Sites()
	Formats  []string // of Formats(); nil means all
	Years    int      // of records before End, at most 40; 0 means 10
	Variants int      // of a genome; 0 means 2000, otherwise at least 500
	Clean    bool     // no missing values and no planted faults; sites still differ
}

// The defaults and limits of Options.
const (
	DefaultPeople   = 600
	DefaultYears    = 10
	DefaultVariants = 2000
	MaxYears        = 40
	MaxPeople       = 100_000_000
	MaxSites        = 1000
)

// Sites names the sites that a simulation has where it is not told: those of
// `hmsp demo`.
func Sites() []string { return []string{"east", "lakes", "north", "plains", "south", "west"} }

// Formats names the formats in which a site's records can be written.
func Formats() []string {
	var out []string
	for _, f := range layouts() {
		out = append(out, f.Name())
	}
	return out
}

// Defaults fills in what is not set.
func (o Options) Defaults() Options {
	if o.People == 0 {
		o.People = DefaultPeople
	}
	if o.Sites == nil {
		o.Sites = Sites()
	}
	if o.Formats == nil {
		o.Formats = Formats()
	}
	if o.Years == 0 {
		o.Years = DefaultYears
	}
	if o.Variants == 0 {
		o.Variants = DefaultVariants
	}
	return o
}

// Valid says what is wrong with options whose defaults are filled in.
func (o Options) Valid() error {
	switch {
	case len(o.Sites) == 0 || len(o.Sites) > MaxSites:
		return fmt.Errorf("simulate: %d sites; name 1 to %d", len(o.Sites), MaxSites)
	case o.People < len(o.Sites) || o.People > MaxPeople:
		return fmt.Errorf("simulate: %d people for %d sites; ask for one a site at least and %d at most", o.People, len(o.Sites), MaxPeople)
	case o.Years < 1 || o.Years > MaxYears:
		return fmt.Errorf("simulate: %d years of records; ask for 1 to %d", o.Years, MaxYears)
	case o.Variants < genome.MinVariants || o.Variants > genome.MaxVariants:
		return fmt.Errorf("simulate: %d variants; ask for %d to %d", o.Variants, genome.MinVariants, genome.MaxVariants)
	case len(o.Formats) == 0:
		return fmt.Errorf("simulate: no format; choose from %s", strings.Join(Formats(), ", "))
	}
	name := regexp.MustCompile(`^[a-z][a-z0-9]{0,15}$`)
	for i, s := range o.Sites {
		if !name.MatchString(s) || s == truthFolder {
			return fmt.Errorf("simulate: site %q; a name is a lower-case letter and up to 15 letters and digits, and not %q", s, truthFolder)
		}
		if slices.Contains(o.Sites[:i], s) {
			return fmt.Errorf("simulate: site %q is named twice", s)
		}
	}
	for i, f := range o.Formats {
		if !slices.Contains(Formats(), f) {
			return fmt.Errorf("simulate: format %q is unknown%s; choose from %s", f, spelling.Suggest(f, Formats()), strings.Join(Formats(), ", "))
		}
		if slices.Contains(o.Formats[:i], f) {
			return fmt.Errorf("simulate: format %q is named twice", f)
		}
	}
	return nil
}

// of is how many people site i has: as many as the others, and one more for the
// first ones where that does not come out even.
func (o Options) of(i int) int {
	n := o.People / len(o.Sites)
	if i < o.People%len(o.Sites) {
		n++
	}
	return n
}

// A layout writes records in one format. Its files are appended to person after
// person, in order.
type layout interface {
	Name() string
	// Files are paths below the site's folder of this format.
	Files() []string
	// Head begins each file.
	Head(s record.Site) [][]byte
	// Append adds one person's lines to each file's bytes.
	Append(files [][]byte, r *record.Record)
}
