package omop

import (
	"fmt"
	"strconv"

	"hmsp.center/hmsp/format"
)

// patient is whose row it is.
func patient() field {
	return field{needs: []string{"person_id"}, text: func(m *maker, in []format.Values, i int) (string, *flaw) {
		if in[0].Missing(i) {
			return "", &flaw{"person_id", "the number of a person"}
		}
		return strconv.FormatInt(in[0].Int[i], 10), nil
	}}
}

// identifier is a whole number as text.
func identifier(column string) field {
	return field{needs: []string{column}, text: func(m *maker, in []format.Values, i int) (string, *flaw) {
		if in[0].Missing(i) {
			return "", nil
		}
		return strconv.FormatInt(in[0].Int[i], 10), nil
	}}
}

// words is a text as it is.
func words(column string) field {
	return field{needs: []string{column}, text: func(m *maker, in []format.Values, i int) (string, *flaw) {
		if in[0].Missing(i) {
			return "", nil
		}
		return in[0].Text[i], nil
	}}
}

// when is the time of the columns stem_date and stem_datetime.
func when(stem string) field {
	return field{needs: []string{stem + "_date", stem + "_datetime"}, text: func(m *maker, in []format.Values, i int) (string, *flaw) {
		s, differ := moment(in[0], in[1], i)
		if differ {
			m.count.otherDay++
		}
		return s, nil
	}}
}

// moment is the time that a date and a datetime say. Where they are not of the same
// day, the date wins: the model requires it, while the datetime may have been made
// from it, or moved by a zone.
func moment(day, time format.Values, i int) (s string, differ bool) {
	switch {
	case day.Missing(i) && time.Missing(i):
		return "", false
	case day.Missing(i):
		return time.Text[i], false
	case time.Missing(i):
		return day.Text[i], false
	}
	if d, t := day.Text[i], time.Text[i]; d[:10] != t[:10] {
		return d, true
	} else if len(t) > len(d) {
		return t, false
	}
	return day.Text[i], false
}

// codes are the codes of a concept and of the source's concept, if there is one.
func codes(column, source string) field {
	needs := []string{column}
	if source != "" {
		needs = append(needs, source)
	}
	return field{needs: needs, text: func(m *maker, in []format.Values, i int) (string, *flaw) {
		return m.codes(whole(in, 0, i), whole(in, 1, i)), nil
	}}
}

// whole is the value of a column of whole numbers, 0 where it is missing.
func whole(in []format.Values, k, i int) int64 {
	if k >= len(in) || in[k].Missing(i) {
		return 0
	}
	return in[k].Int[i]
}

// textOrCodes is a text, or else a concept's codes.
func textOrCodes(column, concept string) field {
	return field{needs: []string{column, concept}, text: func(m *maker, in []format.Values, i int) (string, *flaw) {
		if !in[0].Missing(i) {
			return in[0].Text[i], nil
		}
		return m.codes(whole(in, 1, i), 0), nil
	}}
}

// numeric is a number as it is.
func numeric(column string) field {
	return field{needs: []string{column}, number: func(m *maker, in []format.Values, i int) (float64, bool) {
		if in[0].Missing(i) {
			return 0, false
		}
		return in[0].Float[i], true
	}}
}

// value is the measured number. Where the operator says that it is a bound, the
// bound is taken, as other tools of the model do; a note counts them.
func value() field {
	return field{needs: []string{"value_as_number", "operator_concept_id"}, number: func(m *maker, in []format.Values, i int) (float64, bool) {
		if in[0].Missing(i) {
			return 0, false
		}
		switch whole(in, 1, i) {
		case 4171756, 4171754, 4172704, 4171755: // < <= > >=
			m.count.bounds++
		}
		return in[0].Float[i], true
	}}
}

// unit is the UCUM code of the unit's concept, or else the source's text.
func unit() field {
	return field{needs: []string{"unit_concept_id", "unit_source_value"}, text: func(m *maker, in []format.Values, i int) (string, *flaw) {
		if id := whole(in, 0, i); id != 0 {
			if code := m.ucum(id); code != "" {
				return code, nil
			}
		}
		if in[1].Missing(i) {
			return "", nil
		}
		return in[1].Text[i], nil
	}}
}

// valueText is the first text there is, where no number was measured.
func valueText(columns ...string) field {
	return field{needs: append([]string{"value_as_number"}, columns...), text: func(m *maker, in []format.Values, i int) (string, *flaw) {
		if !in[0].Missing(i) {
			return "", nil
		}
		for _, v := range in[1:] {
			if !v.Missing(i) {
				return v.Text[i], nil
			}
		}
		return "", nil
	}}
}

// modality is the DICOM code of a modality.
func modality() field {
	return field{needs: []string{"modality_concept_id"}, text: func(m *maker, in []format.Values, i int) (string, *flaw) {
		if system, code, ok := m.concepts.find(whole(in, 0, i)); ok && system == "dcm" {
			return code, nil
		}
		return "", nil
	}}
}

// sex follows the standard concepts of the domain Gender.
func sex() field {
	return field{needs: []string{"gender_concept_id"}, text: func(m *maker, in []format.Values, i int) (string, *flaw) {
		switch whole(in, 0, i) {
		case 8507:
			return "male", nil
		case 8532:
			return "female", nil
		case 8521, 8570: // other, ambiguous
			return "other", nil
		case 8551:
			return "unknown", nil
		case 0:
			return "", nil
		}
		m.count.otherSex++
		return "", nil
	}}
}

// birth is birth_datetime, or else year, month and day as far as they are known.
func birth() field {
	needs := []string{"birth_datetime", "year_of_birth", "month_of_birth", "day_of_birth"}
	return field{needs: needs, text: func(m *maker, in []format.Values, i int) (string, *flaw) {
		if !in[0].Missing(i) {
			return in[0].Text[i], nil
		}
		if in[1].Missing(i) {
			return "", nil
		}
		year := in[1].Int[i]
		if year < 1800 || year > 9999 {
			return "", &flaw{"year_of_birth", "a year of four digits from 1800 on"}
		}
		if in[2].Missing(i) {
			return fmt.Sprintf("%04d", year), nil
		}
		month := in[2].Int[i]
		if month < 1 || month > 12 {
			return "", &flaw{"month_of_birth", "a month from 1 to 12"}
		}
		if in[3].Missing(i) {
			return fmt.Sprintf("%04d-%02d", year, month), nil
		}
		day := in[3].Int[i]
		s := fmt.Sprintf("%04d-%02d-%02d", year, month, day)
		if _, ok := format.ParseTime(s, format.ISODate); !ok || day < 1 || day > 31 {
			return "", &flaw{"day_of_birth", "a day that the month has"}
		}
		return s, nil
	}}
}

// dead is when the person died, "true" where only that is known.
func dead() field {
	return field{needs: []string{"person_id"}, text: func(m *maker, in []format.Values, i int) (string, *flaw) {
		at, ok := m.deaths.find(whole(in, 0, i))
		switch {
		case !ok:
			return "", nil
		case at == noDay:
			return "true", nil
		}
		return instant(at), nil
	}}
}

// postal is the postal code of the place where the person lives.
func postal() field {
	return field{needs: []string{"location_id"}, text: func(m *maker, in []format.Values, i int) (string, *flaw) {
		if in[0].Missing(i) {
			return "", nil
		}
		if k, ok := m.postal.find(in[0].Int[i]); ok {
			return m.postal.texts[k], nil
		}
		return "", nil
	}}
}
