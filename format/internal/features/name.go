package features

import (
	"fmt"
	"strconv"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/spelling"
)

// A function of the grammar, as its name writes it.
type function string

const (
	raw      function = "" // the value as it is
	count    function = "count"
	relative function = "relative"
	clr      function = "clr"
	ilr      function = "ilr"
	balance  function = "balance"
	log2     function = "log2"
	logcpm   function = "logcpm"
	beta     function = "beta"
	mvalue   function = "mvalue"
	rarefied function = "rarefied"
)

func functions() []function {
	return []function{count, relative, clr, ilr, balance, log2, logcpm, beta, mvalue, rarefied}
}

// of says which values a function is of.
func (f function) of(v Values) bool {
	switch f {
	case count, logcpm, rarefied:
		return v == Counts
	case relative, clr, ilr, balance:
		return v.additive()
	case beta, mvalue:
		return v == Betas || v == MValues
	}
	return true
}

// An expression is a column's name taken apart.
type expression struct {
	function function
	up, down []string // names of features or taxa; down only of a balance
	n        int      // of ilr the coordinate, of rarefied the depth
}

// split takes a name apart. A name that is no function is a feature's own, such as
// "Cer(d18:1/16:0)".
func split(name string) expression {
	plain := expression{up: []string{name}}
	open := strings.IndexByte(name, '(')
	if open < 0 || !strings.HasSuffix(name, ")") {
		return plain
	}
	for _, f := range functions() {
		if string(f) != name[:open] {
			continue
		}
		return f.expression(strings.TrimSpace(name[open+1:len(name)-1]), plain)
	}
	return plain
}

func (f function) expression(inner string, plain expression) expression {
	switch f {
	case ilr:
		if n, err := strconv.Atoi(inner); err == nil && n > 0 {
			return expression{function: f, n: n}
		}
		return plain
	case rarefied:
		what, depth, _ := strings.Cut(inner, ",")
		if n, err := strconv.Atoi(strings.TrimSpace(depth)); err == nil && n > 0 && strings.TrimSpace(what) == observed {
			return expression{function: f, n: n}
		}
		return plain
	case balance:
		up, down, ok := strings.Cut(inner, " / ")
		if !ok {
			return plain
		}
		return expression{function: f, up: names(up), down: names(down)}
	}
	if inner == "" {
		return plain
	}
	return expression{function: f, up: []string{inner}}
}

func names(group string) []string {
	out := strings.Split(group, " + ")
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}

// unfit is the error about a function that the values of a file do not have.
func unfit(path, name string, f function, v Values) *format.Error {
	return &format.Error{File: path, Column: name, Text: fmt.Sprintf("%s is not defined for %s, which the file holds", f, v),
		Mend: "name the feature alone, or say what the values are with table: counts, relative, signal, beta or mvalue, in a format that takes it"}
}

// unknown is the error about a name that the file lacks.
func unknown(path, name string, known []string) *format.Error {
	return &format.Error{File: path, Column: name, Text: "the file has no such feature or column" + spelling.Suggest(name, known)}
}

// rankLetters are the letters of the ranks from the kingdom on, as Greengenes and
// MetaPhlAn write them; t is a strain or a species-level genome bin.
const rankLetters = "kpcofgst"

// Taxon is the name of a taxon as this package compares it: g__X for the D_5__X of SILVA
// 132, k__X for the d__X of SILVA 138 and GTDB; others stay.
func Taxon(name string) string {
	name = strings.TrimSpace(name)
	switch {
	case len(name) > 5 && name[:2] == "D_" && name[3:5] == "__" && name[2] >= '0' && name[2] <= '6':
		return rankLetters[name[2]-'0':][:1] + name[3:]
	case strings.HasPrefix(name, "d__"):
		return "k" + name[1:]
	}
	return name
}

// rankOf takes a taxon's name apart: 'g' and "X" of g__X; 0 where it has no rank, and no
// name where that is not known.
func rankOf(taxon string) (rank byte, name string) {
	if len(taxon) >= 3 && taxon[1:3] == "__" && strings.IndexByte(rankLetters, taxon[0]) >= 0 {
		return taxon[0], taxon[3:]
	}
	return 0, taxon
}

// Lineage takes a lineage apart, as Greengenes, SILVA, QIIME and MetaPhlAn write it:
// "k__Bacteria; p__Firmicutes" with ; or |. Without letters the places are the ranks.
func Lineage(text string) []string {
	separator := ";"
	if !strings.Contains(text, ";") && strings.Contains(text, "|") {
		separator = "|"
	}
	parts := strings.Split(text, separator)
	for i, part := range parts {
		parts[i] = Taxon(part)
	}
	return Ranked(parts)
}

// Ranked gives taxa without letters the rank of their place, from the kingdom on, and
// drops what is not known at the end.
func Ranked(taxa []string) []string {
	for i, taxon := range taxa {
		if rank, _ := rankOf(taxon); rank == 0 && taxon != "" && i < len(rankLetters) {
			taxa[i] = rankLetters[i:i+1] + "__" + taxon
		}
	}
	for len(taxa) > 0 {
		if _, name := rankOf(taxa[len(taxa)-1]); name != "" {
			break
		}
		taxa = taxa[:len(taxa)-1]
	}
	return taxa
}
