package demo

import "path"

// Studies names the files of the studies over the lung cancer trial, in the order in
// which they are asked.
func Studies() []string {
	return []string{"study.yaml", "private.yaml", "third.yaml", "difference.yaml"}
}

// lung is the NCCTG lung cancer trial.
func lung() Demonstration {
	source := func(site string) string { return path.Join("lung", site+".csv") }
	d := Demonstration{Data: "lung", Charter: "ncctg", Studies: Studies(), files: []string{"dictionary.yaml"},
		sources: func(site string) []Source { return []Source{{Dataset: "lung", Path: source(site)}} }}
	for _, s := range Sites() {
		d.files = append(d.files, source(s))
	}
	return d
}
