// Package catalog is the value that lists what this build of hmsp can do. It is
// handed down from main; nothing registers itself. A hospital that adds its own
// analysis builds its own main with a longer list.
package catalog

import (
	"fmt"

	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/format"
)

// A Catalog lists the plug-ins of a build.
type Catalog struct {
	Analyses []analysis.Analysis
	Formats  []format.Format
}

// Analysis finds an analysis by its name; the error suggests the closest.
func (c Catalog) Analysis(name string) (analysis.Analysis, error) {
	names := make([]string, len(c.Analyses))
	for i, a := range c.Analyses {
		if names[i] = a.About().Name; names[i] == name {
			return a, nil
		}
	}
	return nil, fmt.Errorf("no analysis %q in this build%s", name, analysis.Suggest(name, names))
}
