package vocabulary

import "strings"

// Systems lists the short names of the code systems that have one.
func Systems() []string {
	return []string{
		"actcode", "alphaid", "ask", "atc", "clinvar", "cpg", "cpt", "cvx", "dbsnp", "dcm", "edqm", "ensembl", "ethnicity", "gender", "grch37", "grch38", "greengenes",
		"hcpcs", "hgnc", "hgvs", "hmsp", "hpo", "ibsi", "icd10", "icd10cm", "icd10gm", "icd10pcs", "icd11", "icd9", "icd9cm", "icd9proc", "icdo3", "icf", "loinc",
		"mdc", "mesh", "mondo", "ncbitaxon", "ncit", "ndc", "omim", "omop", "ops", "orphanet", "pzn", "race", "rxnorm", "silva", "snomed", "so", "tnm",
		"ucum", "unii", "uniprot", "visit",
	}
}

// known says whether a name is one of Systems.
func known(short string) bool {
	switch short {
	case "actcode", "alphaid", "ask", "atc", "clinvar", "cpg", "cpt", "cvx", "dbsnp", "dcm", "edqm", "ensembl", "ethnicity", "gender", "grch37", "grch38", "greengenes",
		"hcpcs", "hgnc", "hgvs", "hmsp", "hpo", "ibsi", "icd10", "icd10cm", "icd10gm", "icd10pcs", "icd11", "icd9", "icd9cm", "icd9proc", "icdo3", "icf", "loinc",
		"mdc", "mesh", "mondo", "ncbitaxon", "ncit", "ndc", "omim", "omop", "ops", "orphanet", "pzn", "race", "rxnorm", "silva", "snomed", "so", "tnm",
		"ucum", "unii", "uniprot", "visit":
		return true
	}
	return false
}

// Short is the short name of a code system: "loinc" for "http://loinc.org",
// "urn:oid:2.16.840.1.113883.6.1" and "2.16.840.1.113883.6.1". A short name is its
// own, in any case of letters; what is unknown stays as it is.
//
// URIs are those of HL7 Terminology (terminology.hl7.org, external code systems) and
// of the German base profiles (de.basisprofil.r4), also in the spellings of earlier
// years; OIDs are those of the HL7 registry. A version behind the URI, as
// canonical references and SNOMED CT's editions have, is left out.
func Short(system string) string {
	if known(system) {
		return system
	}
	if s := bySystem(system); s != "" {
		return s
	}
	plain := strings.TrimSpace(system)
	if i := strings.IndexByte(plain, '|'); i >= 0 {
		plain = plain[:i]
	}
	if len(plain) > 8 && strings.EqualFold(plain[:8], "urn:oid:") {
		plain = plain[8:]
	}
	plain = strings.ToLower(strings.TrimRight(plain, "/"))
	if rest, ok := strings.CutPrefix(plain, "https://"); ok {
		plain = "http://" + rest
	}
	if strings.HasPrefix(plain, "http://snomed.info/sct/") {
		return "snomed"
	}
	if known(plain) {
		return plain
	}
	if s := bySystem(plain); s != "" {
		return s
	}
	return system
}

// bySystem finds the short name of a URI or a bare OID, "" if there is none. URIs
// stand in lower case, and as written where that differs.
func bySystem(system string) string {
	switch system {
	case "http://loinc.org", "2.16.840.1.113883.6.1":
		return "loinc"
	case "http://snomed.info/sct", "2.16.840.1.113883.6.96":
		return "snomed"
	case "http://unitsofmeasure.org", "2.16.840.1.113883.6.8":
		return "ucum"
	case "http://www.nlm.nih.gov/research/umls/rxnorm", "2.16.840.1.113883.6.88":
		return "rxnorm"

	// Diagnoses.
	case "http://fhir.de/CodeSystem/bfarm/icd-10-gm", "http://fhir.de/codesystem/bfarm/icd-10-gm", "http://fhir.de/codesystem/dimdi/icd-10-gm":
		return "icd10gm"
	case "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-who", "2.16.840.1.113883.6.3":
		return "icd10"
	case "http://hl7.org/fhir/sid/icd-10-cm", "2.16.840.1.113883.6.90":
		return "icd10cm"
	case "http://id.who.int/icd/release/11/mms", "http://hl7.org/fhir/sid/icd-11":
		return "icd11"
	case "http://hl7.org/fhir/sid/icd-9", "2.16.840.1.113883.6.42":
		return "icd9"
	case "http://hl7.org/fhir/sid/icd-9-cm", "http://hl7.org/fhir/sid/icd-9-cm/diagnosis", "2.16.840.1.113883.6.103":
		return "icd9cm"
	case "http://terminology.hl7.org/CodeSystem/icd-o-3", "http://terminology.hl7.org/codesystem/icd-o-3", "http://fhir.de/codesystem/bfarm/icd-o-3",
		"http://fhir.de/codesystem/dimdi/icd-o-3", "2.16.840.1.113883.6.43.1":
		return "icdo3"
	case "http://fhir.de/codesystem/bfarm/alpha-id", "http://fhir.de/codesystem/dimdi/alpha-id", "http://fhir.de/codesystem/alpha-id":
		return "alphaid"
	case "http://hl7.org/fhir/sid/icf", "2.16.840.1.113883.6.254":
		return "icf"
	case "http://www.uicc.org/resources/tnm":
		return "tnm"

	// Rare diseases, phenotypes and genes.
	case "http://human-phenotype-ontology.org", "http://purl.obolibrary.org/obo/hp.owl", "http://purl.obolibrary.org/obo/hp":
		return "hpo"
	case "http://www.orpha.net", "http://orpha.net":
		return "orphanet"
	case "http://purl.obolibrary.org/obo/mondo.owl", "http://purl.obolibrary.org/obo/mondo":
		return "mondo"
	case "http://www.omim.org", "http://omim.org", "2.16.840.1.113883.6.174":
		return "omim"
	case "http://www.genenames.org", "http://www.genenames.org/geneId", "http://www.genenames.org/geneid", "2.16.840.1.113883.6.281":
		return "hgnc"
	case "http://varnomen.hgvs.org", "2.16.840.1.113883.6.282":
		return "hgvs"
	case "http://www.ncbi.nlm.nih.gov/clinvar", "2.16.840.1.113883.6.319":
		return "clinvar"
	case "http://www.sequenceontology.org", "http://sequenceontology.org":
		return "so"

	// Procedures.
	case "http://fhir.de/CodeSystem/bfarm/ops", "http://fhir.de/codesystem/bfarm/ops", "http://fhir.de/codesystem/dimdi/ops":
		return "ops"
	case "http://www.ama-assn.org/go/cpt", "2.16.840.1.113883.6.12":
		return "cpt"
	case "http://www.cms.gov/medicare/coding/hcpcsreleasecodesets", "http://terminology.hl7.org/codesystem/hcpcs",
		"http://www.cms.gov/medicare/coding/medhcpcsgeninfo", "2.16.840.1.113883.6.285":
		return "hcpcs"
	case "http://www.cms.gov/medicare/coding/icd10", "http://hl7.org/fhir/sid/icd-10-pcs", "2.16.840.1.113883.6.4":
		return "icd10pcs"
	case "http://hl7.org/fhir/sid/icd-9-cm/procedure", "2.16.840.1.113883.6.104":
		return "icd9proc"

	// Drugs.
	case "http://www.whocc.no/atc", "http://fhir.de/CodeSystem/bfarm/atc", "http://fhir.de/codesystem/bfarm/atc",
		"http://fhir.de/codesystem/dimdi/atc", "2.16.840.1.113883.6.73":
		return "atc"
	case "http://fhir.de/CodeSystem/ifa/pzn", "http://fhir.de/codesystem/ifa/pzn", "1.2.276.0.76.4.6":
		return "pzn"
	case "http://fhir.de/CodeSystem/ask", "http://fhir.de/codesystem/ask", "http://fhir.de/codesystem/dimdi/ask":
		return "ask"
	case "http://hl7.org/fhir/sid/cvx", "2.16.840.1.113883.12.292":
		return "cvx"
	case "http://hl7.org/fhir/sid/ndc", "2.16.840.1.113883.6.69":
		return "ndc"
	case "http://fdasis.nlm.nih.gov", "2.16.840.1.113883.4.9":
		return "unii"
	case "http://standardterms.edqm.eu", "0.4.0.127.0.16.1.1.2.1":
		return "edqm"

	// Imaging, devices, terms.
	case "http://dicom.nema.org/resources/ontology/DCM", "http://dicom.nema.org/resources/ontology/dcm", "1.2.840.10008.2.16.4":
		return "dcm"
	case "urn:iso:std:iso:11073:10101", "2.16.840.1.113883.6.24":
		return "mdc"
	case "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl", "http://ncicb.nci.nih.gov/xml/owl/evs/thesaurus.owl", "2.16.840.1.113883.3.26.1.1":
		return "ncit"
	case "http://id.nlm.nih.gov/mesh", "http://www.nlm.nih.gov/mesh", "http://meshb.nlm.nih.gov", "2.16.840.1.113883.6.177":
		return "mesh"
	case "http://terminology.hl7.org/CodeSystem/v3-ActCode", "http://terminology.hl7.org/codesystem/v3-actcode",
		"http://hl7.org/fhir/v3/actcode", "2.16.840.1.113883.5.4":
		return "actcode"
	case "http://fhir-terminology.ohdsi.org":
		return "omop"
	}
	return ""
}

// URI is the URI of a code system by its short name; a system without one, or that
// is unknown, stays as it is.
func URI(short string) string {
	switch short {
	case "loinc":
		return "http://loinc.org"
	case "snomed":
		return "http://snomed.info/sct"
	case "ucum":
		return "http://unitsofmeasure.org"
	case "rxnorm":
		return "http://www.nlm.nih.gov/research/umls/rxnorm"
	case "icd10gm":
		return "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
	case "icd10":
		return "http://hl7.org/fhir/sid/icd-10"
	case "icd10cm":
		return "http://hl7.org/fhir/sid/icd-10-cm"
	case "icd11":
		return "http://id.who.int/icd/release/11/mms"
	case "icd9":
		return "http://hl7.org/fhir/sid/icd-9"
	case "icd9cm":
		return "http://hl7.org/fhir/sid/icd-9-cm"
	case "icdo3":
		return "http://terminology.hl7.org/CodeSystem/icd-o-3"
	case "alphaid":
		return "http://fhir.de/CodeSystem/bfarm/alpha-id"
	case "icf":
		return "http://hl7.org/fhir/sid/icf"
	case "tnm":
		return "https://www.uicc.org/resources/tnm"
	case "hpo":
		return "http://human-phenotype-ontology.org"
	case "orphanet":
		return "http://www.orpha.net"
	case "mondo":
		return "http://purl.obolibrary.org/obo/mondo.owl"
	case "omim":
		return "http://www.omim.org"
	case "hgnc":
		return "http://www.genenames.org"
	case "hgvs":
		return "http://varnomen.hgvs.org"
	case "clinvar":
		return "http://www.ncbi.nlm.nih.gov/clinvar"
	case "so":
		return "http://www.sequenceontology.org"
	case "ops":
		return "http://fhir.de/CodeSystem/bfarm/ops"
	case "cpt":
		return "http://www.ama-assn.org/go/cpt"
	case "hcpcs":
		return "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
	case "icd10pcs":
		return "http://www.cms.gov/Medicare/Coding/ICD10"
	case "icd9proc":
		return "http://hl7.org/fhir/sid/icd-9-cm/procedure"
	case "atc":
		return "http://www.whocc.no/atc"
	case "pzn":
		return "http://fhir.de/CodeSystem/ifa/pzn"
	case "ask":
		return "http://fhir.de/CodeSystem/ask"
	case "cvx":
		return "http://hl7.org/fhir/sid/cvx"
	case "ndc":
		return "http://hl7.org/fhir/sid/ndc"
	case "unii":
		return "http://fdasis.nlm.nih.gov"
	case "edqm":
		return "http://standardterms.edqm.eu"
	case "dcm":
		return "http://dicom.nema.org/resources/ontology/DCM"
	case "mdc":
		return "urn:iso:std:iso:11073:10101"
	case "ncit":
		return "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
	case "mesh":
		return "http://id.nlm.nih.gov/mesh"
	case "actcode":
		return "http://terminology.hl7.org/CodeSystem/v3-ActCode"
	case "omop":
		return "https://fhir-terminology.ohdsi.org"
	}
	return short
}
