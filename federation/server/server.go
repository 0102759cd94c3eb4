// Package server is the hub's HTTP interface: handlers over federation.Hub, for
// the clients of federation/client.
//
// It serves GET and POST only, without upgrades, so that it passes whatever a
// hospital puts between itself and the world. It refuses requests that no
// member signed, and bodies larger than a chunk; it holds a connection as long
// as bytes move on it, and no longer.
//
//	GET  /v1/health                                 anyone: version, time, charter digest
//	GET  /v1/charter                                the charter as signed
//	GET  /v1/presence                               when each member was last heard from
//	GET  /v1/checkpoint?from=N                      the hub's audit log: signed checkpoint, proof that it extends size N
//	POST /v1/outbox                                 an encoded envelope, or its beginning
//	GET  /v1/outbox/{id}                            how far it is
//	POST /v1/outbox/{id}?offset=N                   further bytes of its ciphertext
//	GET  /v1/inbox?wait=S                           headers of what waits, after at most S seconds
//	GET  /v1/inbox/{from}/{id}?offset=N             ciphertext from a byte on, at most a chunk
//	POST /v1/inbox/{from}/{id}/ack                  the recipient has it
package server

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"hmsp.center/hmsp/federation"
)

// DefaultStall is how long a connection may stand still in the middle of a
// request or an answer. Liveness is progress: a slow line is no error.
const DefaultStall = 60 * time.Second

// An Options changes what New makes; its zero value is useful.
type Options struct {
	Stall time.Duration // 0: DefaultStall
	Now   func() time.Time
	Log   *slog.Logger // faults of the hub; nil: none
}

// A server is the handlers' shared part.
type server struct {
	hub   federation.Hub
	stall time.Duration
	now   func() time.Time
	log   *slog.Logger
}

// New makes the handler over a hub. Now is the clock of connections (deadlines)
// and is required.
func New(hub federation.Hub, o Options) http.Handler {
	s := &server{hub: hub, stall: o.Stall, now: o.Now, log: o.Log}
	if s.stall == 0 {
		s.stall = DefaultStall
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /v1/health", s.open(s.health))
	mux.Handle("GET /v1/charter", s.member(s.charter))
	mux.Handle("GET /v1/presence", s.member(s.presence))
	mux.Handle("GET /v1/checkpoint", s.member(s.checkpoint))
	mux.Handle("POST /v1/outbox", s.member(s.create))
	mux.Handle("GET /v1/outbox/{id}", s.member(s.status))
	mux.Handle("POST /v1/outbox/{id}", s.member(s.append))
	mux.Handle("GET /v1/inbox", s.member(s.list))
	mux.Handle("GET /v1/inbox/{from}/{id}", s.member(s.read))
	mux.Handle("POST /v1/inbox/{from}/{id}/ack", s.member(s.ack))
	mux.Handle("/", s.open(func(http.ResponseWriter, *http.Request) error {
		return federation.Refuse(federation.KindNotFound)
	}))
	return mux
}

// A handler answers, or returns the error to answer with.
type handler func(http.ResponseWriter, *http.Request) error

// A memberHandler answers a member; body is what the member signed.
type memberHandler func(w http.ResponseWriter, r *http.Request, member string, body io.Reader) error

// open is a page for anyone.
func (s *server) open(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.headers(w)
		// The last answer on this connection may have left its deadline.
		http.NewResponseController(w).SetWriteDeadline(time.Time{})
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// member is a page for members: the request's signature is checked before a
// byte of its body is read, the body as it is read.
func (s *server) member(h memberHandler) http.Handler {
	return s.open(func(w http.ResponseWriter, r *http.Request) error {
		req, err := federation.ReadRequest(r)
		if err != nil {
			return err
		}
		release, err := s.hub.Admit(req)
		if err != nil {
			return err
		}
		defer release()
		return h(w, r, req.Member, s.body(w, r, req.Body))
	})
}

// headers are on every answer.
func (s *server) headers(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
}

// fail renders an error: the one place where errors cross the wire.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var e *federation.Error
	if !errors.As(err, &e) {
		if r.Context().Err() != nil {
			return // nobody listens
		}
		s.log.Error("request failed", "method", r.Method, "page", r.Pattern, "error", err)
		e = federation.Refuse(federation.KindInternal)
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64((e.RetryAfter+time.Second-1)/time.Second), 10))
	}
	s.write(w, e.Kind.Status(), "application/json", e.Encode())
}

// reply answers with JSON.
func (s *server) reply(w http.ResponseWriter, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.write(w, http.StatusOK, "application/json", b)
	return nil
}

func (s *server) write(w http.ResponseWriter, status int, contentType string, b []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	http.NewResponseController(w).SetWriteDeadline(s.now().Add(s.stall))
	w.WriteHeader(status)
	w.Write(b)
}
