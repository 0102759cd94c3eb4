package note

import "hmsp.center/hmsp/simulate/record"

// words are what a letter of one language is made of.
type words struct {
	hospital, dear, report, mr, mrs, born, number, living, phone, seen string
	diagnoses, since, none, no, values, drugs, farewell                string
	diseases                                                           map[int]string
	analytes                                                           map[int]string
	substances                                                         []string
}

func vocabulary(l Language) words {
	if l == German {
		return words{
			hospital: "Erfundenes Klinikum %s", dear: "Sehr geehrte Kolleginnen und Kollegen,", report: "wir berichten über", mr: "Herrn", mrs: "Frau",
			born: "geb. am", number: "Pat.-Nr.", living: "wohnhaft in", phone: "Tel.", seen: "zuletzt vorgestellt am",
			diagnoses: "Diagnosen:", since: "seit", none: "keine", no: "Kein Anhalt für", values: "Befunde:", drugs: "Medikation:", farewell: "Mit freundlichen Grüßen",
			diseases: map[int]string{record.Diabetes: "Diabetes mellitus Typ 2", record.Hypertension: "arterielle Hypertonie", record.CHD: "koronare Herzkrankheit",
				record.Infarction: "Myokardinfarkt", record.Hyperlipidaemia: "Hyperlipidämie", record.Obesity: "Adipositas"},
			analytes:   map[int]string{record.HbA1c: "HbA1c", record.LDL: "LDL-Cholesterin", record.Creatinine: "Kreatinin", record.SBP: "RR systolisch"},
			substances: []string{"Simvastatin", "Metformin", "Ramipril", "ASS"},
		}
	}
	return words{
		hospital: "Invented Hospital %s", dear: "Dear colleagues,", report: "we report on", mr: "Mr", mrs: "Mrs",
		born: "born on", number: "patient no.", living: "living in", phone: "phone", seen: "last seen on",
		diagnoses: "Diagnoses:", since: "since", none: "none", no: "No evidence of", values: "Findings:", drugs: "Medication:", farewell: "Kind regards",
		diseases: map[int]string{record.Diabetes: "type 2 diabetes mellitus", record.Hypertension: "arterial hypertension", record.CHD: "coronary heart disease",
			record.Infarction: "myocardial infarction", record.Hyperlipidaemia: "hyperlipidaemia", record.Obesity: "obesity"},
		analytes:   map[int]string{record.HbA1c: "HbA1c", record.LDL: "LDL cholesterol", record.Creatinine: "creatinine", record.SBP: "systolic BP"},
		substances: []string{"simvastatin", "metformin", "ramipril", "aspirin"},
	}
}
