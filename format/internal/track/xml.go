package track

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/recording"
)

// What a file may be at most: as deep, and as many bytes between two marks.
const (
	maxDepth = 64
	maxToken = 1 << 20
)

// A Handler gets a file's elements in order. Names are local, without their namespace.
type Handler interface {
	// Start is the begin of an element; path are the names down to it.
	Start(path []string, attributes []xml.Attr) error
	// End is the end of one, with its own text, trimmed.
	End(path []string, text string) error
}

// Read reads an XML file whose outermost element is named root. Entities other than those
// of XML itself are refused, as are files that go too deep and texts that are too long. An
// error has the line.
func Read(ctx context.Context, path, root string, h func(line func() int) Handler) error {
	f, err := recording.Open(ctx, path)
	if err != nil {
		return err
	}
	defer f.Close()
	bounded := &bounded{in: bufio.NewReaderSize(f, 1<<16), left: maxToken}
	d := xml.NewDecoder(bounded)
	d.CharsetReader = charset
	line := func() int { n, _ := d.InputPos(); return n }
	handler := h(line)
	var names []string
	var texts []string
	for {
		bounded.left = maxToken
		token, err := d.RawToken()
		if err == io.EOF && len(names) == 0 && texts != nil {
			return nil
		}
		if err != nil {
			return wrong(path, line(), err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if len(names) == 0 && (texts != nil || e.Name.Local != root) {
				return &format.Error{File: path, Line: line(), Text: fmt.Sprintf("the file is no %s: its outermost element must be one alone of that name", root), Mend: "export it again"}
			}
			if len(names) == maxDepth {
				return &format.Error{File: path, Line: line(), Text: fmt.Sprintf("elements lie more than %d deep in each other", maxDepth), Mend: "export it again"}
			}
			names, texts = append(names, e.Name.Local), append(texts, "")
			if err := handler.Start(names, e.Attr); err != nil {
				return err
			}
		case xml.EndElement:
			if len(names) == 0 || names[len(names)-1] != e.Name.Local {
				return &format.Error{File: path, Line: line(), Text: "an element ends that is not open", Mend: "export it again"}
			}
			text := strings.TrimSpace(texts[len(names)-1])
			if err := handler.End(names, text); err != nil {
				return err
			}
			names, texts = names[:len(names)-1], texts[:len(names)-1]
		case xml.CharData:
			if n := len(names); n > 0 && len(texts[n-1]) < 64 { // no number and no time is longer
				texts[n-1] += string(e[:min(len(e), 256)])
			}
		case xml.Directive:
			if bytes.Contains(e, []byte("ENTITY")) {
				return &format.Error{File: path, Line: line(), Text: "the file defines entities", Mend: "export it without a document type"}
			}
		}
	}
}

func wrong(path string, line int, err error) error {
	var known *format.Error
	var syntax *xml.SyntaxError
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, errLong):
		return &format.Error{File: path, Line: line, Text: "an element's text or a mark is longer than 1 MB", Mend: "export the file again"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &syntax) && strings.Contains(syntax.Msg, "EOF"):
		return &format.Error{File: path, Line: line, Text: "the file is cut short", Mend: "copy or export it again"}
	case errors.Is(err, errCharset):
		return &format.Error{File: path, Line: line, Text: "the file's encoding is not read", Mend: "export it in UTF-8"}
	}
	return &format.Error{File: path, Line: line, Text: "the file is no well-formed XML", Mend: "export it again"}
}

var (
	errLong    = errors.New("too long")
	errCharset = errors.New("unknown charset")
)

// bounded gives bytes until too many came for one token.
type bounded struct {
	in   *bufio.Reader
	left int
}

// ReadByte keeps xml.Decoder from reading ahead.
func (b *bounded) ReadByte() (byte, error) {
	if b.left--; b.left < 0 {
		return 0, errLong
	}
	return b.in.ReadByte()
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLong
	}
	n, err := b.in.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// charset reads encodings of one byte as if they were Latin-1: numbers and times are ASCII
// in all of them, and no other text is kept.
func charset(label string, in io.Reader) (io.Reader, error) {
	switch l := strings.ToLower(label); {
	case l == "us-ascii", l == "ascii", strings.HasPrefix(l, "iso-8859-"), strings.HasPrefix(l, "windows-125"):
		return &latin{in: bufio.NewReader(in)}, nil
	}
	return nil, errCharset
}

type latin struct {
	in   *bufio.Reader
	next byte
	have bool
}

func (l *latin) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if l.have {
		p[0], l.have = l.next, false
		return 1, nil
	}
	b, err := l.in.ReadByte()
	if err != nil {
		return 0, err
	}
	if b < 0x80 {
		p[0] = b
		return 1, nil
	}
	p[0], l.next, l.have = 0xc0|b>>6, 0x80|b&0x3f, true
	return 1, nil
}

// Outermost says from the beginning of a file which element is its outermost; "" if that
// cannot be told.
func Outermost(head []byte) string {
	head = bytes.TrimPrefix(recording.Unpacked(head), []byte("\xef\xbb\xbf"))
	if !bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("<")) {
		return ""
	}
	d := xml.NewDecoder(bytes.NewReader(head))
	d.CharsetReader = charset
	for {
		token, err := d.RawToken()
		if err != nil {
			return ""
		}
		if e, ok := token.(xml.StartElement); ok {
			return e.Name.Local
		}
	}
}
