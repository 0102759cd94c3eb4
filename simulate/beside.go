package simulate

import (
	"hmsp.center/hmsp/simulate/genome"
	"hmsp.center/hmsp/simulate/modality"
	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/simulate/volume"
	"hmsp.center/hmsp/simulate/wearable"
)

// A BesideTruth is what is planted in what is written beside clinical records. Effects on
// taxa are Truth.Taxa, and the hits' effects Truth.Genome; what is true of each person
// stands in the files of truth/SITE.
type BesideTruth struct {
	Formats []string       `json:"formats"`
	Build   string         `json:"build,omitempty"` // of genomes
	Hits    []string       `json:"hits,omitempty"`  // codes of Truth.Genome.Hits, in their order
	Watch   *WatchTruth    `json:"watch,omitempty"`
	Head    *HeadTruth     `json:"head,omitempty"`
	Letters map[string]any `json:"letters,omitempty"`
}

// A WatchTruth is how steps and heart rates come about. Heart rates of a minute are mesor +
// amplitude*cos(2 pi (h - acrophase)/24) + StepRate*steps + a normal number.
type WatchTruth struct {
	Chance   float64       `json:"chance"` // of having one
	Days     int           `json:"days"`
	Baseline float64       `json:"daily_steps"` // of activity 0
	Mesor    float64       `json:"mesor"`       // of activity 0, of those who do not smoke
	StepRate float64       `json:"heart_rate_per_step"`
	Effects  []WatchEffect `json:"effects"`
}

// A WatchEffect of a variable at entry.
type WatchEffect struct {
	Cause   person.Variable `json:"cause"`
	Outcome string          `json:"outcome"`
	Form    string          `json:"form"` // add; log, added to the logarithm
	Size    float64         `json:"size"`
}

// A HeadTruth is the image: a cube of Edge voxels of Spacing mm, and the intensity of each
// tissue before noise.
type HeadTruth struct {
	Chance      float64            `json:"chance"`
	Edge        int                `json:"edge"`
	Spacing     float64            `json:"spacing"`
	Intensities map[string]float64 `json:"intensities"`
	Noise       float64            `json:"noise_sd"`
}

func newBesideTruth(o Options, p *genome.Panel) *BesideTruth {
	t := &BesideTruth{Formats: o.Formats}
	if o.writes(modality.VCF) || o.writes(modality.BED) {
		t.Build = "GRCh38 gives the chromosomes their names and lengths; places and alleles are invented"
		for _, h := range p.Hits {
			t.Hits = append(t.Hits, modality.Code(p, h.Variant))
		}
	}
	if o.writes(modality.FIT) || o.writes(modality.Fitbit) {
		t.Watch = &WatchTruth{modality.Wearing, modality.WatchDays, wearable.DailySteps, wearable.Mesor, wearable.StepRate, []WatchEffect{
			{person.Activity, "daily_steps", "log", wearable.ActivityOnSteps},
			{person.Activity, "mesor", "add", wearable.ActivityOnMesor},
			{person.Smoker, "mesor", "add", wearable.SmokingOnMesor},
		}}
	}
	if o.writes(modality.DICOM) || o.writes(modality.NIfTI) {
		t.Head = &HeadTruth{person.HeadImage, volume.Edge, volume.Spacing, map[string]float64{"air": volume.Air, "skin": volume.Skin, "skull": volume.Skull,
			"fluid": volume.Fluid, "brain": volume.Brain, "lesion": volume.Bright}, volume.Noise}
	}
	if o.writes(modality.Text) {
		t.Letters = map[string]any{"about": "the last visit; sites with national codes write German, those with international ones English, the others either",
			"encoding": "UTF-8, and Windows-1252 where german_csv"}
	}
	return t
}
