package consent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
)

// ProofVersion is the kind and version that a proof's file names.
const ProofVersion = "consent-proof/v1"

// A Proof opens, for one patient, every commitment about consent that a site booked
// for a dataset from one entry of its audit log on: what the register held of the
// patient, and whether the patient was in each cohort. Verify checks it.
//
// It holds the pseudonym and what the patient said: it is for the patient and the
// data protection officer. Of others it shows keys that nobody can trace.
type Proof struct {
	Hmsp      string    `json:"hmsp"`
	Dataset   string    `json:"dataset"`
	Pseudonym string    `json:"pseudonym"` // 16 hexadecimal digits
	States    []Opening `json:"states"`
	Cohorts   []Opening `json:"cohorts"`
	Log       string    `json:"log,omitempty"` // the export of the audit log that it is of, so that the file is enough
}

// An Opening says what one entry's commitment holds of the patient.
type Opening struct {
	Entry      int64       `json:"entry"`
	Path       Path        `json:"path"`
	Statements []Statement `json:"statements,omitempty"` // of a state, if the patient is in it
}

// A Booked is an entry of the log with what was committed to: the register and the
// salt of its State, or the people of a cohort and theirs.
type Booked struct {
	Entry    int64
	Salt     Hash
	Register *Register // of a KindState; nil of a KindCohort
	People   []uint64  // of a KindCohort
}

// Prove makes the proof for a patient of a dataset from all that was booked, in the
// order of the log, beginning with a state.
func Prove(dataset string, pseudonym uint64, booked iter.Seq2[Booked, error]) (Proof, error) {
	p := Proof{Hmsp: ProofVersion, Dataset: dataset, Pseudonym: formatPseudonym(pseudonym), States: []Opening{}, Cohorts: []Opening{}}
	for b, err := range booked {
		switch {
		case err != nil:
			return Proof{}, fmt.Errorf("prove a consent: %w", err)
		case b.Register != nil:
			s, _ := b.Register.Statements(pseudonym)
			p.States = append(p.States, Opening{b.Entry, b.Register.State(b.Salt).Path(pseudonym), s})
		case len(p.States) == 0:
			return Proof{}, fmt.Errorf("prove a consent: entry %d is of a cohort, and no register was booked before it", b.Entry)
		default:
			p.Cohorts = append(p.Cohorts, Opening{b.Entry, NewCohort(b.Salt, b.People).Path(pseudonym), nil})
		}
	}
	if len(p.States) == 0 {
		return Proof{}, fmt.Errorf("prove a consent: the log holds no register of consents for this dataset")
	}
	return p, nil
}

func formatPseudonym(p uint64) string { return fmt.Sprintf("%016x", p) }

func parsePseudonym(text string) (uint64, bool) {
	p, err := strconv.ParseUint(text, 16, 64)
	return p, err == nil && formatPseudonym(p) == text
}

// Encode writes the proof as one JSON file.
func (p Proof) Encode() ([]byte, error) {
	b, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode a proof: %w", err)
	}
	return append(b, '\n'), nil
}

// maxProof is the longest file of a proof, in bytes: most of it is the log.
const maxProof = 1 << 30

// ParseProof reads what Encode wrote, and nothing else. It checks no proof.
func ParseProof(b []byte) (Proof, error) {
	wrong := errors.New("is not a proof of a consent, as `hmsp consent prove` writes it")
	var p Proof
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if len(b) > maxProof || d.Decode(&p) != nil || p.Hmsp != ProofVersion {
		return Proof{}, wrong
	}
	if again, err := p.Encode(); err != nil || !bytes.Equal(again, b) {
		return Proof{}, wrong
	}
	return p, nil
}

// statementJSON is a Statement for people.
type statementJSON struct {
	From     string   `json:"from,omitempty"`
	To       string   `json:"to,omitempty"`
	Purposes []string `json:"purposes"`
	Effect   string   `json:"effect"`
}

// String is "withholds", "permits", "refuses" or "withdraws".
func (e Effect) String() string {
	switch e {
	case Withholds:
		return "withholds"
	case Permits:
		return "permits"
	case Refuses:
		return "refuses"
	case Withdraws:
		return "withdraws"
	}
	return "none"
}

// MarshalJSON writes days and words.
func (s Statement) MarshalJSON() ([]byte, error) {
	return json.Marshal(statementJSON{FormatDay(s.From), FormatDay(s.To), s.Purposes.Names(), s.Effect.String()})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Statement) UnmarshalJSON(b []byte) error {
	var j statementJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	out := Statement{From: Always, To: Forever}
	ok := true
	if j.From != "" {
		out.From, ok = ParseDay(j.From)
	}
	if j.To != "" && ok {
		out.To, ok = ParseDay(j.To)
	}
	if ok {
		out.Purposes, ok = SetOf(j.Purposes...)
	}
	for e := Withholds; e <= Withdraws; e++ {
		if e.String() == j.Effect {
			out.Effect = e
		}
	}
	if !ok || !out.valid() {
		return errors.New("is not a statement of a consent")
	}
	*s = out
	return nil
}
