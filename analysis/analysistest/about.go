package analysistest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"

	"hmsp.center/hmsp/analysis"
)

var (
	nameForm  = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	paramForm = regexp.MustCompile(`^[a-z][a-z0-9]*([._][a-z0-9]+)*$`)
)

// checkAbout asks that an analysis describes itself completely, that its
// defaults satisfy its own declaration, and that unknown parameters are refused.
func checkAbout(t testing.TB, a analysis.Analysis) {
	t.Helper()
	about := a.About()
	if !nameForm.MatchString(about.Name) {
		t.Errorf("name %q: want lower-case words joined by -", about.Name)
	}
	for what, text := range map[string]string{"Version": about.Version, "Title": about.Title, "Doc": about.Doc, "Source": about.Source, "Example": about.Example} {
		if text == "" {
			t.Errorf("About.%s is empty", what)
		}
	}
	seen := map[string]bool{}
	for _, p := range about.Parameters {
		checkParameter(t, p)
		if seen[p.Name] {
			t.Errorf("parameter %s is declared twice", p.Name)
		}
		seen[p.Name] = true
	}
	params, err := exampleParams(about)
	if err != nil {
		t.Error(err)
		return
	}
	if _, _, err := a.Start(params, Schema()); err != nil {
		t.Errorf("the example does not start on the suite's schema: %v", err)
	}
	params["no_such_parameter"] = true
	var refusal *analysis.Refusal
	if _, _, err := a.Start(params, Schema()); !errors.As(err, &refusal) {
		t.Errorf("a parameter that does not exist: got %v, want an *analysis.Refusal", err)
	}
}

func checkParameter(t testing.TB, p analysis.Parameter) {
	t.Helper()
	types := []string{"string", "number", "integer", "boolean", "strings", "numbers", "formula", "variable", "variables", "map"}
	switch {
	case !paramForm.MatchString(p.Name):
		t.Errorf("parameter %q: want lower-case words joined by . or _", p.Name)
	case !slices.Contains(types, p.Type):
		t.Errorf("parameter %s: unknown type %q", p.Name, p.Type)
	case p.Doc == "":
		t.Errorf("parameter %s has no Doc", p.Name)
	case p.Required && p.Default != nil:
		t.Errorf("parameter %s is required and has a default", p.Name)
	case p.Default != nil:
		if _, err := (analysis.Params{p.Name: p.Default}).Check([]analysis.Parameter{p}); err != nil {
			t.Errorf("the default of parameter %s: %v", p.Name, err)
		}
	}
}

// exampleParams reads the parameters of the example in an About, which is an
// entry of a study's list of analyses.
func exampleParams(about analysis.About) (analysis.Params, error) {
	var entry any
	if err := yaml.Unmarshal([]byte(about.Example), &entry); err != nil {
		return nil, fmt.Errorf("the example of %s is not YAML: %w", about.Name, err)
	}
	if list, ok := entry.([]any); ok && len(list) == 1 {
		entry = list[0]
	}
	m, ok := entry.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the example of %s is not one entry of a list of analyses", about.Name)
	}
	if m["analysis"] != about.Name {
		return nil, fmt.Errorf("the example of %s has analysis: %v", about.Name, m["analysis"])
	}
	p := analysis.Params{}
	for k, v := range m {
		if k != "name" && k != "analysis" {
			p[k] = v
		}
	}
	return p, nil
}
