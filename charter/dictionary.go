package charter

import (
	"encoding/json"
	"fmt"
)

// DictionaryVersion is the kind and version of a file that holds a dictionary
// alone, to begin a charter with or to try a study on local files.
const DictionaryVersion = "dictionary/v1"

// DictionarySchema is the published JSON Schema of such a file: the charter's
// rules for its dictionary.
func DictionarySchema() []byte {
	var whole struct {
		Properties map[string]json.RawMessage `json:"properties"`
		Defs       json.RawMessage            `json:"$defs,omitempty"`
	}
	if err := json.Unmarshal(schemaJSON, &whole); err != nil {
		panic(fmt.Sprintf("charter: embedded schema: %v", err)) // a test reads it
	}
	b, err := json.MarshalIndent(map[string]any{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"$id":                  "https://hmsp.center/schema/dictionary.json",
		"title":                "hmsp dictionary",
		"description":          "The variables that a consortium agrees on.",
		"type":                 "object",
		"additionalProperties": false,
		"required":             []string{"hmsp", "dictionary"},
		"properties": map[string]any{
			"hmsp":       map[string]string{"const": DictionaryVersion, "description": "the kind and version of this file"},
			"dictionary": whole.Properties["dictionary"],
		},
		"$defs": whole.Defs,
	}, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("charter: dictionary schema: %v", err))
	}
	return b
}
