package study

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"hmsp.center/hmsp/manifest"
)

// An Entry is one analysis of a study. In a file, the parameters stand beside
// name and analysis. Numbers in Params are float64.
type Entry struct {
	Name     string         // unique in the study; the folder of its results
	Analysis string         // the analysis: "kaplan-meier"
	Params   map[string]any // everything else
}

// MarshalJSON writes name, analysis, and the parameters sorted by name.
func (e Entry) MarshalJSON() ([]byte, error) {
	for _, taken := range []string{"name", "analysis"} {
		if _, ok := e.Params[taken]; ok {
			return nil, fmt.Errorf("entry %q: a parameter cannot be called %q", e.Name, taken)
		}
	}
	head, err := manifest.Canonical(struct {
		Name     string `json:"name"`
		Analysis string `json:"analysis"`
	}{e.Name, e.Analysis})
	if err != nil || len(e.Params) == 0 {
		return head, err
	}
	params, err := manifest.Canonical(e.Params)
	if err != nil {
		return nil, err
	}
	return append(append(bytes.TrimSuffix(head, []byte("}")), ','), params[1:]...), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (e *Entry) UnmarshalJSON(data []byte) error {
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	var text [2]string
	for i, key := range []string{"name", "analysis"} {
		s, ok := all[key].(string)
		if !ok {
			return fmt.Errorf("want text as %s of an analysis", key)
		}
		text[i] = s
	}
	params := maps.Clone(all)
	delete(params, "name")
	delete(params, "analysis")
	*e = Entry{Name: text[0], Analysis: text[1], Params: params}
	return nil
}
