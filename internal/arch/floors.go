package arch

import "fmt"

// A floor holds packages that may import those on lower floors. A folder stands
// for everything below it, unless a longer entry places that elsewhere; `x/*`
// stands for what is below x, without x.
type floor struct {
	name     string
	folders  []string
	siblings bool // packages of the floor may import each other
}

// floors are the storeys of the house, the lowest first. A new package is placed
// by its folder; add a line where none fits.
func floors() []floor {
	return []floor{
		{name: "numbers, tables, figures, words, files", folders: []string{"fixed", "table", "plot", "spelling", "atomicfile", "ucum", "genotype", "activity", "composition", "radiomics", "internal/arch"}},
		{name: "contracts and their languages", folders: []string{"analysis", "format", "secure", "protect", "risk", "law", "dp", "audit", "identity", "manifest", "cohort", "timeline", "vocabulary", "table/pool"}},
		{name: "what several plug-ins share", folders: []string{"analysis/internal", "analysis/analysistest", "format/formattest", "format/internal", "secure/*", "dp/*", "law/*", "disclosure", "quality"}, siblings: true},
		{name: "plug-ins", folders: []string{"analysis/*", "format/*", "protect/*", "risk/*"}},
		{name: "what simulated people are made of", folders: []string{"simulate/*"}, siblings: true},
		{name: "documents and messages", folders: []string{"charter", "study", "dataset", "receipt", "federation", "catalog", "simulate"}},
		{name: "over the documents", folders: []string{"federation/*", "catalog/standard", "plan"}, siblings: true},
		{name: "machinery of the roles", folders: []string{"internal/engine", "internal/execute", "internal/store", "internal/warehouse", "internal/report", "internal/member"}},
		{name: "engines assembled", folders: []string{"internal/engine/*", "internal/simnet", "internal/member/*", "internal/warehouse/*"}},
		{name: "roles", folders: []string{"internal/hub", "internal/site", "internal/researcher", "internal/console"}},
		{name: "roles assembled", folders: []string{"internal/demo", "internal/bench"}, siblings: true},
		{name: "command line", folders: []string{"internal/cli"}},
		{name: "front door", folders: []string{"."}},
		{name: "programs", folders: []string{"cmd"}},
	}
}

// roles is the name of the floor from which on a clock may be read.
const roles = "roles"

// floorOf is the index of the floor of a package, -1 where it has none.
func floorOf(path string) int {
	best, longest := -1, -1
	for i, f := range floors() {
		for _, folder := range f.folders {
			name := folder
			if n := len(folder) - 2; n > 0 && folder[n:] == "/*" {
				if name = folder[:n]; path == name {
					continue
				}
			}
			if within(path, name) && (len(name) > longest || len(name) == longest && name != folder) {
				best, longest = i, len(name)
			}
		}
	}
	return best
}

// checkFloors: imports go down only.
func checkFloors(t *Tree) []Finding {
	var out []Finding
	all := floors()
	for _, p := range t.sorted() {
		from := floorOf(p.Path)
		if from < 0 {
			out = append(out, Finding{"floors", p.Path, "stands on no floor; add it to the floor it belongs to in internal/arch/floors.go"})
			continue
		}
		for _, i := range imports(p.Files) {
			to := floorOf(i.Path)
			if !i.Ours || to < 0 || to < from || to == from && all[to].siblings {
				continue
			}
			text := fmt.Sprintf("%s (floor %q) imports %s (floor %q): imports go down only", p.Path, all[from].name, i.Path, all[to].name)
			if to == from {
				text = fmt.Sprintf("%s imports %s, which stands beside it on floor %q: move what they share down, or pass it in", p.Path, i.Path, all[to].name)
			}
			out = append(out, Finding{"floors", t.at(i.Where), text})
		}
	}
	return out
}
