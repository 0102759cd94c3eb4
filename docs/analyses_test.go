package docs_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/analysis/analysistest"
	"hmsp.center/hmsp/catalog/standard"
	"hmsp.center/hmsp/table"
)

// TestAnalysesPage: docs/analyses.md is what the analyses say of themselves, and
// what their examples give and open on the people of the conformance suite.
func TestAnalysesPage(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`# Analyses

What each analysis of this build computes, with an example that works, its parameters, the tables it gives and
what it opens. This page is written from the analyses themselves (` + "`go test ./docs -update`" + `). How to put them
into a study is in [the researcher's page](researcher.md).

The examples are entries under ` + "`analyses:`" + ` over the variables of [this dictionary](#the-dictionary-of-the-examples).

`)
	all := standard.Catalog().Analyses
	for _, a := range all {
		fmt.Fprintf(&b, "- [%s](#%s): %s\n", a.About().Name, a.About().Name, lowerFirst(a.About().Title))
	}
	for _, a := range all {
		writeAnalysis(t, &b, a)
	}
	b.WriteString("\n## The dictionary of the examples\n\n| variable | type | values | meaning |\n|---|---|---|---|\n")
	for _, v := range analysistest.Schema() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", v.Name, v.Kind, values(v), v.Label)
	}
	golden(t, "docs/analyses.md", b.Bytes())
}

func writeAnalysis(t *testing.T, b *bytes.Buffer, a analysis.Analysis) {
	about := a.About()
	fmt.Fprintf(b, "\n## %s\n\n%s, version %s. %s\n\n", about.Name, about.Title, about.Version, about.Doc)
	fmt.Fprintf(b, "```yaml\n%s\n```\n\n", strings.TrimSpace(about.Example))
	b.WriteString("| parameter | type | default | meaning |\n|---|---|---|---|\n")
	for _, p := range about.Parameters {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", p.Name, kind(p), defaults(p), strings.ReplaceAll(p.Doc, "|", `\|`))
	}
	people := analysistest.People(210, 20261124)
	var sites []table.Table
	for i := range 3 {
		sites = append(sites, people.Slice(70*i, 70*i+70))
	}
	params := example(t, about)
	result, rounds := analysistest.Rounds(t, a, params, people.Schema, sites...)
	b.WriteString("\nTables of the example:\n\n")
	for _, tab := range result.Tables {
		var names []string
		for _, c := range tab.Columns {
			names = append(names, "`"+c.Name+"`")
		}
		fmt.Fprintf(b, "- `%s.csv`, %s: %s\n", tab.Name, lowerFirst(tab.Title), strings.Join(names, ", "))
	}
	if len(result.Figures) > 0 {
		b.WriteString("\nFigures: ")
		for i, f := range result.Figures {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(b, "`%s.svg`", f.Name)
		}
		b.WriteString(".\n")
	}
	run, _, err := a.Start(params, people.Schema)
	if err != nil {
		t.Fatal(err)
	}
	b.WriteString("\nWhat the example opens:\n\n")
	last := ""
	for i, r := range rounds {
		bounds, err := run.Bounds(r.State)
		if err != nil {
			t.Fatal(err)
		}
		if bounds.Opens != last {
			fmt.Fprintf(b, "- from round %d: %s (%d numbers)\n", i+1, bounds.Opens, len(bounds.Ranges))
		}
		last = bounds.Opens
	}
	fmt.Fprintf(b, "\nSource: %s.\n", strings.TrimSuffix(about.Source, "."))
}

func example(t *testing.T, about analysis.About) analysis.Params {
	t.Helper()
	var entries []map[string]any
	if err := yaml.Unmarshal([]byte(about.Example), &entries); err != nil || len(entries) != 1 {
		t.Fatalf("%s: the example is not one entry: %v", about.Name, err)
	}
	p := analysis.Params(entries[0])
	delete(p, "name")
	delete(p, "analysis")
	return p
}

func kind(p analysis.Parameter) string {
	s := p.Type
	if len(p.Options) > 0 {
		s = strings.Join(p.Options, " or ")
	}
	switch {
	case p.Min != nil && p.Max != nil:
		s += fmt.Sprintf(", %v to %v", *p.Min, *p.Max)
	case p.Min != nil:
		s += fmt.Sprintf(", %v or more", *p.Min)
	case p.Max != nil:
		s += fmt.Sprintf(", at most %v", *p.Max)
	}
	return s
}

func defaults(p analysis.Parameter) string {
	switch d := p.Default.(type) {
	case nil:
		if p.Required {
			return "required"
		}
		return ""
	case []float64:
		return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(d)), ", "), "[]")
	default:
		return fmt.Sprint(d)
	}
}

func values(v table.Variable) string {
	switch v.Kind {
	case table.Flag:
		return "true, false"
	case table.Category:
		var codes []string
		for _, l := range v.Levels {
			codes = append(codes, l.Code)
		}
		return strings.Join(codes, ", ")
	}
	return strings.TrimSpace(fmt.Sprintf("%v to %v %s", v.Min, v.Max, v.Unit))
}

// lowerFirst makes a title part of a sentence, unless it begins with a name.
func lowerFirst(s string) string {
	first, _, _ := strings.Cut(s, " ")
	if slices.Contains([]string{"Kaplan-Meier", "Cox", "Poisson", "Pearson's", "Spearman's"}, first) || len(s) < 2 || strings.ToUpper(s[:2]) == s[:2] {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
