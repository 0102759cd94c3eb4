package ucum

import "strings"

// word is the code of a unit's name or abbreviation; first says that it stands before
// all slashes, where it may be a number such as thousand. What is a unit of UCUM stays.
func word(s string, first bool) (string, bool) {
	if first { // thousands and millions of cells, before kelvin and gauss
		switch strings.TrimRight(s, ".") {
		case "K", "k", "Tsd", "tsd", "TSD", "th", "Th", "thou", "Thou", "tausend", "Tausend", "thousand":
			return "10*3", true
		case "M", "Mio", "mio", "MIO", "Mill", "mill", "million", "Million":
			return "10*6", true
		case "G", "Gpt", "GPT", "gpt", "Giga", "giga", "Mrd", "mrd":
			return "10*9", true
		case "T", "Tpt", "TPT", "tpt", "Tera", "tera":
			return "10*12", true
		}
	}
	if s == "" {
		return "", false
	}
	if _, err := Parse(s); err == nil {
		return s, true
	}
	low := strings.TrimRight(strings.ToLower(s), ".")
	if u := named(low); u != "" {
		return u, true
	}
	if counted(low) {
		return "{count}", true
	}
	if _, err := Parse(low); err == nil { // mMol, DL, mOsm
		return low, true
	}
	return "", false
}

// named knows English and German names and abbreviations, in small letters.
func named(s string) string {
	switch s {
	case "sec", "secs", "second", "seconds", "sek", "sekunde", "sekunden":
		return "s"
	case "msec", "msek":
		return "ms"
	case "minute", "minutes", "minuten", "mins":
		return "min"
	case "hr", "hrs", "hour", "hours", "std", "stunde", "stunden", "1h":
		return "h"
	case "day", "days", "tag", "tage", "tagen", "die", "24h", "24std", "24hr", "24hrs", "24stunden":
		return "d"
	case "week", "weeks", "wks", "woche", "wochen", "ssw":
		return "wk"
	case "month", "months", "mon", "mths", "monat", "monate", "monaten":
		return "mo"
	case "y", "yr", "yrs", "year", "years", "jahr", "jahre", "jahren":
		return "a"
	case "gm", "gms", "gr", "gram", "grams", "gramm":
		return "g"
	case "kgs", "kilo", "kilogram", "kilograms", "kilogramm":
		return "kg"
	case "mgs", "milligram", "milligrams", "milligramm":
		return "mg"
	case "mcg", "mkg", "ugm", "mikrogramm", "microgram", "micrograms":
		return "ug"
	case "lb", "lbs", "pound", "pounds":
		return "[lb_av]"
	case "oz", "ounce", "ounces":
		return "[oz_av]"
	case "inch", "inches", "in", "zoll":
		return "[in_i]"
	case "ft", "feet", "foot":
		return "[ft_i]"
	case "zentimeter", "centimeter", "centimeters", "cms":
		return "cm"
	case "millimeter":
		return "mm"
	case "meter", "metre", "metres":
		return "m"
	case "ltr", "liter", "litre", "liters", "litres":
		return "L"
	case "milliliter", "mls", "cc", "ccm":
		return "mL"
	case "mcl", "mikroliter", "microliter":
		return "uL"
	case "cmm", "cumm", "qmm^3":
		return "mm3"
	case "qm", "sqm":
		return "m2"
	case "iu", "ie", "i.u", "i.e":
		return "[iU]"
	case "miu", "mie":
		return "m[iU]"
	case "uiu", "uie":
		return "u[iU]"
	case "kiu", "kie":
		return "k[iU]"
	case "e", "einheit", "einheiten", "unit", "units":
		return "U"
	case "me":
		return "mU"
	case "ue":
		return "uU"
	case "ke":
		return "kU"
	case "mval":
		return "meq"
	case "val":
		return "eq"
	case "mosmol":
		return "mosm"
	case "mmhg", "torr":
		return "mm[Hg]"
	case "cmh2o":
		return "cm[H2O]"
	case "hpf", "gf", "gesichtsfeld", "gesf":
		return "[HPF]"
	case "lpf":
		return "[LPF]"
	case "degc":
		return "Cel"
	case "molhb":
		return "mol{Hb}"
	case "ghb":
		return "g{Hb}"
	case "gcrea", "gkrea", "gcreat", "gcreatinine", "gkreatinin":
		return "g{creat}"
	case "mmolcrea", "mmolkrea", "mmolcreat":
		return "mmol{creat}"
	case "lpm":
		return "L/min"
	}
	return ""
}

// counted says whether a word names things that are counted, in small letters.
func counted(s string) bool {
	switch s {
	case "cells", "cell", "zellen", "zelle", "wbc", "rbc", "count", "counts", "anzahl", "copies", "copy", "kopien", "cp", "beats", "schlaege", "breaths", "atemzuege",
		"events", "ery", "erythrozyten", "leuko", "leukozyten", "thrombozyten", "platelets", "stueck", "stk", "st", "partikel", "particles":
		return true
	}
	return false
}
