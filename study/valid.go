package study

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hmsp.center/hmsp/identity"
)

// The bounds of a study's patience: what a network needs, and 90 days.
const (
	minPatience = Duration(time.Second)
	maxPatience = Duration(90 * 24 * time.Hour)
)

// Purposes lists what a study can be for.
func Purposes() []string { return []string{"research", "quality", "public-health", "education"} }

var datasetForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,38}[a-z0-9])?$`)

// fault is one thing wrong with a study, and the path to it in the file.
type fault struct {
	text string
	at   []any
}

type faults []fault

func (fs *faults) add(at []any, format string, args ...any) {
	*fs = append(*fs, fault{fmt.Sprintf(format, args...), at})
}

func at(path ...any) []any { return path }

// Valid says what is wrong with the study by itself: the same rules as the JSON
// Schema, for studies that came by wire, and what the schema cannot say. Whether
// sites, variables and analyses exist is for the planner.
func (s *Study) Valid() error {
	var es []error
	for _, f := range s.faults() {
		es = append(es, errors.New(f.text))
	}
	return errors.Join(es...)
}

func (s *Study) faults() faults {
	var fs faults
	if s.Hmsp != Version {
		fs.add(at("hmsp"), "hmsp: want %s", Version)
	}
	if err := identity.ValidName(s.Name); err != nil {
		fs.add(at("name"), "%v", err)
	}
	length(&fs, "question", s.Question, 1, 1000)
	length(&fs, "legal_basis", s.LegalBasis, 1, 500)
	length(&fs, "cohort", s.Cohort, 0, 10000)
	if !slices.Contains(Purposes(), s.Purpose) {
		fs.add(at("purpose"), "purpose: want one of %s", strings.Join(Purposes(), ", "))
	}
	if !datasetForm.MatchString(s.Dataset) {
		fs.add(at("dataset"), "dataset: use 1 to 40 of a-z, 0-9, '.', '_' and '-'")
	}
	for i, name := range s.Link {
		if !datasetForm.MatchString(name) {
			fs.add(at("link", i), "link: use 1 to 40 of a-z, 0-9, '.', '_' and '-'")
		} else if name == s.Dataset || slices.Contains(s.Link[:i], name) {
			fs.add(at("link", i), "link: %q is named twice", name)
		}
	}
	if len(s.Link) > 20 {
		fs.add(at("link"), "link: want at most 20 datasets, got %d", len(s.Link))
	}
	s.siteFaults(&fs)
	s.privacyFaults(&fs)
	s.entryFaults(&fs)
	return fs
}

func (s *Study) privacyFaults(fs *faults) {
	p := s.Privacy
	if p == nil {
		return
	}
	if !(p.Epsilon > 0 && p.Epsilon <= 100) {
		fs.add(at("privacy", "epsilon"), "privacy: epsilon must be above 0 and at most 100, got %v", p.Epsilon)
	}
	if !(p.Delta >= 0 && p.Delta < 0.01) {
		fs.add(at("privacy", "delta"), "privacy: delta must be 0 or below 0.01, got %v", p.Delta)
	}
	if p.Unit != UnitPatient {
		fs.add(at("privacy", "unit"), "privacy: unit %q is not known; the unit is %s", p.Unit, UnitPatient)
	}
	if p.Noise != "" && p.Noise != NoiseGaussian && p.Noise != NoiseLaplace || p.Noise == NoiseGaussian && p.Delta == 0 {
		fs.add(at("privacy", "noise"), "privacy: noise %q: want laplace, or gaussian with a delta above 0, or none for whichever is smaller", p.Noise)
	}
	if p.ExpectedPatients < 0 || p.ExpectedPatients > 1e9 {
		fs.add(at("privacy", "expected_patients"), "privacy: expected_patients must be 1 to 1000000000, got %d", p.ExpectedPatients)
	}
}

func length(fs *faults, key, text string, least, most int) {
	n := utf8.RuneCountInString(text)
	switch {
	case n < least || n > most:
		fs.add(at(key), "%s: want %d to %d letters, got %d", key, least, most, n)
	case least > 0 && strings.TrimSpace(text) == "":
		fs.add(at(key), "%s: is blank", key)
	}
}

func (s *Study) siteFaults(fs *faults) {
	seen := map[string]bool{}
	for i, name := range s.Sites {
		if err := identity.ValidName(name); err != nil {
			fs.add(at("sites", i), "site %v", err)
		} else if seen[name] {
			fs.add(at("sites", i), "site %q is listed twice", name)
		}
		seen[name] = true
	}
	p := s.Participation
	if p.Minimum < 0 || p.Minimum > 1000 {
		fs.add(at("participation", "minimum"), "participation: minimum must be 1 to 1000, got %d", p.Minimum)
	}
	if len(s.Sites) > 0 && p.Minimum > len(s.Sites) {
		fs.add(at("participation", "minimum"), "participation: minimum is %d, but only %d sites are asked", p.Minimum, len(s.Sites))
	}
	if p.Patience < minPatience || p.Patience > maxPatience {
		fs.add(at("participation", "patience"), "participation: patience must be %v to %v, got %v", minPatience, maxPatience, p.Patience)
	}
}

func (s *Study) entryFaults(fs *faults) {
	if len(s.Analyses) == 0 || len(s.Analyses) > 100 {
		fs.add(at("analyses"), "analyses: want 1 to 100, got %d", len(s.Analyses))
	}
	seen := map[string]int{}
	for i, e := range s.Analyses {
		if err := identity.ValidName(e.Name); err != nil {
			fs.add(at("analyses", i, "name"), "analysis %d: %v", i+1, err)
		} else if j, ok := seen[e.Name]; ok {
			fs.add(at("analyses", i, "name"), "analysis %d has the name %q of analysis %d: names are unique", i+1, e.Name, j+1)
		} else {
			seen[e.Name] = i
		}
		if identity.ValidName(e.Analysis) != nil {
			fs.add(at("analyses", i, "analysis"), "analysis %q: %q is no name of an analysis", e.Name, e.Analysis)
		}
		for _, param := range slices.Sorted(maps.Keys(e.Params)) {
			if e.Params[param] == nil {
				fs.add(at("analyses", i, param), "%s: is empty; write a value or remove the key", param)
			}
		}
	}
}
