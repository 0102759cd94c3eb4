package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// version is the version of an entry's line.
const version = 1

// maxLine is the longest line of a log, in bytes.
const maxLine = 64 << 10

// An Entry is one thing that happened. Append gives it Seq, and At where it is zero.
type Entry struct {
	Seq   int64             // position in the log, from 0
	At    time.Time         // by the member's clock, in UTC to the millisecond
	Kind  string            // of the catalogue
	Study string            // digest of the study, hexadecimal; "" where the kind is about none
	Who   string            // a member of the charter, or the account of a person at the member; "" for the process itself
	Facts map[string]string // as the kind lists
}

// leaf is an entry as JSON: what the tree's leaf is the hash of.
type leaf struct {
	V     int               `json:"v"`
	Seq   int64             `json:"seq"`
	At    time.Time         `json:"at"`
	Kind  string            `json:"kind"`
	Study string            `json:"study,omitempty"`
	Who   string            `json:"who,omitempty"`
	Facts map[string]string `json:"facts,omitempty"`
}

// Valid says what is wrong with an entry. It never repeats a value.
func (e Entry) Valid() error {
	k, ok := kind(e.Kind)
	switch {
	case !ok:
		return errors.New("entry: its kind is not in the catalogue (kinds.go)")
	case e.Seq < 0 || e.Seq >= maxSize:
		return fmt.Errorf("entry %s: its number is none that an entry can have", k.Name)
	case e.Who != "" && !whoForm.MatchString(e.Who):
		return fmt.Errorf("entry %s: who is not the name of a member or an account", k.Name)
	case k.Study && !digestForm.MatchString(e.Study):
		return fmt.Errorf("entry %s: study is not the digest of a study", k.Name)
	case !k.Study && e.Study != "":
		return fmt.Errorf("entry %s: is not about a study", k.Name)
	}
	return k.checkFacts(e.Facts)
}

// Leaf is the entry's canonical JSON, of which the tree holds the hash.
func (e Entry) Leaf() ([]byte, error) {
	if err := e.Valid(); err != nil {
		return nil, err
	}
	l := leaf{version, e.Seq, e.At.UTC().Truncate(time.Millisecond), e.Kind, e.Study, e.Who, e.Facts}
	b, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("entry %s: %w", e.Kind, err)
	}
	return b, nil
}

// ParseLeaf reads what Leaf wrote, and nothing else: one entry has one encoding.
func ParseLeaf(b []byte) (Entry, error) {
	var l leaf
	if err := strict(b, &l); err != nil {
		return Entry{}, err
	}
	if l.V != version {
		return Entry{}, fmt.Errorf("its version is %d, this program reads %d", l.V, version)
	}
	e := Entry{l.Seq, l.At, l.Kind, l.Study, l.Who, l.Facts}
	again, err := e.Leaf()
	if err != nil {
		return Entry{}, err
	}
	if !bytes.Equal(again, b) {
		return Entry{}, errors.New("the JSON is not in canonical form")
	}
	return e, nil
}

// strict decodes one JSON value with known fields and nothing after it. Its
// error does not quote the text.
func strict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if d.Decode(v) != nil {
		return errors.New("is not the JSON that this program writes")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("has more after the JSON")
	}
	return nil
}

// A record is a line of a log: an entry, and the tree's root and the member's
// signature of the checkpoint with this entry as its last.
type record struct {
	Entry Entry
	leaf  []byte
	Root  Hash
	Sig   []byte
}

// seal is what a line has after the entry's fields.
type seal struct {
	Root Hash   `json:"root"`
	Sig  []byte `json:"sig"`
}

// line is the record's text with its newline: the leaf's JSON with two fields more.
func (r record) line() []byte {
	tail, err := json.Marshal(seal{r.Root, r.Sig})
	if err != nil {
		panic(fmt.Sprintf("audit: a seal does not encode: %v", err)) // two texts only
	}
	b := append(bytes.Clone(r.leaf[:len(r.leaf)-1]), ',')
	return append(append(b, tail[1:]...), '\n')
}

// parseRecord reads a line without its newline.
func parseRecord(line []byte) (record, error) {
	if len(line) >= maxLine {
		return record{}, errors.New("is longer than a line can be")
	}
	i := bytes.LastIndex(line, []byte(`,"root":`))
	if i < 0 {
		return record{}, errors.New("has no root and signature")
	}
	var s seal
	if err := strict(append([]byte("{"), line[i+1:]...), &s); err != nil {
		return record{}, err
	}
	r := record{leaf: append(bytes.Clone(line[:i]), '}'), Root: s.Root, Sig: s.Sig}
	var err error
	if r.Entry, err = ParseLeaf(r.leaf); err != nil {
		return record{}, err
	}
	if len(s.Sig) == 0 || !bytes.Equal(r.line(), append(bytes.Clone(line), '\n')) {
		return record{}, errors.New("the line is not in canonical form")
	}
	return r, nil
}

// checkpoint is the checkpoint that the line signs.
func (r record) checkpoint(origin string) Checkpoint {
	return Checkpoint{Origin: origin, Size: r.Entry.Seq + 1, Root: r.Root, Time: r.Entry.At, Signature: r.Sig}
}
