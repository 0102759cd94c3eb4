package formula

import (
	"maps"
	"math"
	"slices"

	"hmsp.center/hmsp/analysis"
)

// A function of one number that is monotone on its domain.
type function struct {
	f      func(float64) float64
	domain float64 // arguments must be at least this (open where strict)
	strict bool
	mend   string
}

var functions = map[string]function{
	"log":   {f: math.Log, domain: 0, strict: true, mend: "use log1p(x), or raise the variable's min in the dictionary above 0"},
	"log2":  {f: math.Log2, domain: 0, strict: true, mend: "use log2(x + 1), or raise the variable's min in the dictionary above 0"},
	"log10": {f: math.Log10, domain: 0, strict: true, mend: "use log10(x + 1), or raise the variable's min in the dictionary above 0"},
	"log1p": {f: math.Log1p, domain: -1, strict: true, mend: "raise the variable's min in the dictionary above -1"},
	"exp":   {f: math.Exp, domain: math.Inf(-1)},
	"expm1": {f: math.Expm1, domain: math.Inf(-1)},
	"sqrt":  {f: math.Sqrt, domain: 0, mend: "raise the variable's min in the dictionary to 0"},
}

// arity of every function that a formula may call: least and most arguments.
var arity = map[string][2]int{
	"log": {1, 1}, "log2": {1, 1}, "log10": {1, 1}, "log1p": {1, 1}, "exp": {1, 1}, "expm1": {1, 1}, "sqrt": {1, 1},
	"abs": {1, 1}, "I": {1, 1}, "factor": {1, 1}, "as.factor": {1, 1}, "offset": {1, 1}, "strata": {1, 8}, "Surv": {2, 3},
}

// mends of functions that R users write and this language does not have.
var mends = map[string]string{
	"poly":         "write the powers out: x + I(x^2)",
	"ns":           "splines are not supported; write powers, x + I(x^2), or groups, factor(x)",
	"bs":           "splines are not supported; write powers, x + I(x^2), or groups, factor(x)",
	"rcs":          "splines are not supported; write powers, x + I(x^2), or groups, factor(x)",
	"pspline":      "splines are not supported; write powers, x + I(x^2), or groups, factor(x)",
	"s":            "smooth terms are not supported; write powers, x + I(x^2)",
	"te":           "smooth terms are not supported; write powers, x + I(x^2)",
	"scale":        "columns are scaled inside already; for other units write I(x/10)",
	"cluster":      "robust variances by cluster are not supported; use strata() or a term for the cluster",
	"frailty":      "random effects are not supported; use strata() or a term for the group",
	"tt":           "time-transformed terms are not supported; split the follow-up into rows Surv(start, stop, event)",
	"cbind":        "the response has one row per person: write a flag, or a comparison as y == 1",
	"cut":          "write comparisons, I(x > 50), or map the groups as a category in the dictionary",
	"ifelse":       "write a comparison, I(x > 50)",
	"interaction":  "write a:b",
	"relevel":      "the first level in the dictionary is the reference; use the parameter contrasts for other codings",
	"C":            "use the parameter contrasts",
	"contrasts":    "use the parameter contrasts",
	"as.numeric":   "a category has no numbers; map it as an integer in the dictionary",
	"as.integer":   "a category has no numbers; map it as an integer in the dictionary",
	"is.na":        "people with missing values are left out; use missing() in the cohort",
	"ordered":      "use factor(x)",
	"as.character": "categories are factors already",
	"ridge":        "penalised terms are not supported",
	"c":            "lists are not supported; write comparisons joined by |",
	"mean":         "a formula works on one row at a time",
	"min":          "a formula works on one row at a time",
	"max":          "a formula works on one row at a time",
	"round":        "map the rounded variable in the dictionary",
	"trunc":        "map the rounded variable in the dictionary",
	"floor":        "map the rounded variable in the dictionary",
	"ceiling":      "map the rounded variable in the dictionary",
	"survSplit":    "split the rows before registering the dataset",
}

func checkCall(e *expr) *SyntaxError {
	n, ok := arity[e.text]
	if !ok {
		if mend := mends[e.text]; mend != "" {
			return e.err("%s() is not supported: %s", e.text, mend)
		}
		return e.err("%s() is not a function of this language%s", e.text, analysis.Suggest(e.text, slices.Sorted(maps.Keys(arity))))
	}
	if len(e.args) < n[0] || len(e.args) > n[1] {
		if e.text == "log" {
			return e.err("log() takes one argument here: use log2(x) or log10(x) for other bases")
		}
		if e.text == "Surv" {
			return e.err("Surv() takes Surv(time, event) or Surv(start, stop, event)")
		}
		return e.err("%s() takes %s, got %d", e.text, span(n), len(e.args))
	}
	if e.text == "Surv" {
		return orderSurv(e)
	}
	for _, name := range e.names {
		if name != "" {
			return e.err("%s() takes no named argument %q", e.text, name)
		}
	}
	return nil
}

func span(n [2]int) string {
	if n[0] == n[1] {
		return "one argument"
	}
	return "one to eight arguments"
}

// orderSurv puts named arguments of Surv in their places.
func orderSurv(e *expr) *SyntaxError {
	places := []string{"time", "event"}
	if len(e.args) == 3 {
		places = []string{"time", "time2", "event"}
	}
	out := make([]*expr, len(e.args))
	for i, name := range e.names {
		if name == "" {
			continue
		}
		at := slices.Index(places, name)
		if at < 0 || out[at] != nil {
			return e.err("Surv() takes the names time, time2 and event, once each; got %q", name)
		}
		out[at] = e.args[i]
	}
	for i, name := range e.names {
		if name == "" {
			at := slices.Index(out, nil)
			out[at] = e.args[i]
		}
	}
	e.args, e.names = out, make([]string, len(out))
	return nil
}
