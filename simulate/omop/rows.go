package omop

import (
	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/simulate/record"
	"hmsp.center/hmsp/table"
)

// ehr is the concept of what comes from a health record.
const ehr = 32817

func persons(w *writer, r *record.Record) {
	p := r.Person
	sex := r.Codes.Genders[int(p.X[person.Male])]
	y, m, d := table.DateOf(p.Birth)
	group := r.Codes.Groups[p.Group]
	w.int(int64(p.Number)).int(sex.Concept).int(int64(y)).int(int64(m)).int(int64(d))
	w.b = append(record.AppendDate(w.b, p.Birth), " 00:00:00,"...)
	w.int(0).int(0).int(int64(p.Postal + 1)).none(1).int(1).text(p.ID).text(sex.Code).int(0)
	w.text(group.Code).int(group.Concept).none(1).int(0).end()
}

func periods(w *writer, r *record.Record) {
	w.ids(r, 0).date(r.Person.Entry).date(r.Person.Exit).int(ehr).end()
}

func visits(w *writer, r *record.Record) {
	for k, v := range r.Visits {
		class := r.Codes.Classes[0]
		if v.Inpatient {
			class = r.Codes.Classes[1]
		}
		w.ids(r, k).int(class.Concept).moment(v.Start).moment(v.End).int(ehr).none(1).int(1).text(class.Code).int(0).int(0).none(1).int(0).none(2).end()
	}
}

// pick gives the code that the source wrote first, and all of them as it wrote them.
func pick(s *record.Site, national, international record.Code) (record.Code, string) {
	switch s.Coding {
	case record.National:
		return national, national.Code
	case record.International:
		return international, international.Code
	}
	return national, national.Code + " " + international.Code
}

func conditions(w *writer, r *record.Record) {
	for k, d := range r.Diagnoses {
		x := &r.Codes.Diseases[d.Disease]
		source, value := pick(r.Site, x.ICD, x.SNOMED)
		w.ids(r, k).int(x.SNOMED.Concept).moment(d.Time).none(2).int(ehr).int(0).none(2).int(rowID(r, d.Visit)).none(1)
		w.text(value).int(source.Concept).none(1).end()
	}
}

func drugs(w *writer, r *record.Record) {
	for k, x := range r.Drugs {
		d := &r.Codes.Drugs[x.Drug]
		source, value := pick(r.Site, d.ATC, d.RxNorm)
		w.ids(r, k).int(d.RxNorm.Concept).moment(x.Start).moment(midnight(x.End)).none(1).int(ehr).none(2)
		w.number(d.Amount, 0).none(2).int(0).none(4).text(value).int(source.Concept).none(1).text("mg").end()
	}
}

func procedures(w *writer, r *record.Record) {
	k := 0
	row := func(code record.Code, at int64, visit int) {
		w.ids(r, k).int(code.Concept).moment(at).none(2).int(ehr).int(0).none(2).int(rowID(r, visit)).none(1).text(code.Code).int(code.Concept).none(1).end()
		k++
	}
	for _, p := range r.Procedures {
		row(p.Code, p.Time, p.Visit)
	}
	for _, x := range r.Images {
		row(x.Modality, x.Time, x.Visit)
	}
}

func measurements(w *writer, r *record.Record) {
	for k := range r.Measurements {
		m := &r.Measurements[k]
		f := &r.Codes.Analytes[m.Analyte].Forms[m.Form]
		w.ids(r, k).int(f.Code.Concept).moment(m.Time)
		w.b = append(record.AppendClock(w.b, m.Time), ',')
		w.int(ehr).int(0).number(m.Value, f.Decimals).int(0).int(f.Unit.Concept).none(3).int(rowID(r, m.Visit)).none(1)
		w.text(f.Code.Code).int(f.Code.Concept).text(f.Unit.Code).int(f.Unit.Concept).number(m.Value, f.Decimals).none(2).end()
	}
}

func observations(w *writer, r *record.Record) {
	k := 0
	row := func(code record.Code, at int64, value string, concept int64) {
		w.ids(r, k).int(code.Concept).moment(at).int(ehr).none(1).text(value).int(concept).int(0).int(0).none(3)
		w.text(code.Code).int(code.Concept).none(2).text(value).none(2).end()
		k++
	}
	at := r.Person.Entry
	if r.Smoker >= 0 {
		row(r.Codes.Smoking, at, r.Codes.Smokers[r.Smoker].Code, r.Codes.Smokers[r.Smoker].Concept)
	}
	row(r.Codes.Group, at, r.Codes.Groups[r.Person.Group].Code, r.Codes.Groups[r.Person.Group].Concept)
	for _, c := range r.Consents {
		for _, p := range c.Provisions {
			b := append([]byte(c.Answer.String()), ' ')
			b = record.AppendDate(append(record.AppendDate(b, p.Start), '/'), p.End)
			row(r.Codes.Purposes[p.Purpose].Code, c.Time, string(b), 0)
		}
	}
}

func consents(w *writer, r *record.Record) {
	for _, c := range r.Consents {
		for _, p := range c.Provisions {
			if p.Purpose == record.Research {
				w.int(int64(r.Person.Number)).text("research").date(p.Start).date(p.End).text(c.Answer.String()).end()
			}
		}
	}
}

func deaths(w *writer, r *record.Record) {
	if r.Died() {
		w.int(int64(r.Person.Number)).moment(r.Person.Exit).int(ehr).int(0).none(1).int(0).end()
	}
}

func specimens(w *writer, r *record.Record) {
	for k, s := range r.Specimens {
		w.ids(r, k).int(s.Type.Concept).int(ehr).moment(s.Time).none(1).int(0).int(0).int(0)
		w.text(r.Person.ID).text(s.Type.Code).none(3).end()
	}
}

func locations(w *writer, s record.Site) {
	for i := range person.PostalCodes {
		w.int(int64(i + 1)).none(4).text(s.Postal(i)).none(1).text(s.Postal(i)).int(0).none(3).end()
	}
}

func concepts(w *writer) {
	c := record.NewCodes()
	row := func(x record.Code, vocabulary string) {
		standard := ""
		if x.Standard() {
			standard = "S"
		}
		w.int(x.Concept).quoted(x.Display).text(x.Domain).text(vocabulary).quoted(x.Class).text(standard).text(x.Code).text("1970-01-01").text("2099-12-31").none(1).end()
	}
	row(record.Code{Display: "No matching concept", Domain: "Metadata", Class: "Undefined", Code: "No matching concept"}, "None")
	for _, x := range c.All {
		row(x, x.System.Vocabulary())
	}
	for _, x := range c.Genders {
		row(x, "Gender")
	}
	for _, x := range c.Classes {
		row(x, "Visit")
	}
	row(c.Type, "Type Concept")
}
