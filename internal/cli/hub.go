package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/hub"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/internal/store"
	"hmsp.center/hmsp/manifest"
)

// Files of the hub's certificate in its home.
const (
	rootFile = "tls-root.pem"
	leafFile = "tls-leaf.pem"
)

func hubCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "hub", Short: "The relay and registry of a consortium",
		Example: "  hmsp hub init hub --url https://hub.example.org --home hub\n  hmsp hub serve --home hub --charter charter.yaml"}
	c.AddCommand(hubInit(a), hubServe(a))
	return c
}

func hubInit(a *app) *cobra.Command {
	var home, address, listen, cert string
	c := &cobra.Command{Use: "init NAME", Short: "Make a hub: keys, certificate, card",
		Example: "  hmsp hub init hub --url https://hub.example.org --home hub",
		Args:    exactArgs("a name"),
		RunE: func(_ *cobra.Command, args []string) error {
			u, err := url.Parse(address)
			if err != nil || u.Scheme != "https" || u.Host == "" {
				return inputf("--url %q: write it as https://host or https://host:port", address)
			}
			if listen == "" {
				listen = ":443"
				if p := u.Port(); p != "" {
					listen = ":" + p
				}
				if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsLoopback() {
					listen = u.Hostname() + listen
				}
			}
			public, err := member.InitKeys(home, args[0], identity.Hub)
			if err != nil {
				return input(err)
			}
			f := hub.File{Hmsp: hub.ConfigVersion, Listen: listen, Hosts: []string{u.Hostname()}, Certificate: cert}
			if err := manifest.Write(filepath.Join(home, hub.ConfigFile), f, "Where this hub listens and how much it takes."); err != nil {
				return err
			}
			card := member.NewCard(public)
			card.URL = address
			if cert == "" {
				root, err := identity.NewRoot("hmsp hub "+args[0], a.now())
				if err != nil {
					return err
				}
				if err := root.Save(filepath.Join(home, rootFile)); err != nil {
					return err
				}
				card.Root = string(root.PEM())
			}
			path, err := card.Write(home)
			if err != nil {
				return err
			}
			a.printf("hub %s in %s, card %s (%s)\nnext: hmsp charter init NAME --hub %s\n", args[0], home, path, public.Fingerprint(), path)
			return nil
		}}
	c.Flags().StringVar(&home, "home", "hub", "folder to make")
	c.Flags().StringVar(&address, "url", "", "address under which members reach the hub, https://host[:port]")
	c.Flags().StringVar(&listen, "listen", "", "address to listen on (default: the port of --url on every address)")
	c.Flags().StringVar(&cert, "certificate", "", "PEM file with certificate and key from another authority (default: the hub makes its own)")
	_ = c.MarkFlagRequired("url")
	return c
}

func hubServe(a *app) *cobra.Command {
	var home, path string
	c := &cobra.Command{Use: "serve", Short: "Run the hub until Ctrl-C",
		Example: "  hmsp hub serve --home hub --charter charter.yaml",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.serveHub(c.Context(), home, path)
		}}
	homeFlag(c, &home)
	c.Flags().StringVar(&path, "charter", "", "the charter, signed by every site (default: charter.yaml in --home)")
	a.untilEOF(c)
	return c
}

func (a *app) serveHub(ctx context.Context, home, path string) error {
	file, err := hub.ReadFile(home)
	if err != nil {
		return input(err)
	}
	id, err := identity.Load(filepath.Join(home, member.KeyFile))
	if err != nil {
		return input(err)
	}
	if path == "" {
		path = filepath.Join(home, member.CharterFile)
	}
	ch, err := charter.Read(path)
	if err != nil {
		return input(err)
	}
	if err := ch.Verify(); err != nil {
		return coded{err, exitRefused}
	}
	if m, ok := ch.Member(id.Name()); !ok || m != id.Public() || ch.Hub.Name != id.Name() {
		return inputf("the charter %s has another hub than %s: begin the charter with this hub's card", ch.Name, home)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	leaf, err := a.hubCertificate(home, file)
	if err != nil {
		return err
	}
	st, err := store.OpenHub(filepath.Join(home, "state.db"))
	if err != nil {
		return err
	}
	defer st.Close()
	var members []string
	for _, m := range ch.Members {
		if m.Role != identity.Hub {
			members = append(members, m.Name)
		}
	}
	log := a.logger("hub", id.Name())
	h, err := hub.New(hub.Config{Charter: ch, CharterFile: data, Members: members, Home: home, Store: st, Identity: id, Now: a.now, Log: log,
		Limits: hub.Limits{Disk: int64(file.DiskGiB) << 30}})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", file.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("the address %s is in use: stop the process that uses it, or write another listen address into %s", file.Listen, filepath.Join(home, hub.ConfigFile))
	}
	if errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("this account may not listen on %s: use a port above 1023 behind a forwarder, or grant the capability to bind low ports", file.Listen)
	}
	if err != nil {
		return fmt.Errorf("listen on %s: %w", file.Listen, err)
	}
	log.Info("serving", "listen", l.Addr().String(), "charter", ch.Digest(), "members", len(members))
	return h.Serve(ctx, l, identity.ServerTLS(leaf))
}

// hubCertificate loads the hub's certificate; its own it renews in time.
func (a *app) hubCertificate(home string, f hub.File) (*identity.Certificate, error) {
	now := a.now()
	if f.Certificate != "" {
		path := f.Certificate
		if !filepath.IsAbs(path) {
			path = filepath.Join(home, path)
		}
		leaf, err := identity.LoadCertificate(path)
		if err != nil {
			return nil, input(err)
		}
		if end := leaf.X509().NotAfter; now.After(end) {
			return nil, inputf("the certificate %s expired on %s: get a new one from its authority and start the hub again", path, end.Format(time.DateOnly))
		}
		return leaf, nil
	}
	root, err := identity.LoadCertificate(filepath.Join(home, rootFile))
	if err != nil {
		return nil, input(err)
	}
	if end := root.X509().NotAfter; now.After(end) {
		return nil, inputf("the hub's root certificate expired on %s: make a new hub and a new charter", end.Format(time.DateOnly))
	}
	path := filepath.Join(home, leafFile)
	if leaf, err := identity.LoadCertificate(path); err == nil && leaf.X509().NotAfter.After(now.AddDate(0, 1, 0)) && covers(leaf, f.Hosts) {
		return leaf, nil
	}
	leaf, err := root.NewLeaf(f.Hosts, now)
	if err != nil {
		return nil, err
	}
	return leaf, leaf.Save(path)
}

func covers(leaf *identity.Certificate, hosts []string) bool {
	for _, h := range hosts {
		if leaf.X509().VerifyHostname(h) != nil {
			return false
		}
	}
	return true
}

// logger writes one line per event to the error output. What it is given holds
// no data and no secret.
func (a *app) logger(role, name string) *slog.Logger {
	return slog.New(slog.NewTextHandler(a.err, nil)).With(role, name)
}
