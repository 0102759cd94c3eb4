package federation

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// strict decodes exactly one JSON value into v, without unknown fields. Its
// error says nothing of the value.
func strict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if d.Decode(v) != nil {
		return errors.New("not the JSON that was expected")
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("bytes after the JSON value")
	}
	return nil
}

// canonical is strict, and refuses every encoding but the one that Marshal gives.
func canonical[T any](b []byte, v *T) error {
	if err := strict(b, v); err != nil {
		return err
	}
	again, err := json.Marshal(v)
	if err != nil || !bytes.Equal(again, b) {
		return errors.New("not in its one encoding")
	}
	return nil
}
