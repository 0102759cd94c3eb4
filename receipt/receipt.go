// Package receipt is what a study leaves behind as evidence: who asked, who
// contributed and who did not, what was opened in each round and to whom, and
// the digest of the result, signed by every contributor. It serves the data
// protection officer who reads it, the reader of a paper who checks it, and the
// engine that fills it. It holds no row and no site's own number.
package receipt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"hmsp.center/hmsp/dp"
)

// Version is the schema of a receipt, and the context under which contributors
// sign its digest.
const Version = "receipt/v3"

// A Receipt says what happened in a study. Every contributor signs Digest.
type Receipt struct {
	HMSP         string      `json:"hmsp"` // Version
	Study        Study       `json:"study"`
	Charter      string      `json:"charter"` // digest, hex
	Researcher   string      `json:"researcher"`
	Lead         string      `json:"lead"`
	Contributors []string    `json:"contributors,omitempty"` // in the order of names
	Absent       []Absent    `json:"absent,omitempty"`
	Rules        Rules       `json:"rules"`
	Rounds       []Round     `json:"rounds,omitempty"`
	Privacy      *Privacy    `json:"privacy,omitempty"`    // nil: the findings are exact, but for what Disclosure names
	Disclosure   []Applied   `json:"disclosure,omitempty"` // rules of disclosure control that were applied
	Data         []Data      `json:"data,omitempty"`       // what each contributor's data were
	Logs         []Log       `json:"logs,omitempty"`       // where each contributor's audit log stood when the last sum was opened
	Verified     bool        `json:"verified"`             // every opened sum was checked against the contributors' commitments (A7)
	Started      time.Time   `json:"started"`
	Ended        time.Time   `json:"ended"`
	Result       string      `json:"result"` // DigestResult of the findings
	Signatures   []Signature `json:"signatures,omitempty"`
}

// Privacy is what a private study cost, at each site: the bound that was asked
// for, and what the accountants make of the events of all rounds. It holds for
// adding or removing one patient, as long as Honest contributors added their noise.
type Privacy struct {
	Epsilon float64 `json:"epsilon"`
	Delta   float64 `json:"delta"`
	Unit    string  `json:"unit"`
	Honest  int     `json:"honest"`
	Rho     float64 `json:"rho"` // what each site's ledger books
	Spent   []Spent `json:"spent"`
}

// Spent is what one accountant makes of a study's events.
type Spent struct {
	Accountant string  `json:"accountant"`
	Epsilon    float64 `json:"epsilon"` // rounded up to four digits
	Delta      float64 `json:"delta"`
}

// Applied is one rule of disclosure control that changed a finding, or none of it.
type Applied struct {
	Analysis   string `json:"analysis"` // its name in the study
	Rule       string `json:"rule"`
	Table      string `json:"table,omitempty"`
	Text       string `json:"text"`
	Suppressed int    `json:"suppressed"` // values that are not shown
}

// Data names what one contributor's data were: a digest of the snapshot that it had
// registered, under a key of its own. Two receipts with the same tag are of the same
// data, and it tells nothing else; its owner's ledger and audit log have it too.
type Data struct {
	Member string `json:"member"`
	Tag    string `json:"tag"` // hex
}

// A Log is where one contributor's audit log stood: the text of its signed
// checkpoint.
type Log struct {
	Member     string `json:"member"`
	Checkpoint string `json:"checkpoint"`
}

// Study names what was asked.
type Study struct {
	Name       string `json:"name"`
	Digest     string `json:"digest"` // hex
	Question   string `json:"question,omitempty"`
	Purpose    string `json:"purpose,omitempty"`
	LegalBasis string `json:"legal_basis,omitempty"`
}

// Absent is a site that the study asked and that did not contribute.
type Absent struct {
	Site   string    `json:"site"`
	Kind   string    `json:"kind,omitempty"` // the reason as programs read it: "refused", "absent", "data"
	Reason string    `json:"reason"`         // the reason as people read it; never data
	Since  time.Time `json:"since,omitzero"`
}

// Rules are the thresholds under which the sums were opened (methods A1).
type Rules struct {
	Colluders int `json:"colluders"` // sites that may side with a lying hub without learning more than the sum
	Honest    int `json:"honest"`    // contributors besides the colluders that every site asked for
	Shares    int `json:"shares"`    // of all K sites asked, those that must agree before a sum opens: t = floor((K+c)/2)+1
}

// A Round is one opened sum.
type Round struct {
	Epoch        int      `json:"epoch"`
	Round        int      `json:"round"`
	Contributors []string `json:"contributors,omitempty"` // whose vectors are in the sum
	Opened       []Opened `json:"opened,omitempty"`       // one per analysis that was still running
	To           []string `json:"to,omitempty"`           // who learned the sum
}

// Opened is what one analysis made public in one round.
type Opened struct {
	Analysis string `json:"analysis"` // its name in the study
	What     string `json:"what"`     // one sentence: analysis.Bounds.Opens
	Numbers  int    `json:"numbers"`  // coordinates of the sum
	RingBits int    `json:"ring_bits"`
	Rows     *int   `json:"rows,omitempty"` // patients in the sum, where the sum itself tells

	Events []dp.Event `json:"events,omitempty"` // of a private study: the noise in the sum
}

// A Signature is one contributor's consent to the receipt.
type Signature struct {
	Member    string `json:"member"`
	Signature []byte `json:"signature"` // over Digest in the context Version
}

// Canonical gives the bytes that Digest names: the JSON of the receipt without
// signatures, times in UTC to the millisecond. Two receipts that say the same
// have the same bytes.
func (r Receipt) Canonical() ([]byte, error) {
	r = r.normal()
	r.Signatures = nil
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("canonical bytes of the receipt: %w", err)
	}
	return b, nil
}

// Digest is SHA-256 of the version line and the canonical bytes.
func (r Receipt) Digest() ([32]byte, error) {
	b, err := r.Canonical()
	if err != nil {
		return [32]byte{}, err
	}
	return sha256.Sum256(append([]byte("hmsp/"+Version+"\n"), b...)), nil
}

func (r Receipt) normal() Receipt {
	at := func(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
	r.Started, r.Ended = at(r.Started), at(r.Ended)
	r.Absent = append([]Absent(nil), r.Absent...)
	for i := range r.Absent {
		r.Absent[i].Since = at(r.Absent[i].Since)
	}
	return r
}

// Parse reads a receipt and refuses another version, unknown fields, bytes
// after the value, and everything that Check refuses.
func Parse(b []byte) (Receipt, error) {
	var r Receipt
	if err := strict(b, &r); err != nil {
		return r, fmt.Errorf("read receipt: %w", err)
	}
	if err := r.Check(); err != nil {
		return r, fmt.Errorf("read receipt: %w", err)
	}
	return r, nil
}

func strict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("bytes after the JSON value")
	}
	return nil
}

func digestHex(what, s string) error {
	if b, err := hex.DecodeString(s); err != nil || len(b) != sha256.Size || hex.EncodeToString(b) != s {
		return fmt.Errorf("%s is not a digest: want 64 digits 0-9a-f", what)
	}
	return nil
}
