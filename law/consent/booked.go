package consent

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

// The kinds of entries of the audit log that a site books about consent.
const (
	KindState  = "consent.state"  // another register is in force for a dataset
	KindCohort = "consent.cohort" // consent was applied to a study's cohort
)

// The facts of those entries. None is a count: the log is shown to others, with every
// proof, and how many were left out is for the site alone.
const (
	factDataset = "dataset" // both: the dataset's name
	factState   = "state"   // both: Digest of the register's State
	factRules   = "rules"   // state: digest of the reading
	factChanges = "changes" // state: Digest of NewChanges of Changes.All
	factCohort  = "cohort"  // cohort: Digest of NewCohort
	factPurpose = "purpose" // cohort: the study's
	factDay     = "day"     // cohort: for which consent was asked
)

// StateFacts are the facts of an entry KindState: that r, committed to in state, is
// in force for a dataset from now on, and whose decision is another than before.
func StateFacts(dataset string, r *Register, state, changes Hash) map[string]string {
	return map[string]string{factDataset: dataset, factState: state.String(), factRules: r.rules.String(), factChanges: changes.String()}
}

// CohortFacts are the facts of an entry KindCohort: who is left of a study's cohort,
// committed to in cohort, under the register of the entry with that state.
func CohortFacts(dataset, purpose string, day Day, state, cohort Hash) map[string]string {
	return map[string]string{factDataset: dataset, factPurpose: purpose, factDay: FormatDay(day), factState: state.String(), factCohort: cohort.String()}
}

// peopleMagic begins the encoding of a set of people.
const peopleMagic = "hmsp consent people/v1\n"

// EncodePeople is a cohort as bytes, for the site's disk: what NewCohort needs to
// prove an entry later. It is sorted, each person once.
func EncodePeople(pseudonyms []uint64) []byte {
	list := slices.Compact(slices.Sorted(slices.Values(pseudonyms)))
	b := make([]byte, 0, len(peopleMagic)+8*len(list))
	b = append(b, peopleMagic...)
	for _, p := range list {
		b = binary.BigEndian.AppendUint64(b, p)
	}
	return b
}

// DecodePeople reads what EncodePeople wrote, and nothing else.
func DecodePeople(b []byte) ([]uint64, error) {
	rest, ok := bytes.CutPrefix(b, []byte(peopleMagic))
	if !ok || len(rest)%8 != 0 {
		return nil, errPeople
	}
	out := make([]uint64, 0, len(rest)/8)
	for ; len(rest) > 0; rest = rest[8:] {
		p := binary.BigEndian.Uint64(rest)
		if n := len(out); n > 0 && out[n-1] >= p {
			return nil, errPeople
		}
		out = append(out, p)
	}
	return out, nil
}

var errPeople = errors.New("is not a cohort as this program writes it")
