package simulate

import (
	"fmt"
	"slices"
	"strings"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/simulate/genome"
	"hmsp.center/hmsp/simulate/microbiome"
	"hmsp.center/hmsp/simulate/modality"
	"hmsp.center/hmsp/table"
)

// Dictionary lists the variables of the formats that the options name: those of clinical
// records (Dictionary), and with the others what can be read of them.
func (o Options) Dictionary() table.Schema {
	o = o.Defaults()
	if !o.beside() {
		return Dictionary()
	}
	return o.dictionary(o.Population().Panel)
}

// beside says whether more than clinical records is written.
func (o Options) beside() bool { return slices.ContainsFunc(Modalities(), o.writes) }

func (o Options) dictionary(p *genome.Panel) table.Schema {
	out := Dictionary()
	if o.writes(modality.VCF) || o.writes(modality.BED) {
		out = append(out, variants(p)...)
	}
	if o.writes(modality.BIOM) {
		out = append(out, table.Variable{Name: "shannon", Label: "Shannon index of the stool", Kind: table.Number, Code: "hmsp:shannon", Min: 0, Max: 10})
		for _, taxon := range plantedTaxa() {
			out = append(out, table.Variable{Name: "clr_" + taxon, Label: "Centred log-ratio of " + taxon + " in stool", Kind: table.Number, Code: "hmsp:" + clr(taxon), Min: -20, Max: 20})
		}
	}
	if o.writes(modality.FIT) || o.writes(modality.Fitbit) {
		out = append(out, watch()...)
	}
	if o.writes(modality.DICOM) || o.writes(modality.NIfTI) {
		out = append(out,
			table.Variable{Name: "lesion_volume", Label: "Volume of the head brighter than 800", Kind: table.Number, Unit: "mL", Code: "hmsp:volume-above-800", Min: 0, Max: 100},
			table.Variable{Name: "head_mean", Label: "Mean intensity of the image of the head", Kind: table.Number, Code: "ibsi:Q4LE", Min: 0, Max: 2000},
			table.Variable{Name: "head_entropy", Label: "Entropy of its histogram", Kind: table.Number, Code: "ibsi:TLU2", Min: 0, Max: 10})
	}
	if o.writes(modality.Text) {
		out = append(out,
			table.Variable{Name: "note_diabetes", Label: "A letter says that there is diabetes", Kind: table.Flag},
			table.Variable{Name: "note_words", Label: "Words of a letter", Kind: table.Number, Code: "hmsp:note-words", Min: 0, Max: 100_000})
	}
	return out
}

// variants are the planted hits, each as the count of its counted allele.
func variants(p *genome.Panel) table.Schema {
	var out table.Schema
	n := map[genome.Trait]int{}
	for _, h := range p.Hits {
		n[h.Trait]++
		v := modality.Variant(p, h.Variant)
		out = append(out, table.Variable{Name: fmt.Sprintf("%s_variant_%d", h.Trait, n[h.Trait]), Label: fmt.Sprintf("Count of %s at %s:%d", v.Alt, v.Chromosome, v.Position),
			Kind: table.Integer, Code: modality.Code(p, h.Variant), Min: 0, Max: 2})
	}
	return out
}

// plantedTaxa are those on which something acts.
func plantedTaxa() []string {
	var out []string
	for _, e := range microbiome.Effects() {
		if !slices.Contains(out, e.Taxon) {
			out = append(out, e.Taxon)
		}
	}
	slices.Sort(out)
	return out
}

// clr is the column of a taxon's centred log-ratio in the formats of microbiomes.
func clr(taxon string) string { return "clr(" + taxon + ")" }

// watch are summaries of a day.
func watch() table.Schema {
	var out table.Schema
	for _, want := range []struct{ name, code string }{{"steps", activity.StepsDay}, {"resting_heart_rate", activity.HeartRateResting}, {"sleep", activity.SleepTime}, {"wear_time", activity.WearTime}} {
		for _, c := range activity.Codes() {
			if c.Code == want.code {
				label := strings.ToUpper(c.Label[:1]) + c.Label[1:]
				out = append(out, table.Variable{Name: want.name, Label: label, Kind: table.Number, Unit: c.Unit, Code: c.Code, Min: 0, Max: c.High})
			}
		}
	}
	return out
}

// mappings are the files beside a site's folders that say what codes cannot: whose the
// stools are, when the images were taken, and what is to be read of letters.
func (o Options) mappings(site string) map[string]string {
	out := map[string]string{}
	if o.writes(modality.BIOM) {
		b := &strings.Builder{}
		fmt.Fprintf(b, "# The stools of this site: whose each is, and what is read of it.\nhmsp: dataset/v1\nname: microbiome\npath: biom/%s.biom\nsamples: biom/samples.csv\nmapping:\n", site)
		for _, taxon := range plantedTaxa() {
			fmt.Fprintf(b, "  clr_%s: {column: %s}\n", taxon, clr(taxon))
		}
		out["biom.dataset.yaml"] = b.String()
	}
	if o.writes(modality.NIfTI) {
		out["nifti.dataset.yaml"] = "# The images of heads of this site: when each was taken, which the files do not say.\nhmsp: dataset/v1\nname: heads\npath: nifti\nformat: nifti\nsamples: nifti/samples.csv\n"
	}
	if o.writes(modality.Text) {
		out["text.dataset.yaml"] = "# The letters of this site, and what is read of them.\nhmsp: dataset/v1\nname: letters\npath: text\nformat: text\nmapping:\n" +
			"  note_diabetes: {table: note, value: \"affirms((?i)diabetes mellitus)\"}\n"
	}
	return out
}
