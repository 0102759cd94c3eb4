package formula

import (
	"errors"
	"strings"
	"testing"

	"hmsp.center/hmsp/table"
)

// What is refused says where (column, from 1) and how to mend it.
func TestRefusals(t *testing.T) {
	s := append(table.Schema{
		{Name: "time", Kind: table.Number, Min: 0, Max: 5000}, {Name: "status", Kind: table.Integer, Min: 1, Max: 2},
		{Name: "code", Kind: table.Integer, Min: 0, Max: 9}, {Name: "big", Kind: table.Integer, Min: 0, Max: 5000},
	}, designSchema...)
	for _, c := range []struct {
		text   string
		column int
		say    string
	}{
		{"", 1, "ends where"},
		{"y", 2, "needs a ~"},
		{"y ~", 4, "ends where"},
		{"y ~ x +", 8, "ends where"},
		{"y ~ x ~ z", 7, "one ~ only"},
		{"y ~ (x + z", 11, "opened at column 5"},
		{"y ~ x)", 6, "unexpected"},
		{"y ~ x z", 7, "unexpected"},
		{"y ~ x # z", 7, "unexpected character"},
		{"y ~ x[1]", 6, "unexpected"},
		{"y ~ 2x", 5, "cannot begin with a digit"},
		{"y ~ `odd", 5, "not closed"},
		{"y ~ I(a == 'q)", 12, "quote"},
		{"y ~ 2", 5, "not a term"},
		{"y ~ x:1", 7, "interaction"},
		{"y ~ x^2.5", 6, "whole number"},
		{"y ~ x^z", 6, "I(x^2)"},
		{"y ~ x > 3", 7, "write I(x > 3)"},
		{"y ~ !f", 5, "I(!x)"},
		{"y ~ a %in% b", 7, "a:b"},
		{"y ~ x + (1 | a)", 12, "random effects"},
		{"y ~ poly(x, 2)", 5, "x + I(x^2)"},
		{"y ~ ns(x, df = 3)", 5, "splines"},
		{"y ~ scale(x)", 5, "scaled inside"},
		{"y ~ x + cluster(a)", 9, "strata()"},
		{"y ~ frailty(a)", 5, "random effects"},
		{"y ~ tt(x)", 5, "start, stop"},
		{"y ~ lgo(x)", 5, `did you mean "log"`},
		{"y ~ log(x, 2)", 5, "log2(x)"},
		{"y ~ factor(a, levels = b)", 5, "one argument"},
		{"y ~ x + offset(z):a", 9, "stands alone"},
		{"y ~ x * strata(a)", 9, "x:group"},
		{"y ~ x - offset(z)", 9, "leave them out"},
		{"y ~ I(.)", 7, "term of its own"},
		{"y ~ log(offset(x))", 9, "inside another"},
		{"y ~ Surv(time, f)", 5, "left of ~"},
		{"cbind(f, x) ~ z", 1, "one row per person"},
		{"y ~ wieght", 5, "no variable"},
		{"y ~ ph.ecgo", 5, `did you mean "ph.ecog"`},
		{"y ~ log(z)", 5, "log1p"},
		{"y ~ sqrt(z)", 5, "declared range"},
		{"y ~ I(x / z)", 9, "can be 0"},
		{"y ~ I(z^0.5)", 8, "not defined"},
		{"y ~ I(z^-1)", 8, "no negative power"},
		{"y ~ exp(I(1000 * x))", 5, "finite bound"},
		{"y ~ I(a + 1)", 7, "is a category"},
		{"y ~ I(a > 'p')", 9, "== or !="},
		{"y ~ I(a == 'pp')", 12, `did you mean "p"`},
		{"y ~ I(x & f)", 7, "neither a flag nor a comparison"},
		{"y ~ factor(x)", 5, "too many different values"},
		{"y ~ factor(big)", 5, "at most 200"},
		{"y ~ log(factor(k))", 9, "makes groups"},
		{"Surv(time, code) ~ x", 12, "write code == 1"},
		{"Surv(time) ~ x", 1, "Surv(time, event)"},
		{"Surv(time, evnt = f) ~ x", 1, "event"},
		{"factor(a) ~ x", 1, "comparison"},
		{"offset(x) ~ x", 1, "right of ~"},
		{"1 < x < 3 ~ y", 7, "chained"},
		{"y ~ \"x\"", 5, "without quotes"},
		{"y ~ NA", 5, "no place"},
		{"y ~ x \xff", 1, "UTF-8"},
	} {
		f, err := Parse(c.text)
		if err == nil {
			_, err = f.Model(s, Options{})
		}
		var at *SyntaxError
		if !errors.As(err, &at) {
			t.Errorf("%q: want a refusal, got %v", c.text, err)
			continue
		}
		if at.Column != c.column || !strings.Contains(at.Text, c.say) {
			t.Errorf("%q: column %d: %s\nwant column %d and %q", c.text, at.Column, at.Text, c.column, c.say)
		}
	}
}

// Columns count characters, not bytes.
func TestColumnCountsCharacters(t *testing.T) {
	_, err := Parse("größe ~ x +")
	var at *SyntaxError
	if !errors.As(err, &at) || at.Column != 12 {
		t.Errorf("got %v, want column 12", err)
	}
}

func TestTooMuchIsRefused(t *testing.T) {
	deep := strings.Repeat("(", 2000) + "x" + strings.Repeat(")", 2000)
	wide := strings.Repeat("x+", 2000) + "x"
	explode := "y ~ (a0"
	for i := range 40 {
		explode += " + a" + strings.Repeat("i", i+1)
	}
	for name, text := range map[string]string{
		"nesting": "y ~ " + deep, "minus": "y ~ " + strings.Repeat("-", 3000) + "x", "length": "y ~ " + strings.Repeat(wide, 5),
		"terms": explode + ")^4", "power": "y ~ x^" + strings.Repeat("9", 400),
	} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	s := designSchema
	for range 6 {
		s = append(s, table.Variable{Name: "g" + string(rune('0'+len(s))), Kind: table.Integer, Min: 0, Max: 99})
	}
	if _, err := Read("y ~ x + strata(g9, g:)", s, Options{}); err == nil {
		t.Error("a name with a colon was read")
	}
	s[9].Name, s[10].Name, s[11].Name = "ga", "gb", "gc"
	if _, err := Read("y ~ x + strata(ga, gb, gc)", s, Options{}); err == nil || !strings.Contains(err.Error(), "cells") {
		t.Errorf("a million strata: %v", err)
	}
}

// A dictionary may be long; `.` is for short ones.
func TestDotOfALongDictionaryIsRefused(t *testing.T) {
	s := table.Schema{{Name: "y", Kind: table.Flag}}
	for i := range 60 {
		s = append(s, table.Variable{Name: "v" + string(rune('A'+i)), Kind: table.Flag})
	}
	if _, err := Read("y ~ .", s, Options{}); err == nil || !strings.Contains(err.Error(), "column 5: `.` would stand for all 60") {
		t.Errorf("got %v", err)
	}
	if m, err := Read("y ~ .", s[:40], Options{}); err != nil || len(m.Variables) != 39 {
		t.Errorf("39 variables: %v", err)
	}
}
