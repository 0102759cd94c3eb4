package plan

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/table"
	"hmsp.center/hmsp/timeline"
)

// derived adds the variables that the study makes of events to the dictionary's.
func (b *builder) derived(dictionary table.Schema) table.Schema {
	spec := b.Study.Timeline()
	b.OverTime = spec.Index != nil || len(spec.Variables) > 0
	if !b.OverTime {
		return dictionary
	}
	b.names(spec, dictionary)
	p, ok := b.compile(spec, dictionary, nil)
	if !ok {
		return dictionary
	}
	return append(slices.Clone(p.Schema()), dictionary...)
}

// names refuses variables of the study's own that could be taken for something else: for
// a word of the language of cohorts, or for a variable that differs in case alone.
func (b *builder) names(spec timeline.Spec, dictionary table.Schema) {
	seen := map[string]string{}
	for _, name := range append(dictionary.Names(), slices.Sorted(maps.Keys(spec.Variables))...) {
		other, near := seen[strings.ToLower(name)]
		seen[strings.ToLower(name)] = name
		if _, own := spec.Variables[name]; !own || other == name {
			continue // that the dictionary has the same name is said elsewhere
		}
		switch {
		case charter.Reserved(name):
			b.problems = append(b.problems, Problem{Key: []any{"variables", name}, Text: "the name is reserved; choose another"})
		case near:
			b.problems = append(b.problems, Problem{Key: []any{"variables", name}, Text: fmt.Sprintf("there is a variable %q already: names are unique, whatever their case; choose another", other)})
		}
	}
}

// plain settles what is made of a dataset with events, once it is known which
// variables of the dictionary the study uses as they are.
func (b *builder) plain(dictionary table.Schema) {
	spec := b.Study.Timeline()
	var plain []string
	for _, name := range b.Columns {
		if _, made := spec.Variables[name]; !made && name != charter.SiteVariable {
			plain = append(plain, name)
		}
	}
	if len(b.problems) == 0 {
		b.Timeline, _ = b.compile(spec, dictionary, plain)
	}
}

// compile checks what the study says about time.
func (b *builder) compile(spec timeline.Spec, dictionary table.Schema, plain []string) (timeline.Plan, bool) {
	dictionary = slices.DeleteFunc(slices.Clone(dictionary), func(v table.Variable) bool { return v.Name == charter.SiteVariable })
	p, err := timeline.Compile(spec, dictionary, plain)
	if err == nil {
		return p, true
	}
	var problems timeline.Problems
	if !errors.As(err, &problems) {
		b.problem("", "variables", "%v", err)
		return p, false
	}
	for _, q := range problems {
		b.problems = append(b.problems, Problem{Key: q.Path, Text: q.Text})
	}
	return p, false
}

// Reads lists the variables of the dictionary that the study reads, also those that
// others are made of.
func (p *Plan) Reads() []string {
	var out []string
	for _, name := range p.Columns {
		if _, made := p.Study.Variables[name]; !made {
			out = append(out, name)
		}
	}
	out = append(out, p.Timeline.Reads()...)
	slices.Sort(out)
	return slices.Compact(out)
}

// quality holds what the study demands against the dictionary.
func (b *builder) quality(dictionary table.Schema) {
	if q := b.Study.Quality; q != nil {
		if err := q.Valid(dictionary.Names()); err != nil {
			b.problem("", "quality", "%v", err)
		}
	}
}

// Tells names what a variable tells of a patient, so that what studies make of the
// same events under names of their own is compared.
func (p *Plan) Tells(variable string) string { return p.Timeline.Tells(variable) }
