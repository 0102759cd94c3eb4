package server

import (
	"io"
	"net/http"

	"hmsp.center/hmsp/federation"
)

// health says that the hub is there.
func (s *server) health(w http.ResponseWriter, _ *http.Request) error {
	return s.reply(w, s.hub.Health())
}

// charter gives the charter as it was signed.
func (s *server) charter(w http.ResponseWriter, _ *http.Request, _ string, _ io.Reader) error {
	s.write(w, http.StatusOK, "application/octet-stream", s.hub.CharterFile())
	return nil
}

// presence says when each member was last heard from.
func (s *server) presence(w http.ResponseWriter, r *http.Request, _ string, _ io.Reader) error {
	p, err := s.hub.Presence(r.Context())
	if err != nil {
		return err
	}
	return s.reply(w, federation.PresenceList{Members: p})
}

// checkpoint gives the state of the hub's audit log.
func (s *server) checkpoint(w http.ResponseWriter, r *http.Request, _ string, _ io.Reader) error {
	from, err := number(r, "from")
	if err != nil {
		return err
	}
	state, err := s.hub.Checkpoint(r.Context(), from)
	if err != nil {
		return err
	}
	return s.reply(w, state)
}
