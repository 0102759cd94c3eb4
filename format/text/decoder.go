package text

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// A decoder gives a long text as UTF-8, part after part.
type decoder struct {
	in       io.Reader
	encoding string
	big      bool // of UTF-16: which order of bytes
	begun    bool
	short    bool   // the text ends before its fourth byte
	raw      []byte // not decoded yet
	ready    []byte
	buffer   [32 << 10]byte
}

func newDecoder(in io.Reader, encoding string) *decoder { return &decoder{in: in, encoding: encoding} }

func (d *decoder) Read(p []byte) (int, error) {
	for len(d.ready) == 0 {
		n, err := d.in.Read(d.buffer[:])
		d.raw = append(d.raw, d.buffer[:n]...)
		if n == 0 && err != nil {
			if err == io.EOF && len(d.raw) > 0 && d.begun {
				return 0, d.broken()
			}
			if err != io.EOF || len(d.raw) == 0 {
				return 0, err
			}
			d.short = true
		}
		if err := d.some(); err != nil {
			return 0, err
		}
	}
	n := copy(p, d.ready)
	d.ready = d.ready[n:]
	return n, nil
}

func (d *decoder) broken() error {
	if d.encoding == utf16Name {
		return errUTF16
	}
	return errUTF8
}

// some decodes what is whole of the raw bytes.
func (d *decoder) some() error {
	if !d.begun {
		if len(d.raw) < 4 && !d.short {
			return nil
		}
		d.begun = true
		mark, n := marked(d.raw)
		if mark != "" && mark != d.encoding {
			return errNamed
		}
		d.big = mark == utf16Name && d.raw[0] == 0xfe || mark == "" && bigEndian(d.raw)
		d.raw = d.raw[n:]
	}
	n := len(d.raw)
	switch d.encoding {
	case utf16Name:
		if n -= n % 2; n >= 2 {
			high := d.raw[n-1]
			if d.big {
				high = d.raw[n-2]
			}
			if high >= 0xd8 && high < 0xdc { // half a pair
				n -= 2
			}
		}
	case utf8Name:
		for k := 1; k < utf8.UTFMax && k <= n; k++ {
			if c := d.raw[n-k]; utf8.RuneStart(c) {
				if !utf8.FullRune(d.raw[n-k:]) {
					n -= k
				}
				break
			}
		}
	}
	part, err := d.raw[:n], error(nil)
	switch d.encoding {
	case utf16Name:
		part, err = wide(d.order(part), utf16Name, 2)
	case latin1Name, windowsName:
		part, err = narrow(part)
	default:
		if !utf8.Valid(part) {
			err = errUTF8
		}
	}
	if err == nil && binaryText(part) {
		err = errBinary
	}
	d.ready = bytes.Clone(part)
	d.raw = append(d.raw[:0], d.raw[n:]...)
	return err
}

// order puts the byte order mark before a part.
func (d *decoder) order(part []byte) []byte {
	if d.big {
		return append([]byte{0xfe, 0xff}, part...)
	}
	return append([]byte{0xff, 0xfe}, part...)
}

// A counter counts what is read of a file.
type counter struct {
	in   io.Reader
	read *int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	*c.read += int64(n)
	return n, err
}
