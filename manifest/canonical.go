package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Canonical encodes v as the JSON that is signed and hashed: fields in the order
// of their struct, keys of maps sorted by bytes, no spaces, the shortest decimal
// of every float64, no HTML escapes. One value has one encoding. It refuses
// text that is not valid UTF-8.
func Canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	out := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if escapesInvalid(out) {
		return nil, errors.New("encode: a text is not valid UTF-8")
	}
	return out, nil
}

// escapesInvalid finds the escape \ufffd, which the encoder writes for a byte
// that is no UTF-8 and for nothing else (U+FFFD itself is written as it is).
func escapesInvalid(b []byte) bool {
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		if bytes.HasPrefix(b[i:], []byte(`\ufffd`)) {
			return true
		}
		i++ // the escaped character
	}
	return false
}

// DecodeCanonical reads into v, a pointer, what Canonical wrote of the same
// type, and nothing else: bytes that v does not encode to again are refused, so
// a signed text has one reading.
func DecodeCanonical(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("decode: there is more after the value")
	}
	again, err := Canonical(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, data) {
		return errors.New("decode: the JSON is not in canonical form")
	}
	return nil
}
