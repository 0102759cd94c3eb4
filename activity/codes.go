package activity

// Codes lists every code that Summaries give, each of one span.
func Codes() []Code {
	return []Code{
		{Code: "loinc:41950-7", Label: "steps in a day", Unit: "{steps}/d", Span: Day, High: 60000},
	}
}
