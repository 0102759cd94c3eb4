package fhir

import "hmsp.center/hmsp/spelling"

// invocation reads a name or a function.
func (p *parser) invocation(depth int) (selector, error) {
	name, from := p.token, p.from
	p.next()
	if p.kind != '(' {
		return field(name), nil
	}
	p.next()
	var s selector
	var err error
	switch name {
	case "exists", "where":
		s, err = p.filter(depth, name)
	case "empty":
		s = holds(func(in []item) bool { return len(in) == 0 })
	case "not":
		s = negation{}
	case "count":
		s = count{}
	case "first":
		s = index(0)
	case "last":
		s = latest{}
	case "extension":
		if p.kind != '\'' {
			return nil, p.expected("the URL of the extension in quotes")
		}
		s = extension(p.token)
		p.next()
	case "ofType", "as":
		s, err = p.typed()
	default:
		p.from = from
		return nil, p.expected("a function that is known" + spelling.Suggest(name, []string{
			"exists", "where", "empty", "not", "count", "first", "last", "extension", "ofType", "as"}))
	}
	if err == nil {
		err = p.close(')')
	}
	return s, err
}

// filter reads the condition of where, and of exists where it has one.
func (p *parser) filter(depth int, name string) (selector, error) {
	some := holds(func(in []item) bool { return len(in) > 0 })
	if name == "exists" && p.kind == ')' {
		return some, nil
	}
	condition, err := p.or(depth + 1)
	if name == "exists" {
		return path{where{condition}, some}, err
	}
	return where{condition}, err
}

// typed reads a type, with or without the name of its space: Quantity, FHIR.Quantity.
func (p *parser) typed() (selector, error) {
	if p.kind == 'n' && (p.token == "FHIR" || p.token == "System") {
		if p.next(); p.kind == '.' {
			p.next()
		}
	}
	if p.kind != 'n' {
		return nil, p.expected("the name of a type")
	}
	s := ofType(p.token)
	p.next()
	return s, nil
}
