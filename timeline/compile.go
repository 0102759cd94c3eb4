package timeline

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"hmsp.center/hmsp/spelling"
	"hmsp.center/hmsp/table"
)

// A Problem is one thing wrong with a Spec; Path leads to its key in the study
// file, in the keys (string) of mappings.
type Problem struct {
	Path []any
	Text string
}

// Problems are what is wrong with a Spec, sorted by place.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		for _, key := range p.Path {
			lines[i] += fmt.Sprint(key) + "."
		}
		lines[i] = strings.TrimPrefix(strings.TrimSuffix(lines[i], ".")+": ", ": ") + p.Text
	}
	return strings.Join(lines, "\n")
}

// Compile checks a Spec against the dictionary. Plain are the variables of the
// dictionary that the study uses without a window. An error is a Problems.
func Compile(spec Spec, dictionary table.Schema, plain []string) (Plan, error) {
	c := compiler{dictionary: dictionary}
	c.index(spec.Index)
	if len(spec.Variables) > MaxVariables {
		c.wrong(fmt.Sprintf("%d variables are more than %d; leave some out", len(spec.Variables), MaxVariables), "variables")
	} else {
		for _, name := range slices.Sorted(maps.Keys(spec.Variables)) {
			c.derive(name, spec.Variables[name], spec.Index != nil)
		}
	}
	for i, name := range plain {
		if !slices.Contains(plain[:i], name) {
			c.plain(name)
		}
	}
	if len(c.problems) > 0 {
		return Plan{}, c.problems
	}
	return c.plan, nil
}

type compiler struct {
	dictionary table.Schema
	plan       Plan
	problems   Problems
}

func (c *compiler) wrong(text string, path ...any) {
	c.problems = append(c.problems, Problem{path, text})
}

// event finds the variable that the key at path names, and its place.
func (c *compiler) event(name string, path ...any) (v table.Variable, at int, ok bool) {
	if name == Death {
		return table.Variable{Name: Death, Kind: table.Flag}, ofDeath, true
	}
	v, ok = c.dictionary.Lookup(name)
	switch {
	case ok:
		at = c.plan.read(v)
	case name == "":
		c.wrong("name a variable of the dictionary, or death", path...)
	default:
		c.wrong(fmt.Sprintf("%q is no variable of the dictionary%s", name, spelling.Suggest(name, append(c.dictionary.Names(), Death))), path...)
	}
	return v, at, ok
}

func (c *compiler) index(x *Index) {
	if x == nil {
		return
	}
	c.plan.index = &index{of: none}
	switch {
	case x.Date != nil && (x.Event != "" || x.Take != "" || x.From != nil || x.To != nil):
		c.wrong("the index is an event or a date, not both; leave out date, or all other keys", "index", "date")
		return
	case x.Date != nil:
		c.plan.index.date = int64(*x.Date)
		return
	case x.Event == "":
		c.wrong("the index needs an event, such as {event: diabetes, take: first}, or a date, such as {date: 2020-01-01}", "index")
		return
	}
	if x.Take != "" && x.Take != First && x.Take != Last {
		c.wrong(fmt.Sprintf("an index is the first or the last event, not %q; write first or last", x.Take), "index", "take")
	}
	from, to := int64(math.MinInt64), int64(math.MaxInt64)
	if x.From != nil {
		from = int64(*x.From)
	}
	if x.To != nil {
		to = int64(*x.To)
	}
	if from > to {
		c.wrong("the dates end before they begin; exchange from and to", "index", "to")
	}
	if _, at, ok := c.event(x.Event, "index", "event"); ok {
		*c.plan.index = index{of: at, last: x.Take == Last, from: max(from, day(firstTime)), to: min(to, day(lastTime))}
	}
}

// nameForm is the form of names in a dictionary.
var nameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._]{0,63}$`)

func (c *compiler) derive(name string, d Derived, indexed bool) {
	before := len(c.problems)
	wrong := func(text string, key ...any) { c.wrong(text, append([]any{"variables", name}, key...)...) }
	if !nameForm.MatchString(name) {
		wrong("a variable's name is a letter and at most 63 letters, digits, dots and underscores")
	} else if _, ok := c.dictionary.Lookup(name); ok || name == Death {
		wrong("the dictionary has this name already; choose another")
	}
	f := feature{take: d.Take, of: none, from: d.From, to: d.To, max: d.Max}
	var of table.Variable
	if d.Of != "" || d.Take != Age {
		var ok bool
		if of, f.of, ok = c.event(d.Of, "variables", name, "of"); !ok {
			return
		}
	}
	if (f.windowed() || slices.Contains([]Take{TimeTo, EventSeen}, d.Take) || f.of == none) && !indexed {
		wrong("is counted from an index day, but the study has none; add an index, such as index: {event: diabetes, take: first}")
	}
	c.windows(d, wrong)
	c.fits(d, of, wrong)
	if len(c.problems) > before {
		return
	}
	f.variable = declare(name, d, of)
	c.plan.features = append(c.plan.features, f)
}

// windows checks From and To.
func (c *compiler) windows(d Derived, wrong func(string, ...any)) {
	outcome := d.Take == TimeTo || d.Take == EventSeen
	var fromLeast, toMost int64
	if d.From != nil {
		fromLeast, _ = d.From.span()
	}
	if d.To != nil {
		_, toMost = d.To.span()
	}
	switch {
	case outcome && d.To == nil:
		wrong("needs to: how long patients are watched at most, such as to: 5y")
	case outcome && fromLeast < 0:
		wrong("patients are watched from the index day on; write from: 0d or later", "from")
	case outcome && toMost < 1:
		wrong("patients are watched for a day at least; write to: 1d or later", "to")
	case d.Take == Age && d.Of == "" && (d.From != nil || d.To != nil):
		wrong("age at the index day has no window; leave out from and to, or say at which event with of")
	case d.From != nil && d.To != nil && toMost < fromLeast:
		wrong("the window ends before it begins; exchange from and to", "to")
	}
}

// fits checks the take against the variable that it is of.
func (c *compiler) fits(d Derived, of table.Variable, wrong func(string, ...any)) {
	whole := d.Max == math.Trunc(d.Max)
	switch d.Take {
	case First, Last, Any, Age, TimeTo, EventSeen, Count:
	case Mean, Median, Min, Max, Sum:
		if of.Kind != table.Number && of.Kind != table.Integer {
			wrong(fmt.Sprintf("%s is of numbers, and %s is a %s; use first, last, count or any", d.Take, of.Name, of.Kind), "take")
		}
	case "":
		wrong("needs take: what is made of the events, one of " + list(Takes()))
		return
	default:
		wrong(fmt.Sprintf("%q is none of %s%s", d.Take, list(Takes()), spelling.Suggest(string(d.Take), names(Takes()))), "take")
		return
	}
	switch {
	case d.Take == Count && !(d.Max >= 1 && d.Max <= 1e6 && whole):
		wrong("count needs max, a whole number from 1 to 1000000: what is above is cut to it, such as max: 50", "max")
	case d.Take == Sum && of.Min < 0:
		wrong(fmt.Sprintf("sum is of what is not negative, and %s may be; use mean", of.Name), "take")
	case d.Take == Sum && !(d.Max > 0 && d.Max <= 1e15 && (whole || of.Kind == table.Number)):
		wrong("sum needs max, above 0 and whole for integers: what is above is cut to it, such as max: 1000", "max")
	case d.Take != Count && d.Take != Sum && d.Max != 0:
		wrong("max is of count and sum alone; leave it out", "max")
	}
}

func names(ts []Take) []string {
	out := make([]string, len(ts))
	for i, t := range ts {
		out[i] = string(t)
	}
	return out
}

func list(ts []Take) string { return strings.Join(names(ts), ", ") }

func (c *compiler) plain(name string) {
	v, ok := c.dictionary.Lookup(name)
	if !ok {
		c.wrong(fmt.Sprintf("%q is no variable of the dictionary or of the study%s", name, spelling.Suggest(name, c.dictionary.Names())))
		return
	}
	take := Last
	if v.Kind == table.Flag {
		take = Any
	}
	c.plan.features = append(c.plan.features, feature{variable: v, take: take, of: c.plan.read(v)})
}

// declare is the dictionary's entry of a derived variable.
func declare(name string, d Derived, of table.Variable) table.Variable {
	v := table.Variable{Name: name, Label: d.label(), Kind: of.Kind, Unit: of.Unit, Min: of.Min, Max: of.Max, Levels: of.Levels}
	whole := func(unit string, most float64) table.Variable {
		return table.Variable{Name: name, Label: v.Label, Kind: table.Integer, Unit: unit, Max: most}
	}
	switch d.Take {
	case Mean, Median:
		v.Kind = table.Number
	case Sum:
		v.Min, v.Max = 0, d.Max
	case Count:
		return whole("", d.Max)
	case Age:
		return whole("a", oldest)
	case TimeTo:
		_, most := d.To.span()
		return whole("d", float64(most))
	case Any, EventSeen:
		return table.Variable{Name: name, Label: v.Label, Kind: table.Flag}
	}
	return v
}

// label says in words what a derived variable is.
func (d Derived) label() string {
	out := string(d.Take)
	if d.Of != "" {
		out += " of " + d.Of
	}
	if d.From != nil {
		out += " from " + d.From.String()
	}
	if d.To != nil {
		out += " to " + d.To.String()
	}
	return out
}
