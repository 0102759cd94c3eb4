package simulate

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"hmsp.center/hmsp/atomicfile"
	"hmsp.center/hmsp/simulate/chance"
	"hmsp.center/hmsp/simulate/genome"
	"hmsp.center/hmsp/simulate/microbiome"
	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/simulate/record"
	"hmsp.center/hmsp/table"
)

// A Truth is what truth.json holds: all that was planted.
type Truth struct {
	Hmsp      string              `json:"hmsp"`
	About     string              `json:"about"`
	Seed      uint64              `json:"seed"`
	People    int                 `json:"people"`
	Start     string              `json:"start"`
	End       string              `json:"end"`
	Clean     bool                `json:"clean"`
	Residuals string              `json:"residuals"`
	Equations []person.Equation   `json:"equations"`
	Effects   []person.Effect     `json:"effects_after_entry"`
	Edges     []Edge              `json:"edges"`
	Within    map[string]any      `json:"measurement_sd"`
	Rates     map[string]any      `json:"rates"`
	Genome    GenomeTruth         `json:"genome"`
	Taxa      []microbiome.Effect `json:"microbiome_effects"`
	Beside    *BesideTruth        `json:"beside_records,omitempty"` // if more than clinical records is written
	Sites     []SiteTruth         `json:"sites"`
}

// An Edge of the causal graph: one of cause and outcome in an equation or an effect.
type Edge struct {
	Cause       person.Variable `json:"cause"`
	Outcome     person.Variable `json:"outcome"`
	Kind        string          `json:"kind"` // linear, logistic, weibull, add, multiply
	Coefficient float64         `json:"coefficient"`
}

// A GenomeTruth is the panel's design and its hits.
type GenomeTruth struct {
	Variants  int                         `json:"variants"`
	BlockSize int                         `json:"block_size"`
	Rho       float64                     `json:"rho"` // of latent normals of neighbours
	Fst       [genome.Populations]float64 `json:"fst"`
	Hits      []HitTruth                  `json:"hits"`
}

// A HitTruth is a variant with an effect.
type HitTruth struct {
	Trait       genome.Trait                `json:"trait"`
	Variant     int                         `json:"variant"` // from 0
	Chromosome  int                         `json:"chromosome"`
	Position    int                         `json:"position"`
	Ref         string                      `json:"ref"`
	Alt         string                      `json:"alt"`
	Effect      float64                     `json:"effect"`
	Centre      float64                     `json:"centre"`
	Frequencies [genome.Populations]float32 `json:"frequencies"`
}

// A SiteTruth is a site and what came of it.
type SiteTruth struct {
	record.Site
	Counts map[string]int `json:"counts"`
}

// ReadTruth reads what Write wrote into dir about its people.
func ReadTruth(dir string) (Truth, error) {
	var t Truth
	path := filepath.Join(dir, truthFolder, "truth.json")
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	if err != nil {
		return t, fmt.Errorf("simulate: read the truth: %w", err)
	}
	if t.Hmsp != Version {
		return t, fmt.Errorf("simulate: %s is of the kind %q, not %s", path, t.Hmsp, Version)
	}
	return t, nil
}

func newTruth(o Options, f *person.Population) *Truth {
	t := &Truth{Hmsp: Version, About: "People who never existed. See https://hmsp.center.", Seed: o.Seed, People: o.People,
		Start: date(f.Start), End: date(f.End), Clean: o.Clean,
		Residuals: fmt.Sprintf("normal, cut off at %d standard deviations", chance.Cut),
		Equations: person.Equations(), Effects: person.Effects(), Within: map[string]any{}, Taxa: microbiome.Effects()}
	for _, e := range t.Equations {
		for _, c := range e.Terms {
			t.Edges = append(t.Edges, Edge{c.Cause, e.Outcome, string(e.Kind), c.Coefficient})
		}
	}
	for _, e := range t.Effects {
		t.Edges = append(t.Edges, Edge{e.Cause, e.Outcome, e.Form, e.Size})
	}
	for v := range person.Variables {
		if sd := person.Within(v); sd > 0 {
			t.Within[v.String()] = sd
		}
	}
	t.Rates = map[string]any{
		"age_sd": person.AgeSD, "statin_after_chd": person.StatinAfterCHD, "head_image": person.HeadImage, "chest_image": person.ChestImage,
		"consent_not_asked": record.NotAsked, "consent_refused": record.Refusing, "consent_without_biomaterial": record.WithoutBio, "consent_withdrawn": record.Withdrawing,
	}
	t.Genome = GenomeTruth{len(f.Panel.Variants), genome.BlockSize, genome.Rho, genome.Fst(), nil}
	for _, h := range f.Panel.Hits {
		v := f.Panel.Variants[h.Variant]
		t.Genome.Hits = append(t.Genome.Hits, HitTruth{h.Trait, h.Variant, int(v.Chromosome), int(v.Position), string(v.Ref), string(v.Alt), h.Effect, h.Centre, v.Frequency})
	}
	return t
}

func (t *Truth) add(s record.Site, c counts) {
	for i := range s.Faults {
		s.Faults[i].Rows = c.faults[i]
	}
	t.Sites = append(t.Sites, SiteTruth{s, c.named()})
}

func date(t int64) string { return string(record.AppendDate(nil, t)) }

func (t *Truth) write(dir string, f *person.Population, dictionary table.Schema) error {
	for i := range t.Sites {
		for k := range t.Sites[i].Faults {
			w := &t.Sites[i].Faults[k]
			w.Begin, w.End = date(record.Instant(f, w.From)), date(record.Instant(f, w.To))
		}
	}
	b, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return fmt.Errorf("simulate: truth: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, truthFolder), 0o755); err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	if err := atomicfile.Write(filepath.Join(dir, truthFolder, "truth.json"), append(b, '\n'), 0o644); err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, "dictionary.yaml"), dictionaryYAML(dictionary), 0o644)
}
