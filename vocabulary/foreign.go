package vocabulary

import "strings"

// FromOMOP is the short name of a vocabulary of the OMOP common data model by its
// vocabulary_id (OHDSI Athena); what has none stays as it is.
//
// RxNorm's extension has codes of its own (OMOP…), which cannot be mistaken for
// RxNorm's numbers, so both are rxnorm. Gender, race and ethnicity are OMOP's own
// letters and numbers.
func FromOMOP(id string) string {
	switch id {
	case "SNOMED", "SNOMED Veterinary", "Nebraska Lexicon":
		return "snomed"
	case "LOINC":
		return "loinc"
	case "RxNorm", "RxNorm Extension":
		return "rxnorm"
	case "ICD10":
		return "icd10"
	case "ICD10CM":
		return "icd10cm"
	case "ICD10GM":
		return "icd10gm"
	case "ICD10PCS":
		return "icd10pcs"
	case "ICD9CM":
		return "icd9cm"
	case "ICD9Proc":
		return "icd9proc"
	case "ICDO3":
		return "icdo3"
	case "ATC":
		return "atc"
	case "CVX":
		return "cvx"
	case "NDC":
		return "ndc"
	case "OPS":
		return "ops"
	case "HCPCS":
		return "hcpcs"
	case "CPT4":
		return "cpt"
	case "UCUM":
		return "ucum"
	case "HPO":
		return "hpo"
	case "Orphanet", "ORPHA":
		return "orphanet"
	case "MeSH":
		return "mesh"
	case "NCIt":
		return "ncit"
	case "HGNC", "OMOP Genomic HGNC":
		return "hgnc"
	case "ClinVar":
		return "clinvar"
	case "DICOM":
		return "dcm"
	case "Mondo":
		return "mondo"
	case "Gender":
		return "gender"
	case "Race":
		return "race"
	case "Ethnicity":
		return "ethnicity"
	case "Visit":
		return "visit"
	}
	return id
}

// FromHL7 is the short name of a coding system of HL7 version 2 (table 0396: "LN",
// "SCT", "I10", "I10G2004"); what has none stays as it is. Local codes ("L", "99…")
// have none.
func FromHL7(id string) string {
	u := strings.ToUpper(strings.TrimSpace(id))
	switch u {
	case "LN", "LOINC":
		return "loinc"
	case "SCT", "SCT2", "SNOMEDCT":
		return "snomed"
	case "I10", "ICD10":
		return "icd10"
	case "I10C", "ICD10CM", "I10CM":
		return "icd10cm"
	case "I10P", "ICD10PCS":
		return "icd10pcs"
	case "I9":
		return "icd9"
	case "I9C", "I9CDX", "ICD9CM":
		return "icd9cm"
	case "I9CP":
		return "icd9proc"
	case "ICDO", "ICDO3":
		return "icdo3"
	case "C4", "C5", "CPT", "CPTM":
		return "cpt"
	case "HPC", "HCPCS":
		return "hcpcs"
	case "CVX":
		return "cvx"
	case "NDC":
		return "ndc"
	case "RXNORM":
		return "rxnorm"
	case "WC", "ATC":
		return "atc"
	case "UCUM":
		return "ucum"
	case "DCM":
		return "dcm"
	case "MDC":
		return "mdc"
	case "HPO":
		return "hpo"
	case "ORPHA":
		return "orphanet"
	case "PZN", "IFA":
		return "pzn"
	}
	switch { // the German systems name their year
	case strings.HasPrefix(u, "I10G"), strings.HasPrefix(u, "ICD10GM"):
		return "icd10gm"
	case strings.HasPrefix(u, "O301"), strings.HasPrefix(u, "OPS"):
		return "ops"
	}
	return id
}
