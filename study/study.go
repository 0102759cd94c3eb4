// Package study is the file a researcher writes: the question, the ground it
// stands on, the patients it is about and the analyses that answer it. It reads
// the file, gives its canonical bytes and its digest, and signs and verifies what
// is submitted. It knows no analysis: parameters pass through as written, with
// the place of each for messages.
package study

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/quality"
	"hmsp.center/hmsp/timeline"
)

// Version is the kind and version that a study names in its first line.
const Version = "study/v1"

// DefaultPatience is how long a site is waited for where a study does not say.
const DefaultPatience = Duration(24 * time.Hour)

//go:embed study.schema.json
var schemaJSON []byte

// JSONSchema is the published JSON Schema of the file.
func JSONSchema() []byte { return slices.Clone(schemaJSON) }

// A Study is the file. Sites and Cohort may be empty: all sites, all patients.
type Study struct {
	Hmsp          string        `json:"hmsp"`
	Name          string        `json:"name"`
	Question      string        `json:"question"`
	Purpose       string        `json:"purpose"`
	LegalBasis    string        `json:"legal_basis"`
	Dataset       string        `json:"dataset"`
	Sites         []string      `json:"sites,omitempty"`
	Participation Participation `json:"participation"`
	Cohort        string        `json:"cohort,omitempty"`
	// Link names further datasets of the same patients; Dataset says whose they are.
	Link []string `json:"link,omitempty"`
	// Index and Variables make variables of what was recorded over time.
	Index     *timeline.Index             `json:"index,omitempty"`
	Variables map[string]timeline.Derived `json:"variables,omitempty"`
	// Quality is what a site's data must be good enough for, by what the site publishes
	// of them.
	Quality  *quality.Thresholds `json:"quality,omitempty"`
	Verify   bool                `json:"verify,omitempty"`
	Privacy  *Privacy            `json:"privacy,omitempty"` // nil: exact results under the consortium's disclosure rules
	Analyses []Entry             `json:"analyses"`

	file *manifest.Document // nil for a study that came by wire
}

// Participation says when a study goes on without everyone. Minimum 0 means all
// sites that are asked.
type Participation struct {
	Minimum  int      `json:"minimum,omitempty"`
	Patience Duration `json:"patience"`
}

// Privacy is the budget of a study whose every opened number carries noise:
// (Epsilon, Delta) differential privacy for adding or removing one patient. Delta 0
// asks for pure privacy. ExpectedPatients is used only to say, before the study is
// submitted, how far off its results will be.
type Privacy struct {
	Epsilon          float64 `json:"epsilon"`
	Delta            float64 `json:"delta"`
	Unit             string  `json:"unit"`
	Noise            string  `json:"noise,omitempty"` // NoiseGaussian, NoiseLaplace; "": whichever is smaller
	ExpectedPatients int     `json:"expected_patients,omitempty"`
}

// The kinds of noise that a study may ask for.
const (
	NoiseGaussian = "gaussian"
	NoiseLaplace  = "laplace"
)

// UnitPatient is the unit of privacy: everything that one patient contributed.
const UnitPatient = "patient"

// DefaultDelta is the delta of a study that names only its epsilon.
const DefaultDelta = 1e-6

// UnmarshalJSON fills in the defaults.
func (p *Privacy) UnmarshalJSON(b []byte) error {
	type plain Privacy
	v := plain{Delta: DefaultDelta, Unit: UnitPatient}
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*p = Privacy(v)
	return nil
}

// Parse reads a study from YAML. An error is a manifest.Errors with positions.
func Parse(path string, data []byte) (*Study, error) {
	d, err := manifest.Parse(path, data)
	if err != nil {
		return nil, err
	}
	if err := d.Validate(schemaJSON); err != nil {
		return nil, err
	}
	s := &Study{Participation: Participation{Patience: DefaultPatience}}
	if err := d.Into(s); err != nil {
		return nil, err
	}
	s.file = d
	var es []*manifest.Error
	for _, f := range s.faults() {
		es = append(es, d.Problem(f.text, f.at...))
	}
	if err := manifest.Join(es...); err != nil {
		return nil, err
	}
	return s, nil
}

// Read is Parse of a file.
func Read(path string) (*Study, error) {
	data, err := manifest.ReadFile(path, "study")
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}

// Canonical is the study as manifest.Canonical's JSON: defaults filled in,
// parameters sorted by name, numbers as the shortest decimal of their float64.
// Comments, spacing, the order of keys and the spelling of numbers and durations
// do not change it; the order of lists does.
func (s *Study) Canonical() ([]byte, error) { return manifest.Canonical(s) }

// Digest is the SHA-256 of Canonical in hex: two files with one digest ask the
// same. The name of a submitted study is the digest of its Signed.
func (s *Study) Digest() (string, error) {
	b, err := s.Canonical()
	if err != nil {
		return "", fmt.Errorf("study %s: %w", s.Name, err)
	}
	return digest(b), nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Timeline is what the study says about time; the zero Spec if it says nothing.
func (s *Study) Timeline() timeline.Spec {
	return timeline.Spec{Index: s.Index, Variables: s.Variables}
}

// Datasets lists the datasets that the study reads, the patients' own first.
func (s *Study) Datasets() []string { return append([]string{s.Dataset}, s.Link...) }

// Position is the place of a parameter of an analysis: its value, or the entry
// if it is absent or param is "". For a study that came by wire it names the
// study and entry instead of a file.
func (s *Study) Position(entry int, param string) manifest.Position {
	if s.file == nil {
		where := "study " + s.Name
		if entry >= 0 && entry < len(s.Analyses) {
			where += ", analysis " + s.Analyses[entry].Name
		}
		return manifest.Position{Path: where}
	}
	if param == "" {
		return s.file.Position("analyses", entry)
	}
	return s.file.Position("analyses", entry, param)
}

// Key is the place of a key of the file, such as cohort, or variables and the name
// of one.
func (s *Study) Key(path ...any) manifest.Position {
	if s.file == nil {
		return manifest.Position{Path: "study " + s.Name}
	}
	return s.file.Position(path...)
}

// Problem makes an error about a parameter of an analysis, or about the whole
// entry if param is "". Several are put together with manifest.Join.
func (s *Study) Problem(entry int, param, text string) *manifest.Error {
	if param != "" {
		text = param + ": " + text
	}
	return &manifest.Error{Position: s.Position(entry, param), Text: text}
}
