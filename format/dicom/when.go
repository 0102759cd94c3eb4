package dicom

import "strings"

// when is the time of the acquisition, else of the series, the study or the content.
func (h *Header) when() string {
	s := h.set
	if t := dateTime(s.ascii(acquisitionAt)); t != "" {
		return t
	}
	for _, pair := range [][2]tag{{acquisitionDate, acquisitionTime}, {seriesDate, seriesTime}, {studyDate, studyTime}, {contentDate, contentTime}} {
		if d := date(s.ascii(pair[0])); d != "" {
			return d + clock(s.ascii(pair[1]))
		}
	}
	return ""
}

// date is a DA in ISO 8601; "" where it is none. ACR-NEMA wrote 1999.12.31 (PS3.5
// section 6.2).
func date(s string) string {
	s = strings.ReplaceAll(s, ".", "")
	if len(s) != 8 || !digits(s) {
		return ""
	}
	return s[:4] + "-" + s[4:6] + "-" + s[6:]
}

// clock is a TM behind a date, to the second; "" where it is none.
func clock(s string) string {
	s, _, _ = strings.Cut(strings.ReplaceAll(s, ":", ""), ".")
	if !digits(s) {
		return ""
	}
	switch len(s) {
	case 2:
		return "T" + s + ":00"
	case 4:
		return "T" + s[:2] + ":" + s[2:]
	case 6:
		return "T" + s[:2] + ":" + s[2:4] + ":" + s[4:]
	}
	return ""
}

// dateTime is a DT in ISO 8601; its zone is dropped, as times are of the wall clock.
func dateTime(s string) string {
	s, _, _ = strings.Cut(s, "+")
	s, _, _ = strings.Cut(s, "-")
	if len(s) < 8 || date(s[:8]) == "" {
		return ""
	}
	return date(s[:8]) + clock(s[8:])
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
