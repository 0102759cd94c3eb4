package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/law/policy"
)

// addOptions are the flags of `dataset add`.
type addOptions struct {
	home, name, patient, time, dates, table, format, mapping, samples, consent, noConsent, memory string
	replace, dryRun, inPlace                                                                      bool
}

func datasetAdd(a *app) *cobra.Command {
	var o addOptions
	c := &cobra.Command{Use: "add PATH", Short: "Register a file, a folder or a database, or a mapping of one (hmsp: dataset/v1)",
		Long: `Look at a source (tables, clinical exports and databases, genomes, expression,
microbiomes, recordings of devices, images, notes), say what was understood, read it
once against the charter's dictionary, and keep what was mapped for studies. The data stay where they are. Nothing is
registered where something is not clear or does not fit; --dry-run stops there in
any case. Of a folder that holds dataset.yaml, that mapping is used.`,
		Example: `  hmsp dataset add lung.csv --name lung --home north
  hmsp dataset add export/ --name clinic --consent consent.csv --home north
  hmsp dataset add cohort.vcf.gz --name genome --samples samples.csv --home north
  hmsp dataset add "postgres://reader@localhost/omop?schema=cdm" --name clinic --home north
  hmsp dataset add lung-mapping.yaml --home north --dry-run`,
		Args: exactArgs("a file, a folder, or postgres://user@host:port/database"),
		RunE: func(c *cobra.Command, args []string) error { return a.addDataset(c, args[0], o) }}
	homeFlag(c, &o.home)
	f := c.Flags()
	f.StringVar(&o.name, "name", "", "name that studies use (default: the file's name)")
	f.StringVar(&o.format, "format", "", "kind of the source, where it cannot be told: "+strings.Join(a.formats(), ", "))
	f.StringVar(&o.samples, "samples", "", "list (CSV: sample, patient, time) of whose samples, recordings or images are")
	f.StringVar(&o.patient, "patient", "", "column of a flat file that names the patient (default: told from the file)")
	f.StringVar(&o.time, "time", "", "column of a flat file that says when a row was recorded")
	f.StringVar(&o.dates, "dates", "", "how a flat file writes dates, where it leaves two readings: DD/MM/YYYY, MM/DD/YYYY, DD.MM.YYYY, ...")
	f.StringVar(&o.table, "table", "", "how a matrix lies and what it holds, where the file leaves it open: features-in-rows or samples-in-rows, and counts, relative, signal, beta or mvalue")
	f.StringVar(&o.mapping, "mapping", "", "mapping to use (hmsp: dataset/v1), whose path the argument replaces")
	f.StringVar(&o.consent, "consent", "", "file or FHIR export with the patients' consent, read at each cohort")
	f.StringVar(&o.noConsent, "no-consent", "", "why no consent is needed, such as the law that permits the processing")
	f.StringVar(&o.memory, "memory", "1GiB", "memory that may be used")
	f.BoolVar(&o.inPlace, "in-place", false, "of a live database: ask it where it is at each study, and keep no copy")
	f.BoolVar(&o.replace, "replace", false, "take the place of a registration of that name")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what was understood and found, and register nothing")
	c.MarkFlagsMutuallyExclusive("consent", "no-consent")
	return c
}

// described is the dataset that a command line means.
func (o addOptions) described(path string) (dataset.Dataset, error) {
	var d dataset.Dataset
	var err error
	if o.mapping != "" {
		d, err = dataset.ReadFile(o.mapping)
		d.Path = path
	} else {
		d, err = named("", path)
	}
	if err != nil {
		return d, err
	}
	d.Pool = ""
	for _, flag := range []struct {
		value string
		to    *string
	}{{o.name, &d.Name}, {o.format, &d.Format}, {o.patient, &d.Patient}, {o.time, &d.Time}, {o.samples, &d.Samples}, {o.table, &d.Options.Table}, {o.dates, &d.Options.Dates}} {
		if flag.value != "" {
			*flag.to = flag.value
		}
	}
	if !slices.Contains(dataset.DateLayouts(), d.Options.Dates) {
		return d, fmt.Errorf("--dates %q: use one of %s", d.Options.Dates, strings.Join(dataset.DateLayouts()[1:], ", "))
	}
	if d.InPlace = d.InPlace || o.inPlace; d.InPlace && !dataset.Live(d.Path) {
		return d, fmt.Errorf("--in-place is for live databases: name one as postgres://user@host:port/database")
	}
	switch {
	case o.consent != "":
		d.Consent = &dataset.Consent{Path: o.consent}
	case o.noConsent != "":
		d.Consent = &dataset.Consent{None: o.noConsent}
	}
	return d, nil
}

// named is the dataset at a path: a mapping, a folder with one in it (dataset.yaml), or
// a source as it is.
func named(name, path string) (dataset.Dataset, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		inside := filepath.Join(path, "dataset.yaml")
		if _, err := os.Stat(inside); err == nil {
			path = inside
		}
	}
	if ext := filepath.Ext(path); ext == ".yaml" || ext == ".yml" {
		return dataset.ReadFile(path)
	}
	return dataset.File(name, path), nil
}

// formats are the names of those that can be read.
func (a *app) formats() []string {
	var out []string
	for _, f := range a.catalog.Formats {
		out = append(out, f.Name())
	}
	return out
}

func (a *app) addDataset(c *cobra.Command, path string, o addOptions) error {
	r, m, err := a.registry(o.home, policy.Configure)
	if err != nil {
		return err
	}
	memory, err := parseBytes(o.memory)
	if err != nil {
		return inputf("--memory %q: %v", o.memory, err)
	}
	d, err := o.described(path)
	if err != nil {
		return input(err)
	}
	p, err := r.Loader.Propose(c.Context(), d, m.Charter.Dictionary)
	if err != nil {
		return input(err)
	}
	a.printf("%s", p.String())
	if len(p.Asks) > 0 {
		return inputf("%s: nothing was registered: %s", path, strings.Join(p.Asks, "; "))
	}
	d = p.Dataset
	view := newRateView(a, formatBytes)
	b := dataset.Build{Memory: memory, Named: view.begin, Progress: view.show}
	add := r.Add
	if o.dryRun {
		add = r.Try
	}
	profile, err := add(c.Context(), d, m.Charter.Dictionary, o.replace, b)
	view.end()
	profile.Notes = slices.DeleteFunc(profile.Notes, func(n string) bool { return slices.Contains(p.Notes, n) }) // they were said
	if profile.Format != "" {
		a.printf("%s", profile.String())
		if len(profile.Absent) > 0 {
			a.printf("  not in the source: %s\n", strings.Join(profile.Absent, ", "))
		}
	}
	if err != nil {
		return input(err)
	}
	if o.dryRun {
		a.printf("nothing was registered: this was a dry run\n")
		return nil
	}
	a.printf("registered %s for studies over %q\n", d.Path, d.Name)
	change := "added"
	if o.replace {
		change = "replaced"
	}
	if err := site.Note(m, a.now, audit.Entry{Kind: audit.DatasetRegistered, Who: audit.FormatWho(member.Account(o.home)), Facts: map[string]string{"dataset": d.Name, "change": change}}); err != nil {
		return err
	}
	return a.tellConsent(c, r, d.Name)
}
