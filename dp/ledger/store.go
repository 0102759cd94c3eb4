package ledger

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"hmsp.center/hmsp/dp"
)

// A Store keeps the ledger's bytes. It is the only thing that a ledger trusts its
// promises to.
type Store interface {
	// Read visits what is kept, in the order of the keys' bytes. Visit must not keep
	// value.
	Read(visit func(key string, value []byte) error) error
	// Write keeps all pairs or none. When it returns nil they are on the disk, and
	// outlast the process and the power. After an error either may be the case.
	Write(pairs []Pair) error
}

// A Pair is one key with its value.
type Pair struct {
	Key   string
	Value []byte
}

// Format is the version of what is kept. Its keys are
//
//	format     the version
//	head       number and seal of the last record
//	key        the 32 secret bytes of NoiseKey, base64
//	record/N   seal and JSON of record N, from 1, in 16 hexadecimal digits
//
// A seal is HMAC-SHA-256, under a key derived from the secret, of the seal before,
// the number and the JSON: a record that was altered, lost, doubled or moved is
// found, and so is an end that was cut off. Whoever can read the secret can forge
// seals: they are against accident and against careless hands.
const Format = "ledger/v1"

const (
	keyFormat = "format"
	keyHead   = "head"
	keySecret = "key"
	keyRecord = "record/"
)

// Kinds of records.
const (
	kindReserve = "reserve"
	kindSpend   = "spend"
	kindSettle  = "settle"
	kindBurn    = "burn"
	kindConfirm = "confirm"
)

// A record is one change; the state of a ledger is what its records make together.
type record struct {
	Kind         string    `json:"kind"`
	At           time.Time `json:"at"`
	Study        string    `json:"study,omitempty"`
	Question     string    `json:"question,omitempty"`
	Generation   int       `json:"generation,omitempty"`
	Round        int       `json:"round,omitempty"`
	Asked        string    `json:"asked,omitempty"`        // of spend
	Claim        *claim    `json:"claim,omitempty"`        // of reserve
	Contributors []string  `json:"contributors,omitempty"` // of confirm
}

// A claim is a Claim as it is kept, with the cost of every round.
type claim struct {
	Dataset    string       `json:"dataset"`
	Snapshot   string       `json:"snapshot"`
	Researcher string       `json:"researcher"`
	Purpose    string       `json:"purpose"`
	Predicate  string       `json:"predicate,omitempty"`
	OneRow     bool         `json:"one_row,omitempty"`
	Delta      float64      `json:"delta"`
	Rounds     [][]dp.Event `json:"rounds"`
	Costs      []amount     `json:"costs"` // 1e-12 rho
}

// A chain is where a ledger's records end.
type chain struct {
	secret []byte // NoiseKey
	key    []byte // of seals
	n      uint64
	seal   []byte
}

// newChain begins the records of a new ledger.
func newChain(secret []byte) (*chain, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "hmsp "+Format+" seals", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the key of seals: %w", err)
	}
	return &chain{secret: secret, key: key, seal: make([]byte, sha256.Size)}, nil
}

// next is the seal of the record after the last.
func (c *chain) next(text []byte) []byte {
	m := hmac.New(sha256.New, c.key)
	m.Write(c.seal)
	io.WriteString(m, recordKey(c.n+1))
	m.Write(text)
	return m.Sum(nil)
}

// add seals records; it returns what is to be written.
func (c *chain) add(records []record) ([]Pair, error) {
	var out []Pair
	for _, r := range records {
		text, err := json.Marshal(r)
		if err != nil {
			return nil, fmt.Errorf("encode a record: %w", err)
		}
		c.seal = c.next(text)
		c.n++
		out = append(out, Pair{recordKey(c.n), []byte(encode(c.seal) + " " + string(text))})
	}
	return append(out, Pair{keyHead, c.head()}), nil
}

func (c *chain) head() []byte { return []byte(strconv.FormatUint(c.n, 10) + " " + encode(c.seal)) }

// open checks the next record's number and seal, and decodes it.
func (c *chain) open(key string, value []byte) (r record, err error) {
	if want := recordKey(c.n + 1); key != want {
		return r, fmt.Errorf("%s is missing: %s follows", want, key)
	}
	seal, text, _ := strings.Cut(string(value), " ")
	next := c.next([]byte(text))
	if !hmac.Equal([]byte(seal), []byte(encode(next))) {
		return r, fmt.Errorf("%s was altered, or one before it", key)
	}
	c.seal = next
	c.n++
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return r, fmt.Errorf("%s: %w", key, err)
	}
	return r, nil
}

func recordKey(n uint64) string { return fmt.Sprintf("%s%016x", keyRecord, n) }

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Damaged says that a ledger's store is not as it was left.
type Damaged struct{ What string }

func (e *Damaged) Error() string {
	return "the ledger was damaged or altered: " + e.What + "; restore it from a backup that is not older than the last study, for what it does not hold counts as not spent"
}

// read makes the state of a store's records, and begins the records of an empty
// store. What does not fit is *Damaged.
func read(cfg Config) (*state, error) {
	r := reader{state: newState(cfg)}
	if err := cfg.Store.Read(r.visit); err != nil {
		return nil, err
	}
	if r.format == "" {
		return begin(cfg)
	}
	switch {
	case r.state.chain == nil:
		return nil, &Damaged{"its key is missing"}
	case r.head != string(r.state.chain.head()):
		return nil, &Damaged{fmt.Sprintf("it ends after record %d, its head says otherwise", r.state.chain.n)}
	}
	return r.state, nil
}

// A reader takes up the pairs of a store in their order.
type reader struct {
	state        *state
	format, head string
}

func (r *reader) visit(key string, value []byte) (err error) {
	if key != keyFormat && r.format == "" {
		return &Damaged{"its format is missing"}
	}
	switch {
	case key == keyFormat:
		if r.format = string(value); r.format != Format {
			return fmt.Errorf("the ledger has the format %q, this program reads %s: use the program that wrote it", r.format, Format)
		}
		return nil
	case key == keyHead:
		r.head = string(value)
		return nil
	case key == keySecret:
		secret, err := base64.RawURLEncoding.Strict().DecodeString(string(value))
		if err != nil || len(secret) != secretSize {
			return &Damaged{"its key is not whole"}
		}
		r.state.chain, err = newChain(secret)
		return err
	case r.state.chain == nil:
		return &Damaged{"its key is missing"}
	}
	rec, err := r.state.chain.open(key, value)
	if err == nil {
		err = r.state.apply(rec)
	}
	if err != nil {
		return &Damaged{err.Error()}
	}
	return nil
}

// secretSize is the length of NoiseKey.
const secretSize = 32

// begin writes the beginning of a new ledger.
func begin(cfg Config) (*state, error) {
	random := cfg.Random
	if random == nil {
		random = rand.Reader
	}
	secret := make([]byte, secretSize)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("draw the noise key: %w", err)
	}
	s := newState(cfg)
	var err error
	if s.chain, err = newChain(secret); err != nil {
		return nil, err
	}
	err = cfg.Store.Write([]Pair{{keyFormat, []byte(Format)}, {keyHead, s.chain.head()}, {keySecret, []byte(encode(secret))}})
	if err != nil {
		return nil, fmt.Errorf("begin the ledger: %w", err)
	}
	return s, nil
}

// NoiseKey gives 32 secret bytes that were drawn when the ledger began; the door
// derives the noise of every question from them. Never print them.
func (l *Ledger) NoiseKey() ([]byte, error) {
	var key []byte
	err := l.look(func(s *state) error { key = append(key, s.chain.secret...); return nil })
	return key, err
}
