package server

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/identity"
)

// list gives the headers of what waits, in the order in which it came.
func (s *server) list(w http.ResponseWriter, r *http.Request, member string, _ io.Reader) error {
	seconds, err := number(r, "wait")
	if err != nil {
		return err
	}
	wait := min(time.Duration(min(seconds, 3600))*time.Second, federation.MaxWait)
	notices, err := s.hub.List(r.Context(), member, wait)
	if err != nil {
		return err
	}
	return s.reply(w, federation.NoticeList{Messages: notices})
}

// read gives a message's ciphertext from a byte on, at most a chunk of it.
func (s *server) read(w http.ResponseWriter, r *http.Request, member string, _ io.Reader) error {
	from, id, err := message(r)
	if err != nil {
		return err
	}
	offset, err := number(r, "offset")
	if err != nil {
		return err
	}
	content, n, err := s.hub.Read(r.Context(), member, from, id, offset)
	if err != nil {
		return err
	}
	defer content.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	return s.send(w, content)
}

// ack forgets a message that its recipient has.
func (s *server) ack(w http.ResponseWriter, r *http.Request, member string, _ io.Reader) error {
	from, id, err := message(r)
	if err != nil {
		return err
	}
	if err := s.hub.Ack(r.Context(), member, from, id); err != nil {
		return err
	}
	return s.reply(w, struct{}{})
}

// message reads which message the path names.
func message(r *http.Request) (from, id string, err error) {
	from, id = r.PathValue("from"), r.PathValue("id")
	if identity.ValidName(from) != nil || !federation.ValidID(id) {
		return "", "", federation.Refuse(federation.KindMalformed)
	}
	return from, id, nil
}
