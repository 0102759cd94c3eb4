package record

import "hmsp.center/hmsp/simulate/person"

// NewCodes builds the catalogue. The standard concepts were read from the public
// vocabulary samples of OHDSI (GiBleed, Synthea27NJ) or are those of the CDM's own
// documentation; every other code has a local concept.
func NewCodes() *Codes {
	c := &Codes{}
	c.measurements()
	c.conditions()
	c.treatments()
	c.consents()
	c.others()
	return c
}

func (c *Codes) measurements() {
	unit := func(code string, concept int64) Code {
		return c.add(Code{UCUM, code, code, "Unit", "Unit", concept})
	}
	lab := func(code, name string, concept int64) Code {
		return c.add(Code{LOINC, code, name, "Measurement", "Lab Test", concept})
	}
	vital := func(code, name string, concept int64) Code {
		return c.add(Code{LOINC, code, name, "Measurement", "Clinical Observation", concept})
	}
	mgdl, mmoll, percent := unit("mg/dL", 8840), unit("mmol/L", 8753), unit("%", 8554)
	ifcc, umoll, mgl := unit("mmol/mol", 9579), unit("umol/L", 8749), unit("mg/L", 8751)
	c.Milligram = unit("mg", 8576)

	both := func(name string, from person.Variable, mass, molar Form) Analyte {
		return Analyte{name, from, false, [2]Form{mass, molar}}
	}
	one := func(name string, from person.Variable, isVital bool, f Form) Analyte {
		return Analyte{name, from, isVital, [2]Form{f, f}}
	}
	mass := func(code Code, u Code, decimals int) Form { return Form{code, u, 1, 0, decimals} }
	c.Analytes = [analytes]Analyte{
		Glucose: both("glucose", person.Glucose,
			mass(lab("2345-7", "Glucose [Mass/volume] in Serum or Plasma", 3004501), mgdl, 0),
			Form{lab("14749-6", "Glucose [Moles/volume] in Serum or Plasma", 0), mmoll, 1 / 18.016, 0, 2}),
		HbA1c: both("hba1c", person.HbA1c,
			mass(lab("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", 3004410), percent, 1),
			Form{lab("59261-8", "Hemoglobin A1c/Hemoglobin.total in Blood by IFCC protocol", 0), ifcc, 10.929, -23.5, 0}),
		LDL: both("ldl", person.LDL,
			mass(lab("2089-1", "Cholesterol in LDL [Mass/volume] in Serum or Plasma", 3028437), mgdl, 0),
			Form{lab("22748-8", "Cholesterol in LDL [Moles/volume] in Serum or Plasma", 0), mmoll, 1 / 38.67, 0, 2}),
		HDL: both("hdl", person.HDL,
			mass(lab("2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma", 3007070), mgdl, 0),
			Form{lab("14646-4", "Cholesterol in HDL [Moles/volume] in Serum or Plasma", 0), mmoll, 1 / 38.67, 0, 2}),
		Triglycerides: both("triglycerides", person.LogTriglycerides,
			mass(lab("2571-8", "Triglyceride [Mass/volume] in Serum or Plasma", 3022192), mgdl, 0),
			Form{lab("14927-8", "Triglyceride [Moles/volume] in Serum or Plasma", 0), mmoll, 1 / 88.57, 0, 2}),
		Creatinine: both("creatinine", person.Creatinine,
			mass(lab("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", 3016723), mgdl, 2),
			Form{lab("14682-9", "Creatinine [Moles/volume] in Serum or Plasma", 0), umoll, 88.42, 0, 0}),
		EGFR: one("egfr", -1, false,
			mass(lab("98979-8", "Glomerular filtration rate/1.73 sq M.predicted by Creatinine-based formula (CKD-EPI 2021)", 0), unit("mL/min/{1.73_m2}", 0), 0)),
		CRP: one("crp", person.LogCRP, false,
			mass(lab("1988-5", "C reactive protein [Mass/volume] in Serum or Plasma", 3020460), mgl, 1)),
		Weight: one("weight", -1, true, mass(vital("29463-7", "Body weight", 3025315), unit("kg", 9529), 1)),
		Height: one("height", -1, true, mass(vital("8302-2", "Body height", 3036277), unit("cm", 8582), 0)),
		BMI:    one("bmi", -1, true, mass(vital("39156-5", "Body mass index (BMI) [Ratio]", 3038553), unit("kg/m2", 9531), 1)),
		SBP:    one("sbp", person.SBP, true, mass(vital("8480-6", "Systolic blood pressure", 3004249), unit("mm[Hg]", 8876), 0)),
		DBP:    one("dbp", person.DBP, true, mass(vital("8462-4", "Diastolic blood pressure", 3012888), unit("mm[Hg]", 8876), 0)),
	}
	c.Pressure = vital("85354-9", "Blood pressure panel with all children optional", 36203185)
}

func (c *Codes) conditions() {
	disease := func(name, icd, snomed, display string, concept int64) Disease {
		return Disease{name,
			c.add(Code{ICD10GM, icd, display, "Condition", "ICD10 code", 0}),
			c.add(Code{SNOMED, snomed, display, "Condition", "Clinical Finding", concept})}
	}
	c.Diseases = [diseases]Disease{
		Diabetes:        disease("diabetes", "E11.90", "44054006", "Type 2 diabetes mellitus", 201826),
		Hypertension:    disease("hypertension", "I10.90", "59621000", "Essential hypertension", 320128),
		CHD:             disease("chd", "I25.19", "53741008", "Coronary arteriosclerosis", 317576),
		Infarction:      disease("infarction", "I21.9", "22298006", "Myocardial infarction", 4329847),
		Hyperlipidaemia: disease("hyperlipidaemia", "E78.5", "55822004", "Hyperlipidemia", 432867),
		Obesity:         disease("obesity", "E66.90", "414916001", "Obesity", 433736),
		Infection:       disease("infection", "J06.9", "54150009", "Upper respiratory infection", 0),
		BackPain:        disease("backpain", "M54.5", "279039007", "Low back pain", 194133),
	}
}

func (c *Codes) treatments() {
	drug := func(name, atc, rx, display, class string, concept int64, from person.Variable, mg float64) Drug {
		return Drug{name,
			c.add(Code{ATC, atc, name, "Drug", "ATC 5th", 0}),
			c.add(Code{RxNorm, rx, display, "Drug", class, concept}), from, mg}
	}
	c.Drugs = []Drug{
		drug("simvastatin", "C10AA01", "312961", "simvastatin 20 MG Oral Tablet", "Clinical Drug", 1539411, person.Statin, 20),
		drug("metformin", "A10BA02", "860975", "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet", "Quant Clinical Drug", 40163924, person.Metformin, 500),
		drug("ramipril", "C09AA05", "35296", "ramipril", "Ingredient", 1334456, person.Antihypertensive, 5),
		drug("acetylsalicylic acid", "B01AC06", "1191", "aspirin", "Ingredient", 1112807, person.Aspirin, 100),
	}
	ops := func(code, display string) Code {
		return c.add(Code{OPS, code, display, "Procedure", "OPS", 0})
	}
	c.Angiogram = ops("1-275.0", "Coronary angiography without further measures")
	c.Angioplast = ops("8-837.00", "Percutaneous balloon angioplasty of one coronary artery")
	c.HeadScan = ops("3-800", "Native magnetic resonance imaging of the skull")
}

func (c *Codes) consents() {
	purpose := func(n, display, name string, years int, bio bool) Purpose {
		return Purpose{c.add(Code{Policy, "2.16.840.1.113883.3.1937.777.24.5.3." + n, display, "Observation", "Policy", 0}), name, years, bio}
	}
	c.Purposes = []Purpose{
		purpose("6", "MDAT erheben", "MDAT_erheben", 5, false),
		purpose("7", "MDAT speichern, verarbeiten", "MDAT_speichern_verarbeiten", 30, false),
		purpose("8", "MDAT wissenschaftlich nutzen", "MDAT_wissenschaftlich_nutzen", 30, false),
		purpose("9", "MDAT zusammenführen mit Dritten", "MDAT_zusammenfuehren_Dritte", 30, false),
		purpose("19", "BIOMAT erheben", "BIOMAT_erheben", 5, true),
		purpose("20", "BIOMAT lagern, verarbeiten", "BIOMAT_lagern_verarbeiten", 30, true),
		purpose("22", "BIOMAT wissenschaftlich nutzen", "BIOMAT_wissenschaftlich_nutzen", 30, true),
	}
}

func (c *Codes) others() {
	local := func(code, display, domain string) Code {
		return c.add(Code{Local, code, display, domain, "Simulated", 0})
	}
	c.Smoking = c.add(Code{LOINC, "72166-2", "Tobacco smoking status", "Observation", "Clinical Observation", 43054909})
	c.Smokers = [3]Code{
		c.add(Code{SNOMED, "266919005", "Never smoked tobacco", "Observation", "Clinical Finding", 0}),
		c.add(Code{SNOMED, "8517006", "Ex-smoker", "Observation", "Clinical Finding", 0}),
		c.add(Code{SNOMED, "449868002", "Smokes tobacco daily", "Observation", "Clinical Finding", 42709996}),
	}
	c.Group = local("ancestry-group", "Ancestral population that somebody says is theirs", "Observation")
	c.Groups = [3]Code{local("a", "Population A", "Race"), local("b", "Population B", "Race"), local("c", "Population C", "Race")}
	c.Blood = c.add(Code{SNOMED, "119297000", "Blood specimen", "Specimen", "Specimen", 4001225})
	c.Stool = c.add(Code{SNOMED, "119339001", "Stool specimen", "Specimen", "Specimen", 0})
	c.MR = c.add(Code{DICOM, "MR", "Magnetic Resonance", "Procedure", "Modality", 0})
	c.CR = c.add(Code{DICOM, "CR", "Computed Radiography", "Procedure", "Modality", 0})
	c.Genders = [2]Code{{Local, "F", "FEMALE", "Gender", "Gender", 8532}, {Local, "M", "MALE", "Gender", "Gender", 8507}}
	c.Classes = [2]Code{{Local, "OP", "Outpatient Visit", "Visit", "Visit", 9202}, {Local, "IP", "Inpatient Visit", "Visit", "Visit", 9201}}
	c.Type = Code{Local, "OMOP4976890", "EHR", "Type Concept", "Type Concept", 32817}
}
