// Package demo holds what `hmsp demo` shows: a real multi-centre trial in six
// parts, its dictionary, and four studies over it: one that is exact, one that is
// private, one for which no budget is left, and one that would tell of two
// patients.
package demo

import "embed"

// Files holds lung/SITE.csv, dictionary.yaml and the studies.
//
//go:embed lung dictionary.yaml study.yaml private.yaml third.yaml difference.yaml
var Files embed.FS

// Studies names the files of the studies, in the order in which they are asked.
func Studies() []string {
	return []string{"study.yaml", "private.yaml", "third.yaml", "difference.yaml"}
}

// Sites names the six groups of institutions, in order.
func Sites() []string { return []string{"east", "lakes", "north", "plains", "south", "west"} }
