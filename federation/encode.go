package federation

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// magic begins an encoded envelope.
const magic = "hmsp-envelope/v1\n"

// MaxPrefix is how long the part of an encoded envelope before its ciphertext
// can be, in bytes.
const MaxPrefix = len(magic) + 4 + maxHeader

// EncodeHeader gives the part of an encoded envelope before its ciphertext: the
// magic line, the length of the header in four bytes, the header in JSON.
func EncodeHeader(h Header) []byte {
	head := h.json()
	b := make([]byte, 0, len(magic)+4+len(head))
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(head)))
	return append(b, head...)
}

// ReadHeader reads what EncodeHeader wrote and not one byte more. A header in
// any other than its one encoding is KindMalformed; an error of r is given as it is.
func ReadHeader(r io.Reader) (Header, error) {
	var h Header
	start := make([]byte, len(magic)+4)
	if _, err := io.ReadFull(r, start); err != nil {
		return h, shortRead(err)
	}
	n := binary.BigEndian.Uint32(start[len(magic):])
	if string(start[:len(magic)]) != magic || n > maxHeader {
		return h, Refuse(KindMalformed)
	}
	head := make([]byte, n)
	if _, err := io.ReadFull(r, head); err != nil {
		return h, shortRead(err)
	}
	return DecodeHeader(head)
}

// shortRead is KindMalformed where the input ends too early.
func shortRead(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return Refuse(KindMalformed)
	}
	return err
}

// DecodeHeader reads the JSON of a header, in its one encoding.
func DecodeHeader(b []byte) (Header, error) {
	var h Header
	if len(b) > maxHeader || canonical(b, &h) != nil || !h.valid() {
		return Header{}, Refuse(KindMalformed)
	}
	return h, nil
}

// Encode gives the envelope's bytes: EncodeHeader, then the ciphertext.
func (e Envelope) Encode() []byte { return append(EncodeHeader(e.Header), e.Ciphertext...) }

// Decode reads what Encode wrote: one encoding, no trailing bytes, and the
// ciphertext that the header names. It does not know who may send; Open does.
func Decode(b []byte) (Envelope, error) {
	r := bytes.NewReader(b)
	h, err := ReadHeader(r)
	if err != nil {
		return Envelope{}, fmt.Errorf("decode envelope: %w", err)
	}
	if int64(r.Len()) != h.Size {
		return Envelope{}, fmt.Errorf("decode envelope: %w", Refuse(KindMalformed))
	}
	e := Envelope{Header: h, Ciphertext: b[len(b)-r.Len():]}
	if err := e.Whole(); err != nil {
		return Envelope{}, fmt.Errorf("decode envelope: %w", err)
	}
	return e, nil
}
