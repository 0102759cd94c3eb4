package arch

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"
)

// house is a small tree that breaks no rule.
func house() map[string]string {
	return map[string]string{
		"hmsp.go":                         "// Package hmsp is the front door.\npackage hmsp\n\nimport _ \"hmsp.center/hmsp/internal/cli\"\n",
		"cmd/hmsp/main.go":                "// Command hmsp is the program.\npackage main\n\nimport _ \"hmsp.center/hmsp/catalog/standard\"\n",
		"table/table.go":                  "// Package table holds rows.\npackage table\n",
		"fixed/fixed.go":                  "// Package fixed holds sums.\npackage fixed\n\nimport \"errors\"\n\nvar ErrRange = errors.New(\"range\")\n",
		"analysis/analysis.go":            "// Package analysis is a contract.\npackage analysis\n\nimport _ \"hmsp.center/hmsp/table\"\n",
		"analysis/analysistest/suite.go":  "// Package analysistest is a suite.\npackage analysistest\n\nimport (\n\t_ \"testing\"\n\t_ \"os\"\n\t_ \"hmsp.center/hmsp/analysis\"\n)\n",
		"analysis/mean/mean.go":           "// Package mean is a plug-in.\npackage mean\n\nimport (\n\t_ \"math\"\n\t_ \"hmsp.center/hmsp/analysis\"\n\t_ \"gonum.org/v1/gonum/mat\"\n)\n",
		"analysis/mean/mean_test.go":      "package mean\n\nimport (\n\t\"testing\"\n\t\"hmsp.center/hmsp/analysis/analysistest\"\n)\n\nfunc TestConformance(t *testing.T) { analysistest.Suite(t, New()) }\n",
		"analysis/median/median.go":       "// Package median is a plug-in.\npackage median\n\nimport _ \"hmsp.center/hmsp/analysis\"\n",
		"analysis/median/median_test.go":  "package median\n\nimport (\n\t\"testing\"\n\t\"hmsp.center/hmsp/analysis/analysistest\"\n)\n\nfunc TestConformance(t *testing.T) { analysistest.Suite(t, New()) }\n",
		"analysis/median/testdata/bad.go": "this is no Go file",
		"catalog/standard/standard.go":    "// Package standard is the list.\npackage standard\n\nimport (\n\t_ \"hmsp.center/hmsp/analysis/mean\"\n\t_ \"hmsp.center/hmsp/analysis/median\"\n)\n",
		"secure/secure.go":                "// Package secure is a contract.\npackage secure\n\nimport _ \"hmsp.center/hmsp/fixed\"\n",
		"secure/mask/mask.go":             "// Package mask is a scheme.\npackage mask\n\nimport _ \"hmsp.center/hmsp/secure\"\n",
		"federation/federation.go":        "// Package federation is messages.\npackage federation\n",
		"internal/engine/engine.go":       "// Package engine is a machine.\npackage engine\n\nimport \"time\"\n\ntype Engine struct{ Clock func() time.Time }\n",
		"internal/store/store.go":         "// Package store is durable.\npackage store\n\nimport _ \"hmsp.center/hmsp/federation\"\n",
		"internal/hub/hub.go":             "// Package hub is a role.\npackage hub\n\nimport (\n\t\"time\"\n\t_ \"hmsp.center/hmsp/internal/store\"\n)\n\nfunc now() time.Time { return time.Now() }\n",
		"internal/console/console.go":     "// Package console is pages.\npackage console\n\nimport \"embed\"\n\n//go:embed page.html\nvar page embed.FS\n",
		"internal/cli/cli.go":             "// Package cli is commands.\npackage cli\n\nimport (\n\t_ \"hmsp.center/hmsp/internal/hub\"\n\t_ \"github.com/spf13/cobra\"\n)\n",
		"internal/warehouse/warehouse.go": "// Package warehouse is a database.\npackage warehouse\n",
		"internal/execute/execute.go":     "// Package execute computes.\npackage execute\n\nvar names = [...]string{\"a\", \"b\"}\n",
	}
}

func check(t *testing.T, files map[string]string) []Finding {
	t.Helper()
	fs := fstest.MapFS{}
	for name, src := range files {
		fs[name] = &fstest.MapFile{Data: []byte(src)}
	}
	tree, err := Read(fs)
	if err != nil {
		t.Fatal(err)
	}
	return Check(tree)
}

func TestAGoodTreeHasNoFindings(t *testing.T) {
	for _, f := range check(t, house()) {
		t.Error(f)
	}
}

func TestChecksCatchViolations(t *testing.T) {
	file := func(pkg, imports, body string) string {
		return "// Package " + pkg + " is here.\npackage " + pkg + "\n\n" + imports + "\n\n" + body + "\n"
	}
	for name, c := range map[string]struct {
		path, src string // the file that is added or replaced
		rule      string
		says      string
	}{
		"an import goes up":                 {"table/up.go", file("table", `import _ "hmsp.center/hmsp/analysis"`, ""), "floors", "imports go down only"},
		"a role imports a role":             {"internal/site/site.go", file("site", `import _ "hmsp.center/hmsp/internal/hub"`, ""), "floors", "beside it"},
		"a package on no floor":             {"stairs/stairs.go", file("stairs", "", ""), "floors", "internal/arch/floors.go"},
		"an analysis opens a file":          {"analysis/mean/file.go", file("mean", `import _ "os"`, ""), "reach", `"os"`},
		"an analysis reads the time":        {"analysis/mean/time.go", file("mean", `import _ "time"`, ""), "reach", `"time"`},
		"an analysis dials by a detour":     {"table/net.go", file("table", `import _ "net/http"`, ""), "reach", "analysis/mean > analysis > table"},
		"an analysis encrypts":              {"analysis/mean/key.go", file("mean", `import _ "hmsp.center/hmsp/secure/mask"`, ""), "reach", "reaches secure"},
		"secure sees patients":              {"secure/mask/table.go", file("mask", `import _ "hmsp.center/hmsp/table"`, ""), "reach", "vectors, not patients"},
		"the hub reaches data by a detour":  {"federation/table.go", file("federation", `import _ "hmsp.center/hmsp/table"`, ""), "reach", "internal/hub > internal/store > federation > table"},
		"the page opens the store":          {"internal/console/store.go", file("console", `import _ "hmsp.center/hmsp/internal/store"`, ""), "reach", "the command line"},
		"the engine opens a socket":         {"internal/engine/net.go", file("engine", `import _ "net/http"`, ""), "reach", "no sockets"},
		"a plug-in imports another":         {"analysis/mean/other.go", file("mean", `import _ "hmsp.center/hmsp/analysis/median"`, ""), "plugins", "never import each other"},
		"a plug-in is in no list":           {"analysis/mode/mode.go", file("mode", `import _ "hmsp.center/hmsp/analysis"`, ""), "plugins", "add its line"},
		"a plug-in does not run the suite":  {"analysis/mean/mean_test.go", "package mean\n\nimport _ \"hmsp.center/hmsp/analysis/analysistest\"\n", "plugins", "conformance suite"},
		"a library away from home":          {"internal/hub/yaml.go", file("hub", `import _ "github.com/goccy/go-yaml"`, ""), "homes", "whose home is manifest"},
		"a library without a home":          {"table/left.go", file("table", `import _ "example.org/leftpad"`, ""), "homes", "has no home"},
		"masks from math/rand":              {"secure/mask/rand.go", file("mask", `import _ "math/rand/v2"`, ""), "random", "predictable"},
		"keys from math/rand":               {"identity/identity.go", file("identity", `import _ "math/rand"`, ""), "random", "predictable"},
		"testing in the product":            {"table/t.go", file("table", `import _ "testing"`, ""), "testsupport", "outside its tests"},
		"a suite in the product":            {"internal/cli/suite.go", file("cli", `import _ "hmsp.center/hmsp/analysis/analysistest"`, ""), "testsupport", "analysistest"},
		"a package named for nothing":       {"analysis/internal/util/util.go", file("util", "", ""), "names", "name the thing"},
		"a package not named as its folder": {"plan/plan.go", file("plans", "", ""), "names", "want plan"},
		"a package without a comment":       {"plan/plan.go", "package plan\n", "docs", "Package plan"},
		"a command without a comment":       {"cmd/other/main.go", "package main\n", "docs", "Command other"},
		"a func init":                       {"table/init.go", file("table", "", "func init() {}"), "init", "hand the value down"},
		"a map outside functions":           {"table/map.go", file("table", "", "var kinds = map[string]int{\"a\": 1}"), "vars", "var kinds"},
		"a slice in a group":                {"table/slice.go", file("table", "", "var (\n\ta, b = []int{1}, 2\n)"), "vars", "var a"},
		"a pointer":                         {"table/pointer.go", file("table", "", "var p = &struct{ n int }{}"), "vars", "var p"},
		"a counter":                         {"table/counter.go", file("table", "", "var n int"), "vars", "var n"},
		"a seam for tests":                  {"table/seam.go", file("table", "import \"math\"", "var exp = math.Exp"), "vars", "var exp"},
		"an error is replaced":              {"fixed/swap.go", file("fixed", "", "func swap() { ErrRange = nil }"), "vars", "ErrRange is written to"},
		"an array is written to":            {"internal/execute/write.go", file("execute", "", "func write() { names[0] = \"c\" }"), "vars", "names is written to"},
		"a clock below the roles":           {"internal/engine/clock.go", file("engine", `import "time"`, "func f() time.Time { return time.Now() }"), "clock", "time.Now"},
		"a clock under another name":        {"internal/engine/clock.go", file("engine", `import clock "time"`, "var _ = clock.Since"), "clock", "time.Since"},
		"an embedded file is no excuse":     {"internal/console/more.go", file("console", "", "// go:embed is far away\nvar more = []string{}"), "vars", "var more"},
		"a registration with side effects":  {"internal/hub/init.go", file("hub", "", "func init() { println() }"), "init", "main"},
	} {
		t.Run(name, func(t *testing.T) {
			files := house()
			maps.Copy(files, map[string]string{c.path: c.src})
			var all []string
			for _, f := range check(t, files) {
				all = append(all, f.String())
				if f.Rule == c.rule && strings.Contains(f.Text, c.says) {
					return
				}
			}
			t.Errorf("rule %q should find %q; found %q", c.rule, c.says, all)
		})
	}
}

func TestFloorsArePlacedByTheLongestFolder(t *testing.T) {
	all := floors()
	for path, want := range map[string]string{
		"analysis":                    "contracts and their languages",
		"analysis/internal/stat":      "what several plug-ins share",
		"analysis/newmethod":          "plug-ins",
		"analysis/newmethod/internal": "plug-ins",
		"secure/newscheme":            "what several plug-ins share",
		"federation":                  "documents and messages",
		"federation/client":           "over the documents",
		"internal/engine/local":       "engines assembled",
		".":                           "front door",
	} {
		i := floorOf(path)
		if i < 0 || all[i].name != want {
			t.Errorf("%s stands on floor %d, want %q", path, i, want)
		}
	}
	if floorOf("internal/attic") >= 0 {
		t.Error("a package of no floor is placed")
	}
}

// TestListsAreNotStale: what an exception names is still there.
func TestListsAreNotStale(t *testing.T) {
	tree := readTree(t)
	vars, uses := map[string]bool{}, map[string]bool{}
	for _, p := range tree.sorted() {
		for _, f := range p.Files {
			for _, v := range packageVars(f.AST) {
				for _, name := range v.Names {
					vars[p.Path+"."+name.Name] = true
				}
			}
			for _, use := range timeUses(f.AST) {
				uses[p.Path+" "+use.Sel.Name] = true
			}
		}
	}
	for name := range constants() {
		if !vars[name] {
			t.Errorf("constants lists %s, which is not there", name)
		}
	}
	for name := range clocks() {
		if !uses[name] {
			t.Errorf("clocks lists %s, which is not there", name)
		}
	}
	for _, path := range testSupport() {
		if tree.Packages[path] == nil {
			t.Errorf("testSupport lists %s, which is not there", path)
		}
	}
}
