package site

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/dp/noise"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/secure"
)

// reserve books the whole price of a private study before anything is computed.
// The same question, on the same data, at all the same sites, was paid for: it
// gets the same noise, and so the same answer.
func (d *door) reserve(q engine.Question) error {
	if d.grant != nil {
		return nil
	}
	x, p := d.run, d.run.plan
	tag, err := x.site.tag(p.Study.Datasets()...)
	if err != nil {
		return err
	}
	mine := func(s engine.Seat) bool { return s.Site == x.site.Name() }
	if i := slices.IndexFunc(q.Seats, mine); q.Round == 0 && (i < 0 || !bytes.Equal(q.Seats[i].Data, tag)) {
		return engine.Reason{Kind: engine.ReasonData, Text: "the dataset, or what was answered from it, changed while the study began; submit the study again"}
	}
	question, err := question(p.Question(), p.Digest, q.Seats)
	if err != nil {
		return err
	}
	if err := x.site.linkedAllow(p); err != nil {
		return err
	}
	grant, err := x.site.ledger.Reserve(ledger.Claim{
		Study: p.Digest, Question: question, Dataset: p.Study.Dataset, Snapshot: hex.EncodeToString(tag),
		Researcher: p.Researcher, Purpose: p.Study.Purpose, Rounds: p.Budget.Rounds, Delta: p.Budget.Delta,
		Predicate: p.Part(), OneRow: d.oneRow, At: x.site.cfg.Now(),
	})
	if e := (*ledger.Exhausted)(nil); errors.As(err, &e) {
		if err := x.site.book(audit.BudgetRefused, p.Digest, "", map[string]string{"dataset": p.Study.Dataset, "rho": audit.FormatAmount(p.Budget.Rho)}); err != nil {
			return err
		}
		return engine.Reason{Kind: engine.ReasonBudget, Text: e.Error()}
	}
	if err != nil {
		return err
	}
	d.grant, d.question = &grant, question
	return x.site.book(audit.BudgetReserved, p.Digest, "", map[string]string{"dataset": p.Study.Dataset, "rho": audit.FormatAmount(p.Budget.Rho),
		"epsilon": audit.FormatAmount(p.Budget.Epsilon), "delta": audit.FormatAmount(p.Budget.Delta), "question": question})
}

// linkedAllow holds a private study against what each dataset that it links allows one
// study: they share an account, and each may have said less than the first.
func (s *Site) linkedAllow(p *plan.Plan) error {
	for _, name := range p.Study.Link {
		_, most, delta := s.limits.Of(name)
		if p.Budget.Delta > delta {
			return &ledger.DeltaRefused{Asked: p.Budget.Delta, Limit: delta}
		}
		if most > 0 && p.Budget.Rho > most {
			return engine.Reason{Kind: engine.ReasonBudget, Text: fmt.Sprintf("the study asks for rho %.4g, and dataset %s allows a study at most %.4g: ask with a smaller epsilon", p.Budget.Rho, name, most)}
		}
	}
	return nil
}

// question names what is asked of which data: the same name, the same noise. A
// site whose data has no tag is asked anew every time.
func question(asked []byte, study string, seats []engine.Seat) (string, error) {
	parts := [][]byte{asked}
	for _, s := range seats {
		if len(s.Data) == 0 {
			parts = append(parts, []byte(study))
		}
		parts = append(parts, []byte(s.Site), s.Data)
	}
	whole := sha256.Sum256(secure.Frame("question", parts...))
	return beginning(asked) + hex.EncodeToString(whole[:16]), nil
}

// beginning is how the names of one question begin, of whatever data it is asked.
func beginning(asked []byte) string {
	first := sha256.Sum256(secure.Frame("asked", asked))
	return hex.EncodeToString(first[:16])
}

// spend books that a round leaves, and as what: the states that the rounds before led
// to are public, but the lead's word, and any contributor's, made them. The same
// question that goes another way would get fresh noise for an old price.
func (d *door) spend(q engine.Question) error {
	var parts [][]byte
	for _, task := range q.Tasks {
		parts = append(parts, vectorName(task))
	}
	asked := sha256.Sum256(secure.Frame("round", d.named(parts...)...))
	return d.run.site.ledger.SpendAs(d.run.plan.Digest, q.Round, hex.EncodeToString(asked[:16]))
}

// vectorName names all that makes an analysis' vector in a round besides question and
// data: its place in the study, its state, and what follows from that, the grid.
func vectorName(task engine.Task) []byte {
	h := sha256.New()
	h.Write(secure.Frame("vector", secure.Number(task.At), task.State, secure.Number(len(task.Bounds.Ranges))))
	for i, r := range task.Bounds.Ranges {
		b := binary.BigEndian.AppendUint64(nil, math.Float64bits(r.Max))
		if b = append(b, 0); r.Integer {
			b[8] = 1
		}
		b = binary.BigEndian.AppendUint64(b, uint64(task.Grid.Frac[i]))
		h.Write(b)
	}
	return h.Sum(nil)
}

// noise is the source of this site's share of the noise of one analysis in one
// round: a stream under the site's own key, named by the question and by all else
// that makes the vector, so that one vector never gets a second draw, and two never
// one draw.
func (d *door) noise(round int, task engine.Task) (*noise.Source, error) {
	key, err := d.run.site.subkey("noise")
	if err != nil {
		return nil, err
	}
	info := secure.Frame("noise", d.named([]byte(d.question), secure.Number(d.grant.Generation), secure.Number(round), vectorName(task))...)
	stream, err := hkdf.Key(sha256.New, key, nil, string(info), 32)
	if err != nil {
		return nil, fmt.Errorf("derive noise: %w", err)
	}
	block, err := aes.NewCipher(stream)
	if err != nil {
		return nil, fmt.Errorf("derive noise: %w", err)
	}
	return noise.NewSource(cipher.StreamReader{S: cipher.NewCTR(block, make([]byte, aes.BlockSize)), R: zeros{}}), nil
}

// zeros is the endless plaintext under the stream.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// tag names the present data of a dataset, file and registration, under the
// site's own key: others can tell that it is the same as before, and nothing else.
// A question that was burnt at this site changes it, so that all sites draw anew.
// It is nil where the data cannot be read; the study will hear of that in time.
func (s *Site) tag(names ...string) ([]byte, error) {
	digest, err := s.digest(names...)
	if err != nil {
		return nil, nil
	}
	burns, err := s.ledger.Burns(names[0])
	if err != nil {
		return nil, err
	}
	key, err := s.subkey("data")
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(secure.Frame("data", []byte(names[0]), []byte(digest), secure.Number(burns)))
	return mac.Sum(nil), nil
}
