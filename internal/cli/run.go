package cli

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/engine/local"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
	"hmsp.center/hmsp/table"
)

// runOptions are the flags of `study run`.
type runOptions struct {
	sites      []string
	dictionary string
	charter    string
	out        string
	json       bool
}

func studyRun(a *app) *cobra.Command {
	var o runOptions
	c := &cobra.Command{Use: "run STUDY", Short: "Try a study in this process over local files, one per site",
		Long: `Run a study with all parties in this process, each over a local file: the same
engine, masks and messages as between sites. Nothing is protected here, since one
process holds every file; it is for trying a study and for tests. Without
--dictionary or --charter, types and ranges are read from the files themselves.`,
		Example: `  hmsp study run study.yaml --site a=a.csv --site b=b.csv --site c=c.csv --out result
  hmsp study run linked.yaml --dictionary dictionary.yaml --site a=clinic/ --site a/genome=a.vcf.gz`,
		Args: exactArgs("a study file"),
		RunE: func(c *cobra.Command, args []string) error {
			out, err := a.try(c.Context(), args[0], o)
			if err != nil {
				return err
			}
			if err := a.deliver(*out, o.out, o.json); err != nil {
				return err
			}
			return ended(*out)
		}}
	c.Flags().StringArrayVar(&o.sites, "site", nil, "a site and its file or folder, NAME=PATH, which may be a mapping ending in .yaml; once per site, and as NAME/DATASET=PATH for each dataset that the study links")
	c.Flags().StringVar(&o.dictionary, "dictionary", "", "file with the variables (hmsp: dictionary/v1)")
	c.Flags().StringVar(&o.charter, "charter", "", "take the variables from this charter")
	c.Flags().StringVar(&o.out, "out", "", "folder for result.json, one CSV per table, figures as SVG, receipt.json")
	c.Flags().BoolVar(&o.json, "json", false, "print the result as JSON")
	c.MarkFlagsMutuallyExclusive("dictionary", "charter")
	return c
}

// try runs a study over local files.
func (a *app) try(ctx context.Context, path string, o runOptions) (*receipt.Outcome, error) {
	s, err := study.Read(path)
	if err != nil {
		return nil, input(err)
	}
	data, names, err := siteFiles(o.sites)
	if err != nil {
		return nil, input(err)
	}
	ch, signers, signed, err := a.trialCharter(ctx, s, o, names, data)
	if err != nil {
		return nil, err
	}
	p, problems := plan.Trial(ch, signed, a.catalog)
	if len(problems) > 0 {
		return nil, explain(s, problems)
	}
	tables := local.Tables{}
	folder, err := os.MkdirTemp("", "hmsp-run-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	seed := maphash.MakeSeed() // pseudonyms of this run
	l := dataset.Loader{Formats: a.catalog.Formats, MaxRows: ch.Rules.MaxRows, Pseudonym: func(patient string) uint64 { return maphash.String(seed, patient) }}
	for _, n := range p.Sites {
		sources, err := data.of(n, s.Datasets())
		if err != nil {
			return nil, input(err)
		}
		t, err := site.Try(ctx, l, sources, p, ch.Dictionary, n, folder)
		if err != nil {
			return nil, input(fmt.Errorf("site %s: %w", n, err))
		}
		tables[n] = t
	}
	return local.Run(ctx, p, signers, tables, a.now)
}

// files are what the sites of a trial have: by site, and by the name of a linked dataset
// or "" for the one that the study is over.
type files map[string]map[string]dataset.Dataset

// of are the files of a site for the datasets of a study, the first of which needs no
// name.
func (f files) of(site string, datasets []string) ([]dataset.Dataset, error) {
	out := []dataset.Dataset{f[site][""]}
	for _, name := range datasets[1:] {
		d, ok := f[site][name]
		if !ok {
			return nil, fmt.Errorf("the study links %s: name the file of site %s with --site %s/%s=PATH", name, site, site, name)
		}
		out = append(out, d)
	}
	return out, nil
}

// siteFiles reads NAME=PATH and NAME/DATASET=PATH flags.
func siteFiles(flags []string) (files, []string, error) {
	data := files{}
	var names []string
	for _, f := range flags {
		name, path, ok := strings.Cut(f, "=")
		if !ok || path == "" {
			return nil, nil, fmt.Errorf("--site %q: want NAME=PATH", f)
		}
		name, linked, _ := strings.Cut(name, "/")
		if err := identity.ValidName(name); err != nil {
			return nil, nil, fmt.Errorf("--site %q: %w", f, err)
		}
		if _, twice := data[name][linked]; twice {
			return nil, nil, fmt.Errorf("--site %s is given twice", strings.TrimSuffix(name+"/"+linked, "/"))
		}
		d, err := named(name, path)
		if err != nil {
			return nil, nil, err
		}
		if _, err := os.Stat(d.Path); err != nil {
			return nil, nil, fmt.Errorf("site %s: cannot read its file: %w", name, err)
		}
		if data[name] == nil {
			data[name] = map[string]dataset.Dataset{}
			names = append(names, name)
		}
		data[name][linked] = d
	}
	for _, name := range names {
		if _, ok := data[name][""]; !ok {
			return nil, nil, fmt.Errorf("site %s has no file of its own: give --site %s=PATH too", name, name)
		}
	}
	if len(names) == 0 {
		return nil, nil, errors.New("name each site's file with --site NAME=PATH")
	}
	slices.Sort(names)
	return data, names, nil
}

// trialCharter makes a charter that lives as long as this process.
func (a *app) trialCharter(ctx context.Context, s *study.Study, o runOptions, names []string, data files) (*charter.Charter, map[string]engine.Signer, *study.Signed, error) {
	ch := charter.New("trial")
	ch.Rules.Colluders = 0
	signers := map[string]engine.Signer{}
	for _, n := range append(slices.Clone(names), "you") {
		role := identity.Site
		if n == "you" {
			role = identity.Researcher
		}
		id, err := identity.Generate(n, role, nil)
		if err != nil {
			return nil, nil, nil, input(err)
		}
		ch.Members = append(ch.Members, id.Public())
		signers[n] = id
	}
	var err error
	switch {
	case o.charter != "":
		var from *charter.Charter
		if from, err = charter.Read(o.charter); err == nil {
			ch.Dictionary, ch.Rules.MaxRows = from.Dictionary, from.Rules.MaxRows
		}
	case o.dictionary != "":
		ch.Dictionary, err = readDictionary(o.dictionary)
	default:
		var paths []string
		for _, n := range names {
			if len(data[n]) > 1 {
				return nil, nil, nil, inputf("variables of linked datasets have to be declared: give --dictionary or --charter")
			}
			paths = append(paths, data[n][""].Path)
		}
		var ignored []dataset.Ignored
		ch.Dictionary, ignored, err = dataset.Loader{Formats: a.catalog.Formats, MaxRows: ch.Rules.MaxRows}.Infer(ctx, paths...)
		for _, i := range ignored {
			fmt.Fprintf(a.err, "hmsp: column %q is left out: %s\n", i.Column, i.Why)
		}
	}
	if err != nil {
		return nil, nil, nil, input(err)
	}
	ch.Dictionary = slices.DeleteFunc(ch.Dictionary, func(v table.Variable) bool { return v.Name == charter.SiteVariable })
	signed, err := study.Submit(s, ch.Digest(), signers["you"].(*identity.Identity), a.now(), nil)
	return ch, signers, signed, input(err)
}

// A dictionaryFile lists variables outside of a charter.
type dictionaryFile struct {
	Hmsp       string       `json:"hmsp"`
	Dictionary table.Schema `json:"dictionary"`
}

func readDictionary(path string) (table.Schema, error) {
	data, err := manifest.ReadFile(path, "dictionary")
	if err != nil {
		return nil, err
	}
	var f dictionaryFile
	if err := manifest.Decode(path, data, charter.DictionarySchema(), &f); err != nil {
		return nil, err
	}
	for _, v := range f.Dictionary {
		if err := v.Valid(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return f.Dictionary, nil
}
