package omop

import (
	"context"
	"slices"
	"strings"

	"hmsp.center/hmsp/format"
)

// Descendants finds for each concept itself and all concepts below it, sorted, by
// the CONCEPT_ANCESTOR table: of 1118084 (celecoxib) every product that holds it. A
// source without that table is an *format.Error.
func (f Format) Descendants(ctx context.Context, path string, o format.Options, ids []int64) (map[int64][]int64, error) {
	src, err := f.open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	defer src.close()
	want := []string{"ancestor_concept_id", "descendant_concept_id"}
	t, columns, err := optional(ctx, src, conceptAncestor, want...)
	if err != nil {
		return nil, err
	}
	if len(columns) < len(want) {
		return nil, &format.Error{File: path, Text: "there is no table CONCEPT_ANCESTOR, which says what concepts are below others",
			Mend: "load it with the vocabularies, or list the concepts one by one"}
	}
	out := make(map[int64][]int64, len(ids))
	for _, id := range ids {
		out[id] = []int64{id}
	}
	err = each(ctx, src, t, columns, filter{want[0], ids}, o, func(p piece) error {
		for i := range p.Rows {
			above, below := whole(p.Columns, 0, i), whole(p.Columns, 1, i)
			if list, ok := out[above]; ok && below != 0 {
				out[above] = append(list, below)
			}
		}
		return nil
	})
	for id, list := range out {
		slices.Sort(list)
		out[id] = slices.Compact(list)
	}
	return out, err
}

// sourceNotes are what the source says of itself.
func sourceNotes(ctx context.Context, src source, o format.Options) ([]string, error) {
	var out []string
	t, columns, err := optional(ctx, src, cdmSource, "cdm_version", "vocabulary_version")
	if err != nil {
		return nil, err
	}
	if columns != nil {
		err := each(ctx, src, t, columns, filter{}, o, func(p piece) error {
			for i := range p.Rows {
				for k, what := range []string{"OMOP CDM ", "vocabularies "}[:len(columns)] {
					if len(out) < 8 && !p.Columns[k].Missing(i) {
						out = append(out, what+strings.TrimPrefix(p.Columns[k].Text[i], "v"))
					}
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if !has(src, concept) {
		out = append(out, "there is no CONCEPT table: codes are omop: numbers alone")
	}
	return out, nil
}
