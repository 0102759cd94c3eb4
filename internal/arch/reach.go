package arch

import (
	"fmt"
	"go/ast"
	"maps"
	"slices"
	"strings"
)

// A ban says what packages must never reach, over any number of imports within
// the module: our folders, or packages of the standard library that any package
// on the way imports.
type ban struct {
	who      []string // folders
	but      []string // folders below who that are free
	reach    []string // our folders
	standard []string // of the standard library, with everything below
	direct   bool     // standard is only of what the packages import themselves
	why      string
}

func bans() []ban {
	return []ban{
		{who: []string{"analysis"}, but: testSupport(),
			reach: []string{"dp", "secure", "federation", "internal"}, standard: []string{"net", "os", "crypto", "time", "syscall", "unsafe"},
			why: "an analysis is arithmetic that a statistician can read: no network, file, key or clock"},
		{who: []string{"secure"},
			reach: []string{"table", "format", "cohort", "dataset"},
			why:   "secure summation sees vectors, not patients"},
		{who: []string{"internal/hub"},
			reach: []string{"table", "format", "protect", "cohort", "dataset", "analysis", "charter", "internal/warehouse", "internal/site"},
			why:   "the hub cannot open a data source, and reads no study (decision 0001)"},
		{who: []string{"internal/console"},
			reach: []string{"internal/store", "internal/warehouse", "format", "dataset"},
			why:   "the page can do no more than the command line"},
		{who: []string{"cohort", "plan"},
			reach: []string{"internal"}, standard: []string{"net", "os"}, direct: true,
			why: "whether a study may run is a pure function of study, charter and dictionary"},
		{who: []string{"internal/engine", "secure/mask", "secure/share"},
			reach: []string{"internal/store", "internal/hub", "internal/site", "federation/client", "federation/server"}, standard: []string{"net", "os"}, direct: true,
			why: "messages in, messages out: no sockets and no disks"},
	}
}

// testSupport are packages that only tests import.
func testSupport() []string {
	return []string{"analysis/analysistest", "analysis/internal/goldentest", "analysis/internal/noisetest", "analysis/internal/survival/survivaltest", "format/formattest", "format/omop/omoptest", "secure/securetest", "federation/federationtest", "internal/member/membertest"}
}

func checkReach(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.sorted() {
		for _, b := range bans() {
			if within(p.Path, b.who...) && !within(p.Path, b.but...) {
				out = append(out, b.broken(t, p)...)
			}
		}
	}
	return out
}

func (b ban) broken(t *Tree, p *Package) (out []Finding) {
	chains := t.reach(p)
	for _, to := range slices.Sorted(maps.Keys(chains)) {
		chain := strings.Join(chains[to], " > ")
		if within(to, b.reach...) && to != p.Path {
			out = append(out, Finding{"reach", p.Path, fmt.Sprintf("reaches %s by %s: %s", to, chain, b.why)})
			continue
		}
		if t.Packages[to] == nil || b.direct && to != p.Path {
			continue
		}
		for _, i := range imports(t.Packages[to].Files) {
			if i.standard() && within(i.Path, b.standard...) {
				out = append(out, Finding{"reach", t.at(i.Where), fmt.Sprintf("%s reaches %q by %s: %s", p.Path, i.Path, chain, b.why)})
			}
		}
	}
	return out
}

// plugins are the folders whose sub-folders are plug-ins, with the contract's
// own folders left out.
func plugins() map[string][]string {
	return map[string][]string{
		"analysis": {"analysis/internal", "analysis/analysistest"},
		"format":   {"format/formattest", "format/internal"},
		"protect":  {"protect/protecttest"},
		"risk":     {"risk/risktest"},
	}
}

// pluginOf is the contract's folder if a package is (part of) a plug-in, and the
// plug-in's folder.
func pluginOf(path string) (contract, plugin string) {
	for c, but := range plugins() {
		below, ok := strings.CutPrefix(path, c+"/")
		if ok && !within(path, but...) {
			name, _, _ := strings.Cut(below, "/")
			return c, c + "/" + name
		}
	}
	return "", ""
}

// checkPlugins: plug-ins never import each other; each has one line in the
// standard catalogue, and a test that runs its contract's suite.
func checkPlugins(t *Tree) []Finding {
	const list = "catalog/standard"
	var out []Finding
	listed := map[string]bool{}
	if p := t.Packages[list]; p != nil {
		for _, i := range imports(p.Files) {
			listed[i.Path] = true
		}
	}
	for _, p := range t.sorted() {
		contract, plugin := pluginOf(p.Path)
		if contract == "" {
			continue
		}
		for _, i := range imports(p.Files) {
			if _, other := pluginOf(i.Path); i.Ours && other != "" && other != plugin {
				out = append(out, Finding{"plugins", t.at(i.Where), fmt.Sprintf("%s imports %s: plug-ins never import each other; move what they share to %s/internal", p.Path, i.Path, contract)})
			}
		}
		if plugin != p.Path {
			continue
		}
		if !listed[p.Path] {
			out = append(out, Finding{"plugins", p.Path, "is not in the list of " + list + ": add its line"})
		}
		if suite := contract + "test"; !calls(p.Tests, suite, "Suite") {
			out = append(out, Finding{"plugins", p.Path, fmt.Sprintf("has no test that calls %s.Suite, the conformance suite", suite)})
		}
	}
	return out
}

// calls says whether any file calls pkg.name.
func calls(files []*File, pkg, name string) bool {
	found := false
	for _, f := range files {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == name {
					x, ok := sel.X.(*ast.Ident)
					found = found || ok && x.Name == pkg
				}
			}
			return !found
		})
	}
	return found
}
