// Package demo holds what `hmsp demo` shows: a real multi-centre trial in six
// parts, its dictionary, and a study over it.
package demo

import "embed"

// Files holds lung/SITE.csv, dictionary.yaml and study.yaml.
//
//go:embed lung dictionary.yaml study.yaml
var Files embed.FS

// Sites names the six groups of institutions, in order.
func Sites() []string { return []string{"east", "lakes", "north", "plains", "south", "west"} }
