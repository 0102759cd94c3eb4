package person

import "hmsp.center/hmsp/simulate/chance"

// PostalCodes is how many postal codes a site has.
const PostalCodes = 40

// names gives somebody a name that nobody has. Families are called by what they
// are not, given names by sounds.
func names(s *chance.Stream, male bool) (given, family string) {
	women := []string{"Exempla", "Fiktina", "Simula", "Testana", "Musterika", "Probela", "Phantasia", "Imagina", "Erfunda", "Kulissa", "Attrappa", "Schablona", "Modella", "Quasina", "Virtuella", "Pseudona"}
	men := []string{"Exemplon", "Fiktor", "Simulus", "Testan", "Musterich", "Probelus", "Phantasmo", "Imagino", "Erfundus", "Kulisso", "Attrappo", "Schablonus", "Modellus", "Quasimo", "Virtuello", "Pseudon"}
	first := []string{"Niemand", "Keiner", "Muster", "Probe", "Test", "Schein", "Platzhalter", "Beispiel", "Leerzeichen", "Zufalls", "Wuerfel", "Papier", "Luft", "Nebel", "Traum", "Unecht"}
	last := []string{"stein-Test", "mann-Test", "berg-Test", "feld-Test", "hof-Test", "bach-Test", "wald-Test", "see-Test"}
	given = women[s.Below(len(women))]
	if male {
		given = men[s.Below(len(men))]
	}
	return given, first[s.Below(len(first))] + last[s.Below(len(last))]
}
