package fhir

import "bytes"

// A scope is what references are resolved in: a Bundle, whose entries have full
// URLs, and the Medications of it and of the whole source.
// Source: FHIR R4, References between Resources, and Resolving references in Bundles
// (https://hl7.org/fhir/R4/references.html, bundle.html#references).
type scope struct {
	urls        map[string]target // of entries whose URL does not tell what they are
	medications *medications
}

// A target is what a reference points at: a type of resource, "" where it is not
// told, and its id.
type target struct{ kind, id []byte }

// survey notes what the references in a resource may need of it.
func (s *scope) survey(resource value) error {
	switch kind := resource.get("resourceType"); {
	case kind.equals("Bundle"):
		for e := range resource.get("entry").each {
			if err := s.enter(e); err != nil {
				return err
			}
		}
	case kind.equals("Medication"):
		return s.medications.add(string(resource.get("id").text()), resource)
	}
	return nil
}

// enter notes an entry of a Bundle, so that references to it can be resolved.
func (s *scope) enter(entry value) error {
	url, resource := entry.get("fullUrl").text(), entry.get("resource")
	if !resource.there() {
		return nil
	}
	kind, id := resource.get("resourceType").text(), resource.get("id").text()
	plain := last(url)
	if len(id) == 0 {
		id = plain
	}
	if len(url) > 0 && (!bytes.Equal(id, plain) || bytes.HasPrefix(url, []byte("urn:")) && !ofPeople(string(kind))) {
		if s.urls == nil {
			s.urls = map[string]target{}
		}
		s.urls[string(url)] = target{bytes.Clone(kind), bytes.Clone(id)}
	}
	switch string(kind) {
	case "Medication":
		return s.medications.add(string(id), resource)
	case "Bundle":
		return s.survey(resource)
	}
	return nil
}

// ofPeople says whether a resource may be the subject of others as a patient is, or
// is never their subject. The other types are told apart by the scope.
func ofPeople(kind string) bool {
	switch kind {
	case "Group", "Device", "Location", "Substance", "Medication", "Organization", "Practitioner", "Procedure":
		return false
	}
	return true
}

// last is what a URL calls its resource: the last segment of the path, or what is
// behind urn:uuid: and urn:oid:.
func last(url []byte) []byte { return url[mark(url)+1:] }

// mark is the place of the last slash or colon; -1 where there is none.
func mark(url []byte) int {
	n := len(url) - 1
	for n >= 0 && url[n] != '/' && url[n] != ':' {
		n--
	}
	return n
}

// find is what a Reference points at. A search in place of a name ("Patient?...")
// and a reference by identifier alone point at nothing that can be told; contained
// is a resource inside the one that refers to it.
func (s *scope) find(reference, resource value) (t target, contained value) {
	r := reference.get("reference").text()
	switch {
	case len(r) == 0, bytes.IndexByte(r, '?') >= 0:
		return target{}, value{}
	case r[0] == '#':
		for c := range resource.get("contained").each {
			if c.equalsMember("id", r[1:]) {
				return target{}, c
			}
		}
		return target{}, value{}
	}
	if i := bytes.Index(r, []byte("/_history/")); i >= 0 {
		r = r[:i]
	}
	if s.urls != nil {
		if t, ok := s.urls[string(r)]; ok {
			return t, value{}
		}
	}
	at := mark(r) + 1
	t.id = r[at:]
	if at > 1 && r[at-1] == '/' {
		t.kind = r[bytes.LastIndexByte(r[:at-1], '/')+1 : at-1]
	} else {
		t.kind = reference.get("type").text()
	}
	return t, value{}
}

func (v value) equalsMember(name string, want []byte) bool {
	m := v.get(name)
	return m.is(text) && bytes.Equal(m.text(), want)
}
