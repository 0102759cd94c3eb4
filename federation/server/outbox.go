package server

import (
	"io"
	"net/http"
	"strconv"

	"hmsp.center/hmsp/federation"
)

// create takes an encoded envelope or its beginning.
func (s *server) create(w http.ResponseWriter, r *http.Request, member string, body io.Reader) error {
	head, err := federation.ReadHeader(body)
	if err != nil {
		return err
	}
	if head.From != member {
		return federation.Refuse(federation.KindSignature)
	}
	st, err := s.hub.Create(r.Context(), head, body)
	if err != nil {
		return err
	}
	return s.reply(w, st)
}

// append takes further bytes of a message.
func (s *server) append(w http.ResponseWriter, r *http.Request, member string, body io.Reader) error {
	id := r.PathValue("id")
	offset, err := number(r, "offset")
	if err != nil || !federation.ValidID(id) {
		return federation.Refuse(federation.KindMalformed)
	}
	st, err := s.hub.Append(r.Context(), member, id, offset, body)
	if err != nil {
		return err
	}
	return s.reply(w, st)
}

// status says how far a message is.
func (s *server) status(w http.ResponseWriter, r *http.Request, member string, _ io.Reader) error {
	id := r.PathValue("id")
	if !federation.ValidID(id) {
		return federation.Refuse(federation.KindMalformed)
	}
	st, err := s.hub.Status(r.Context(), member, id)
	if err != nil {
		return err
	}
	return s.reply(w, st)
}

// number reads a whole number of the query, in its one encoding; absent it is 0.
func number(r *http.Request, name string) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, federation.Refuse(federation.KindMalformed)
	}
	return n, nil
}
