package fhir

import (
	"fmt"
	"maps"

	"hmsp.center/hmsp/format"
)

// A worker turns text into rows, one piece of the source after another.
type worker struct {
	source   *source
	plan     *plan
	builders []*builder
	doc      doc
	row      row
	skipped  map[string]int64 // resources without a patient, by type
	give     func(result) bool
	file     string
	buffer   []byte // of documents
	now      sink   // whose rows are made
	emitNow  func() // makes one; it is made once, so that resources ask for no memory
}

// A result is a batch of a table, or what went wrong.
type result struct {
	table int
	batch format.Batch
	err   error
}

// lines makes rows of a chunk of NDJSON. Resources of types that no table wants are
// not looked at further where their type stands first, as it usually does.
func (w *worker) lines(c chunk) error {
	w.file = c.file.path
	err := c.each(func(line int, text []byte) error {
		if kind := peek(text); len(kind) > 0 && string(kind) != "Bundle" && w.plan.sinks[string(kind)] == nil && closed(text) {
			return nil
		}
		v, err := c.parse(&w.doc, line, text)
		if err != nil {
			return err
		}
		w.row.line = line
		if err = w.begin(); err == nil {
			err = w.row.scope.survey(v)
		}
		if err == nil {
			err = w.resource(v, nil)
		}
		return located(err, w.file, line)
	})
	if err == nil {
		err = w.flush()
	}
	return err
}

// closed says whether the text ends as an object does.
func closed(text []byte) bool {
	for n := len(text) - 1; n >= 0; n-- {
		if c := text[n]; c > ' ' {
			return c == '}'
		}
	}
	return false
}

// documents makes rows of files that are one document each.
func (w *worker) documents(files []file) error {
	for _, f := range files {
		if err := w.document(f); err != nil {
			return located(err, f.path, 0)
		}
	}
	return w.flush()
}

func (w *worker) document(f file) error {
	in, err := w.source.stream(f, &w.source.read)
	if err != nil {
		return err
	}
	in.buf = w.buffer[:0]
	defer func() {
		in.stop()
		if cap(in.buf) <= heldBytes { // one long document is no reason to keep more
			w.buffer = in.buf
		}
	}()
	w.file, w.row.line = f.path, 0
	if err := w.begin(); err != nil {
		return err
	}
	kind, err := in.walk(w.row.scope.enter)
	if err != nil {
		return err
	}
	if kind == "" {
		return &format.Error{Line: 1, Text: "this is JSON, but no FHIR resource: it has no resourceType", Mend: "keep files that are no FHIR resources out of the folder"}
	}
	if kind != "Bundle" {
		return in.whole(func(v value) error {
			if err := w.row.scope.survey(v); err != nil {
				return err
			}
			return w.resource(v, nil)
		})
	}
	if err := in.again(); err != nil {
		return err
	}
	_, err = in.walk(w.entry)
	return err
}

// begin makes a scope for what comes.
func (w *worker) begin() error {
	if w.row.scope.urls != nil || w.row.scope.medications.codes != nil {
		w.row.scope = &scope{medications: &medications{limit: w.source.drugs.limit}}
	}
	return w.source.ctx.Err()
}

// entry makes rows of the resource in an entry of a Bundle, if it has one.
func (w *worker) entry(e value) error {
	r := e.get("resource")
	if !r.there() {
		return nil
	}
	return w.resource(r, last(e.get("fullUrl").text()))
}

// resource makes rows of a resource; id is what its entry calls it.
func (w *worker) resource(r value, id []byte) error {
	kind := r.get("resourceType").text()
	if len(kind) == 0 {
		return &format.Error{Text: "this is JSON, but no FHIR resource: it has no resourceType", Mend: "export it again as FHIR R4"}
	}
	if string(kind) == "Bundle" {
		for e := range r.get("entry").each {
			if err := w.entry(e); err != nil {
				return err
			}
		}
	}
	sinks := w.plan.sinks[string(kind)]
	if len(sinks) == 0 {
		return nil
	}
	if old := release(string(kind), r); old != "" {
		return &format.Error{File: w.file, Line: w.row.line, Text: fmt.Sprintf("a resource of type %s is of FHIR %s, where R4 is expected", kind, old), Mend: "export as FHIR R4 (4.0.1)"}
	}
	x := &w.row
	x.resource, x.id = r, id
	if own := r.get("id").text(); len(own) > 0 {
		x.id = own
	}
	return w.rows(string(kind), sinks)
}

// rows makes the rows of a resource in each table that wants it.
func (w *worker) rows(kind string, sinks []sink) error {
	x := &w.row
	x.patient = w.subject(kind)
	for _, s := range sinks {
		x.part, x.place = x.resource, ""
		switch {
		case s.mapping.table != "" && len(x.patient) == 0:
			w.skipped[kind]++
		case s.mapping.parts != nil:
			w.now = s
			s.mapping.parts(x, w.emitNow)
		default:
			w.emit(s.table, s.fill)
		}
		if x.failed != nil {
			return x.failed
		}
	}
	return nil
}

// emit makes a row, and gives the rows so far when they are enough for a batch.
func (w *worker) emit(table int, fill []filling) {
	b := w.builders[table]
	b.add(&w.row, fill)
	if b.full() && w.row.failed == nil && !w.give(result{table: table, batch: b.take()}) {
		w.row.failed = w.source.ctx.Err()
	}
}

// subject is the id of the patient that a resource is about. A patient inside the
// resource is none: nothing says who that is elsewhere.
func (w *worker) subject(kind string) []byte {
	x := &w.row
	if kind == "Patient" {
		return x.id
	}
	for _, name := range []string{"subject", "patient", "individual", "beneficiary", "for"} {
		if r := x.resource.get(name); r.is(object) {
			if t, _ := x.scope.find(r, x.resource); len(t.kind) == 0 || string(t.kind) == "Patient" {
				return t.id
			}
		}
	}
	return nil
}

// flush gives what is left.
func (w *worker) flush() error {
	for i, b := range w.builders {
		if b.rows > 0 && !w.give(result{table: i, batch: b.take()}) {
			return w.source.ctx.Err()
		}
	}
	return nil
}

// forget takes what was skipped.
func (w *worker) forget() map[string]int64 {
	out := maps.Clone(w.skipped)
	clear(w.skipped)
	return out
}
