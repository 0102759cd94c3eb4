package biomtable

import (
	"fmt"

	"hmsp.center/hmsp/format/internal/features"
)

// Annotate gives observations without a lineage that of the first of some tables of
// features beside the file, and says so.
func Annotate(t *Table, paths []string) (notes []string, err error) {
	if len(paths) == 0 {
		return nil, nil
	}
	a, err := features.ReadAnnotation(paths[0])
	if err != nil {
		return nil, err
	}
	return t.Annotate(a), nil
}

// Annotate is Annotate with a table that was read.
func (t *Table) Annotate(a *features.Annotation) (notes []string) {
	n := 0
	for i, f := range t.Features {
		known, ok := a.Features[f.ID]
		if !ok {
			continue
		}
		n++
		if len(f.Lineage) == 0 {
			t.Features[i].Lineage = known.Lineage
		}
		t.Features[i].Names = append(t.Features[i].Names, known.Names...)
	}
	return []string{fmt.Sprintf("the table of features beside the file knows %d of %d", n, len(t.Features))}
}
