package csv

import "hmsp.center/hmsp/simulate/record"

func people(w *writer, r *record.Record) {
	p := r.Person
	sex, smoking := "female", ""
	if p.IsMale() {
		sex = "male"
	}
	if r.Smoker >= 0 {
		smoking = [...]string{"never", "former", "current"}[r.Smoker]
	}
	w.text(p.ID).date(p.Birth).text(sex).text(r.Site.Postal(p.Postal)).text(r.Codes.Groups[p.Group].Code).text(smoking)
	w.text(p.Given).text(p.Family).date(p.Entry).date(p.Exit)
	if r.Died() {
		w.date(p.Exit)
	} else {
		w.text("")
	}
	w.end()
}

func labs(w *writer, r *record.Record) {
	for i := range r.Measurements {
		m := &r.Measurements[i]
		a := &r.Codes.Analytes[m.Analyte]
		f := &a.Forms[m.Form]
		w.text(r.Person.ID).time(m.Time).text(f.Code.Code).text(a.Name).number(m.Value, f.Decimals).text(f.Unit.Code).visit(m.Visit).end()
	}
}

func diagnoses(w *writer, r *record.Record) {
	for _, d := range r.Diagnoses {
		x := &r.Codes.Diseases[d.Disease]
		w.text(r.Person.ID).date(d.Time).codes(r.Site, x.ICD, x.SNOMED).visit(d.Visit).end()
	}
}

func drugs(w *writer, r *record.Record) {
	for _, x := range r.Drugs {
		d := &r.Codes.Drugs[x.Drug]
		w.text(r.Person.ID).date(x.Start).date(x.End).codes(r.Site, d.ATC, d.RxNorm).text(d.Name).number(d.Amount, 0).text("mg").end()
	}
}

// consent writes the list of consents to research that a register reads (package
// law/consent), whose days are ISO 8601 at every site.
func consent(w *writer, r *record.Record) {
	iso := func(t int64) { w.b = append(record.AppendDate(w.b, t), w.comma) }
	for _, c := range r.Consents {
		for _, p := range c.Provisions {
			if p.Purpose == record.Research {
				w.text(r.Person.ID).text("research")
				iso(p.Start)
				iso(p.End)
				w.text(c.Answer.String()).end()
			}
		}
	}
}

// policies writes what was agreed to, policy by policy of the broad consent.
func policies(w *writer, r *record.Record) {
	for _, c := range r.Consents {
		for _, p := range c.Provisions {
			w.text(r.Person.ID).text(r.Codes.Purposes[p.Purpose].Name).date(p.Start).date(p.End).text(c.Answer.String()).end()
		}
	}
}

func visits(w *writer, r *record.Record) {
	for i, v := range r.Visits {
		class := "ambulatory"
		if v.Inpatient {
			class = "inpatient"
		}
		w.text(r.Person.ID).visit(i).time(v.Start).time(v.End).text(class).end()
	}
}

func procedures(w *writer, r *record.Record) {
	for _, x := range r.Procedures {
		w.text(r.Person.ID).time(x.Time).text(x.Code.Code).visit(x.Visit).end()
	}
}

func specimens(w *writer, r *record.Record) {
	for _, x := range r.Specimens {
		w.text(r.Person.ID).time(x.Time).text(x.Type.Code).visit(x.Visit).end()
	}
}

func imaging(w *writer, r *record.Record) {
	for _, x := range r.Images {
		w.text(r.Person.ID).time(x.Time).text(x.Modality.Code).text(x.UID).visit(x.Visit).end()
	}
}
