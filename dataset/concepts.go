package dataset

import (
	"path/filepath"
	"slices"

	"hmsp.center/hmsp/vocabulary"
)

// translator widens code patterns by the codes that the dataset's concept maps say
// mean the same.
func translator(d Dataset) (func(patterns ...string) ([]string, error), error) {
	var maps []*vocabulary.ConceptMap
	for _, path := range d.Concepts {
		m, err := vocabulary.ReadConceptMapFile(path)
		if err != nil {
			return nil, err
		}
		maps = append(maps, m)
	}
	return func(patterns ...string) ([]string, error) {
		all := slices.Clone(patterns)
		for _, m := range maps {
			wider, err := m.Expand(patterns...)
			if err != nil {
				return nil, err
			}
			all = append(all, wider...)
		}
		slices.Sort(all)
		return slices.Compact(all), nil
	}, nil
}

// absolute gives the paths in a dataset file their folder.
func absolute(folder string, paths ...*string) {
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) && !Live(*p) {
			*p = filepath.Join(folder, *p)
		}
	}
}
