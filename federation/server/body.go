package server

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"time"

	"hmsp.center/hmsp/federation"
)

// maxBody is a chunk, with an envelope's header before it.
const maxBody = federation.ChunkSize + int64(federation.MaxPrefix)

// body is the request's body as the member signed it. Reading it fails with
// KindTooLarge beyond maxBody, and at its end with KindAltered if it is not what
// was signed. The deadline moves on with every read.
func (s *server) body(w http.ResponseWriter, r *http.Request, digest string) io.Reader {
	return &signedBody{
		r:        http.MaxBytesReader(w, r.Body, maxBody),
		hash:     sha256.New(),
		want:     digest,
		progress: progress{http.NewResponseController(w).SetReadDeadline, s.now, s.stall},
	}
}

type signedBody struct {
	r        io.Reader
	hash     hash.Hash
	want     string
	progress progress
	done     error
}

func (b *signedBody) Read(p []byte) (int, error) {
	if b.done != nil {
		return 0, b.done
	}
	b.progress.extend()
	n, err := b.r.Read(p)
	b.hash.Write(p[:n])
	switch {
	case err == io.EOF && hex.EncodeToString(b.hash.Sum(nil)) != b.want:
		b.done = federation.Refuse(federation.KindAltered)
	case err == io.EOF:
		b.done = io.EOF
	case errors.As(err, new(*http.MaxBytesError)):
		b.done = federation.Refuse(federation.KindTooLarge)
	case err != nil:
		b.done = err
	default:
		return n, nil
	}
	b.progress.over()
	return n, b.done
}

// progress moves a connection's deadline on.
type progress struct {
	set   func(time.Time) error
	now   func() time.Time
	stall time.Duration
}

func (p progress) extend() { p.set(p.now().Add(p.stall)) }

// over lifts the deadline: the server's own take its place.
func (p progress) over() { p.set(time.Time{}) }

// send copies n bytes to the client in pieces, moving the deadline on.
func (s *server) send(w http.ResponseWriter, r io.Reader) error {
	p := progress{http.NewResponseController(w).SetWriteDeadline, s.now, s.stall}
	buf := make([]byte, 128<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			p.extend()
			if _, err := w.Write(buf[:n]); err != nil {
				return nil // the client is gone, and comes again
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
