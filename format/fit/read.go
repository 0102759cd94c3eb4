package fit

import (
	"context"
	"errors"
	"io"

	"github.com/muktihari/fit/decoder"
	"github.com/muktihari/fit/proto"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/recording"
)

// A message is one data message, valid during the call that it is given to.
type message = proto.Message

// each gives the messages of a file in order, with the place of their sequence in the
// chain (0 of most files), and calls done behind the last. Checksums are not verified.
func each(ctx context.Context, path string, f func(sequence int, m *message) error, done func() error) error {
	file, err := recording.Open(ctx, path)
	if err != nil {
		return err
	}
	defer file.Close()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	l := &listener{f: f, stop: stop}
	if err := decode(ctx, file, l); err != nil {
		switch {
		case l.err != nil:
			return l.err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		return refusal(path, err)
	}
	return done()
}

// decode is the one place where the library's panics would end.
func decode(ctx context.Context, r io.Reader, l *listener) (err error) {
	defer func() {
		if recover() != nil {
			err = errDamaged
		}
	}()
	d := decoder.New(r, decoder.WithMesgListener(l), decoder.WithBroadcastOnly(), decoder.WithIgnoreChecksum(), decoder.WithReadBufferSize(1<<16))
	for d.Next() {
		if _, err := d.DecodeWithContext(ctx); err != nil {
			return err
		}
		if l.err != nil {
			return l.err
		}
		l.sequence++
	}
	return nil
}

var errDamaged = errors.New("damaged")

type listener struct {
	f        func(int, *message) error
	stop     context.CancelCauseFunc
	sequence int
	err      error // of f
}

// OnMesg is called by the library.
func (l *listener) OnMesg(m message) {
	if l.err != nil {
		return
	}
	if l.err = l.f(l.sequence, &m); l.err != nil {
		l.stop(l.err)
	}
}

func refusal(path string, err error) error {
	const again = "copy or export the file again"
	var known *format.Error
	switch {
	case errors.As(err, &known): // of recording.Open
		return known
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, decoder.ErrNotFITFile):
		return &format.Error{File: path, Text: "this is no FIT file, or something else follows one: no file header with .FIT in it", Mend: again}
	case errors.Is(err, decoder.ErrCRCChecksumMismatch):
		return &format.Error{File: path, Text: "the checksum does not fit: the file was changed or damaged", Mend: again}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &format.Error{File: path, Text: "the file is cut short", Mend: again}
	}
	return &format.Error{File: path, Text: "the messages of this FIT file cannot be decoded: it is damaged", Mend: again}
}
