package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"hmsp.center/hmsp/federation/server"
)

// Times of the hub's connections. There is no limit on a whole request: how long
// a chunk takes is the line's affair, and server.DefaultStall ends what stands
// still.
const (
	headerTimeout = 15 * time.Second // for a request's headers
	idleTimeout   = 90 * time.Second // for the next request on a connection
	drainTimeout  = 10 * time.Second // for requests under way when the hub stops
	sweepEvery    = time.Minute
	maxHeaders    = 16 << 10 // bytes
)

// Serve answers the members on the listener, by TLS as config says, until ctx
// ends; then it ends the polls, lets requests under way finish, and returns
// nil. An error is one that ended the service before.
func (h *Hub) Serve(ctx context.Context, l net.Listener, config *tls.Config) error {
	srv := h.server()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	swept := make(chan struct{})
	go func() { defer close(swept); h.sweeping(ctx) }()
	drained := make(chan struct{})
	go func() { defer close(drained); <-ctx.Done(); h.drain(srv) }()

	config = config.Clone()
	config.NextProtos = []string{"http/1.1"}
	err := srv.Serve(tls.NewListener(l, config))
	cancel()
	<-drained
	<-swept
	defer h.audit.Close()
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve hub: %w", err)
	}
	return h.presence.save(h.store)
}

// server is the HTTP server: HTTP/1.1 only, where a connection is one request at
// a time and a cut is a cut.
func (h *Hub) server() *http.Server {
	srv := &http.Server{
		Handler:           server.New(h, server.Options{Now: time.Now, Log: h.log}),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaders,
		ErrorLog:          slog.NewLogLogger(h.log.Handler(), slog.LevelDebug),
		Protocols:         new(http.Protocols),
	}
	srv.Protocols.SetHTTP1(true)
	return srv
}

// drain lets requests under way finish, up to a time; uploads that are cut then
// go on where they were.
func (h *Hub) drain(srv *http.Server) {
	h.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	if srv.Shutdown(ctx) != nil {
		srv.Close()
	}
}

// sweeping sweeps until ctx ends.
func (h *Hub) sweeping(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := h.Sweep(); err != nil {
			h.log.Error("sweep failed", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
