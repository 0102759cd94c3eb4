package biomtable

import (
	"strconv"
	"strings"

	"hmsp.center/hmsp/format/internal/biomtable/hdf5"
)

func (h *container) metadata(t *Table) {
	t.Known = make([][]string, len(t.Samples))
	for _, name := range h.names {
		if key, ok := strings.CutPrefix(name, "/observation/metadata/"); ok {
			h.annotate(t, key, name)
		}
		if key, ok := strings.CutPrefix(name, "/sample/metadata/"); ok {
			h.know(t, key, name)
		}
	}
}

func (h *container) annotate(t *Table, key, name string) {
	texts, width := h.grid(name, len(t.Features))
	if width == 0 {
		return
	}
	for i := range t.Features {
		var list []string
		for _, text := range texts[i*width : (i+1)*width] {
			if text != "" || lineage(key) {
				list = append(list, text)
			}
		}
		t.Features[i] = annotate(t.Features[i], key, list)
	}
}

func (h *container) know(t *Table, key, name string) {
	texts, width := h.grid(name, len(t.Samples))
	if width != 1 {
		return // a list of each sample: no attribute
	}
	t.Attributes = append(t.Attributes, key)
	for i, text := range texts {
		t.Known[i] = append(t.Known[i], text)
	}
}

func (h *container) grid(name string, rows int) (texts []string, width int) {
	d := h.sets[name]
	if h.err != nil || len(d.Dims) == 0 || len(d.Dims) > 2 || d.Dims[0] != rows {
		return nil, 0
	}
	switch d.Kind {
	case hdf5.Text, hdf5.Letters:
		texts = h.texts(name)
	case hdf5.Integer, hdf5.Real:
		for _, x := range h.numbers(name) {
			texts = append(texts, strconv.FormatFloat(x, 'f', -1, 64))
		}
	}
	if h.err != nil {
		return nil, 0
	}
	return texts, len(texts) / rows
}
