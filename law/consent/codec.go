package consent

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// magic begins an encoded register.
const magic = "hmsp consent register/v1\n"

// statementBytes is how long an encoded statement is.
const statementBytes = 10

// Encode is the register as bytes, for the site's disk: the same for equal registers,
// whatever the order in which their sources were read. It holds keyed pseudonyms and
// is as confidential as they are.
//
// After the magic: the digest of the reading; the number of people; then of each, in
// order, the pseudonym, the number of statements and the statements, first day, last
// day, purposes and effect. Numbers are big-endian.
func (r *Register) Encode() []byte {
	b := make([]byte, 0, len(magic)+32+8+12*r.People()+statementBytes*len(r.statements))
	b = append(append(b, magic...), r.rules[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.People()))
	for i := range r.People() {
		b = binary.BigEndian.AppendUint64(b, r.people[i].pseudonym)
		b = binary.BigEndian.AppendUint32(b, uint32(len(r.of(i))))
		b = appendStatements(b, r.of(i))
	}
	return b
}

// Digest names the state of the register: the hash of Encode. It tells nothing of
// who is in it to anyone without the site's key, and is not salted: see State for
// what can be proved of.
func (r *Register) Digest() Hash { return sha256.Sum256(r.Encode()) }

var errRegister = errors.New("is not a register of consents as this program writes it")

// Decode reads what Encode wrote, and nothing else.
func Decode(b []byte) (*Register, error) {
	rest, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok || len(rest) < 40 {
		return nil, errRegister
	}
	r := &Register{rules: Hash(rest[:32])}
	people := binary.BigEndian.Uint64(rest[32:])
	rest = rest[40:]
	if people > uint64(len(rest))/12 {
		return nil, errRegister
	}
	for range people {
		if len(rest) < 12 {
			return nil, errRegister
		}
		who, n := binary.BigEndian.Uint64(rest), binary.BigEndian.Uint32(rest[8:])
		rest = rest[12:]
		if k := len(r.people); k > 0 && r.people[k-1].pseudonym >= who || uint64(n)*statementBytes > uint64(len(rest)) {
			return nil, errRegister
		}
		r.people = append(r.people, person{who, uint32(len(r.statements))})
		list, ok := parseStatements(rest[:int(n)*statementBytes])
		if !ok {
			return nil, errRegister
		}
		r.statements = append(r.statements, list...)
		rest = rest[int(n)*statementBytes:]
	}
	if len(rest) > 0 {
		return nil, errRegister
	}
	return r.index(), nil
}

// parseStatements reads what appendStatements wrote of sorted statements.
func parseStatements(b []byte) (list []Statement, ok bool) {
	for ; len(b) >= statementBytes; b = b[statementBytes:] {
		s := Statement{From: Day(binary.BigEndian.Uint32(b)), To: Day(binary.BigEndian.Uint32(b[4:])), Purposes: Set(b[8]), Effect: Effect(b[9])}
		if !s.valid() || len(list) > 0 && compareStatements(list[len(list)-1], s) >= 0 {
			return nil, false
		}
		list = append(list, s)
	}
	return list, len(b) == 0
}

func (s Statement) valid() bool {
	return s.From <= s.To && s.Purposes != 0 && s.Purposes <= All && s.Effect >= Withholds && s.Effect <= Withdraws
}
