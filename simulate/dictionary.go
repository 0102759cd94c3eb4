package simulate

import (
	"fmt"
	"strconv"
	"strings"

	"hmsp.center/hmsp/table"
)

// Dictionary lists the variables that a consortium of simulated sites agrees on. Each
// has the codes of all sites, so that one mapping serves them.
func Dictionary() table.Schema {
	number := func(name, label, unit, code string, lo, hi float64) table.Variable {
		return table.Variable{Name: name, Label: label, Kind: table.Number, Unit: unit, Code: code, Min: lo, Max: hi}
	}
	flag := func(name, label, code string) table.Variable {
		return table.Variable{Name: name, Label: label, Kind: table.Flag, Code: code}
	}
	level := func(code, label, concept string) table.Level {
		return table.Level{Code: code, Label: label, Concept: concept}
	}
	return table.Schema{
		{Name: "sex", Label: "Sex", Kind: table.Category, Code: "loinc:46098-0", Levels: []table.Level{level("female", "Female", ""), level("male", "Male", "")}},
		{Name: "smoking", Label: "Tobacco smoking status", Kind: table.Category, Code: "loinc:72166-2",
			Levels: []table.Level{level("never", "Never smoked", "snomed:266919005"), level("former", "Former smoker", "snomed:8517006"), level("current", "Smokes daily", "snomed:449868002")}},
		number("glucose", "Glucose in serum or plasma", "mg/dL", "loinc:2345-7 loinc:14749-6", 20, 800),
		number("hba1c", "Haemoglobin A1c in blood", "%", "loinc:4548-4 loinc:59261-8", 3, 20),
		number("ldl", "LDL cholesterol", "mg/dL", "loinc:2089-1 loinc:22748-8", 1, 500),
		number("hdl", "HDL cholesterol", "mg/dL", "loinc:2085-9 loinc:14646-4", 1, 200),
		number("triglycerides", "Triglycerides", "mg/dL", "loinc:2571-8 loinc:14927-8", 10, 3000),
		number("creatinine", "Creatinine in serum or plasma", "mg/dL", "loinc:2160-0 loinc:14682-9", 0.1, 20),
		number("egfr", "Glomerular filtration rate, CKD-EPI 2021", "mL/min/{1.73_m2}", "loinc:98979-8", 1, 200),
		number("crp", "C-reactive protein", "mg/L", "loinc:1988-5", 0.1, 500),
		number("sbp", "Systolic blood pressure", "mm[Hg]", "loinc:8480-6", 50, 300),
		number("dbp", "Diastolic blood pressure", "mm[Hg]", "loinc:8462-4", 20, 200),
		number("weight", "Body weight", "kg", "loinc:29463-7", 20, 300),
		number("height", "Body height", "cm", "loinc:8302-2", 100, 230),
		number("bmi", "Body mass index", "kg/m2", "loinc:39156-5", 8, 80),
		flag("diabetes", "Type 2 diabetes", "icd10gm:E11 snomed:44054006"),
		flag("hypertension", "Essential hypertension", "icd10gm:I10 snomed:59621000"),
		flag("chd", "Chronic coronary heart disease", "icd10gm:I25 snomed:53741008"),
		flag("infarction", "Acute myocardial infarction", "icd10gm:I21 snomed:22298006"),
		flag("hyperlipidaemia", "Hyperlipidaemia", "icd10gm:E78 snomed:55822004"),
		flag("obesity", "Obesity", "icd10gm:E66 snomed:414916001"),
		flag("statin", "Statin", "atc:C10AA rxnorm:312961"),
		flag("metformin", "Metformin", "atc:A10BA02 rxnorm:860975"),
		flag("antihypertensive", "ACE inhibitor", "atc:C09AA rxnorm:35296"),
		flag("aspirin", "Acetylsalicylic acid", "atc:B01AC06 rxnorm:1191"),
		flag("angiography", "Coronary angiography", "ops:1-275"),
		flag("angioplasty", "Coronary balloon angioplasty", "ops:8-837"),
	}
}

// dictionaryYAML is a dictionary as a file.
func dictionaryYAML(dictionary table.Schema) []byte {
	var b strings.Builder
	b.WriteString("# The variables of simulated people, as their sites agree on them.\nhmsp: dictionary/v1\ndictionary:\n")
	for _, v := range dictionary {
		fmt.Fprintf(&b, "  - {name: %s, label: %q, type: %s", v.Name, v.Label, v.Kind)
		if v.Unit != "" {
			fmt.Fprintf(&b, ", unit: %q", v.Unit)
		}
		if v.Code != "" {
			fmt.Fprintf(&b, ", code: %q", v.Code)
		}
		if v.Kind == table.Number || v.Kind == table.Integer {
			fmt.Fprintf(&b, ", min: %s, max: %s", plain(v.Min), plain(v.Max))
		}
		for i, l := range v.Levels {
			if i == 0 {
				b.WriteString(", levels: [")
			} else {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "{code: %q, label: %q", l.Code, l.Label)
			if l.Concept != "" {
				fmt.Fprintf(&b, ", concept: %q", l.Concept)
			}
			b.WriteString("}")
		}
		if v.Levels != nil {
			b.WriteString("]")
		}
		b.WriteString("}\n")
	}
	return []byte(b.String())
}

func plain(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
