package arch

// constants are package-level variables that Go has no constant for, and that
// nothing writes to, by package and name with what they are.
func constants() map[string]string {
	return map[string]string{
		"analysis/internal/formula.binaryFuncs": "the arithmetic operators",
		"analysis/internal/formula.functions":   "the functions of a formula, with their derivatives of range",
		"analysis/internal/formula.arity":       "how many arguments the special terms take",
		"analysis/internal/formula.mends":       "what to write instead of an R function that is not supported",
		"analysis/internal/formula.operators":   "the operators of a formula, longest first",
		"analysis/internal/formula.binding":     "how strongly operators bind",
		"cohort.reserved":                       "the reserved words of CEL",
		"cohort.affixes":                        "CEL's tests of a text's ends in SQL",
		"cohort.sqlOperators":                   "CEL's operators in SQL",
		"format/csv.gzipMagic":                  "the first bytes of a gzip file",
		"format/csv.byteOrderMark":              "the first bytes of a UTF-8 file from a spreadsheet",
		"internal/engine.forLead":               "the kinds of message that a site sends to the lead",
	}
}

// clocks are uses of time below the roles that decide when something is tried
// again, never what is computed; by package and function.
func clocks() map[string]string {
	return map[string]string{
		"federation/client AfterFunc": "a connection on which nothing moves is given up",
		"federation/client NewTimer":  "the pause before the next try",
	}
}
