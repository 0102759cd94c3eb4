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
	"hmsp.center/hmsp/simulate/modality"
	"hmsp.center/hmsp/simulate/record"
	"hmsp.center/hmsp/spelling"
)

// Version names the model. Another version gives other people for the same seed.
const Version = "simulate/v1"

// Options say who is made. The zero value is 600 people of six sites in every clinical
// format.
type Options struct {
	Seed     uint64   // of everything
	People   int      // of all sites together; 0 means 600
	Sites    []string // nil means Sites()
	Formats  []string // of Formats() and Modalities(), or All alone; nil means Formats()
	Years    int      // of records before End, at most 40; 0 means 10
	Variants int      // of a genome; 0 means 2000, otherwise at least 500
	Clean    bool     // no missing values and no planted faults; sites still differ
	Complete bool     // everybody has an image of the head and of the chest, and a watch
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

// Formats names the formats in which a site's clinical records can be written.
func Formats() []string {
	var out []string
	for _, f := range layouts() {
		out = append(out, f.Name())
	}
	return out
}

// Modalities names the formats of what else can be written of the same people: genomes,
// microbiomes, wearables, images and notes.
func Modalities() []string { return modality.Names() }

// All stands for every format, in Options.Formats.
const All = "all"

// Defaults fills in what is not set.
func (o Options) Defaults() Options {
	if o.People == 0 {
		o.People = DefaultPeople
	}
	if o.Sites == nil {
		o.Sites = Sites()
	}
	switch {
	case o.Formats == nil:
		o.Formats = Formats()
	case slices.Equal(o.Formats, []string{All}):
		o.Formats = append(Formats(), Modalities()...)
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
	known := append(append(Formats(), Modalities()...), All)
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
		return fmt.Errorf("simulate: no format; choose from %s", strings.Join(known, ", "))
	case o.of(0) > modality.MaxGenomes && (o.writes(modality.VCF) || o.writes(modality.BED)):
		return fmt.Errorf("simulate: %d people at a site; at most %d can have genotypes in one file", o.of(0), modality.MaxGenomes)
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
		switch {
		case !slices.Contains(known, f):
			return fmt.Errorf("simulate: format %q is unknown%s; choose from %s", f, spelling.Suggest(f, known), strings.Join(known, ", "))
		case slices.Contains(o.Formats[:i], f):
			return fmt.Errorf("simulate: format %q is named twice", f)
		case f == All && len(o.Formats) > 1:
			return fmt.Errorf("simulate: format %q stands for all of them; name it alone", f)
		}
	}
	return nil
}

// writes says whether a format is chosen.
func (o Options) writes(format string) bool {
	return slices.Contains(o.Formats, format) || slices.Equal(o.Formats, []string{All})
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

// A layout writes people in one format. Its files are appended to person after person,
// in order.
type layout interface {
	Name() string
	// Files are paths below the site's folder of this format.
	Files() []string
	// Head begins each file.
	Head(s record.Site) [][]byte
	// Append adds one person's lines to each file's bytes.
	Append(files [][]byte, s *modality.Subject)
}

// tailed is a layout whose files have an end.
type tailed interface {
	Tail(write func(file int, part []byte) error) error
}

// A recordLayout writes clinical records.
type recordLayout interface {
	Name() string
	Files() []string
	Head(s record.Site) [][]byte
	Append(files [][]byte, r *record.Record)
}

// clinical is a recordLayout as a layout.
type clinical struct{ recordLayout }

func (c clinical) Append(files [][]byte, s *modality.Subject) { c.recordLayout.Append(files, s.Record) }

// tables are a layout that is the same for every site.
type tables struct{ modality.Tables }

func (t tables) Head(record.Site) [][]byte { return t.Tables.Head() }

// Tail is that of the tables, where they have one.
func (t tables) Tail(write func(file int, part []byte) error) error {
	if l, ok := t.Tables.(tailed); ok {
		return l.Tail(write)
	}
	return nil
}
