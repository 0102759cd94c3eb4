package cli

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"hmsp.center/hmsp/internal/demo"
)

// A party is a process of the demo.
type party struct {
	name string
	cmd  *exec.Cmd
	done chan error
}

// start runs the hub and the sites as processes of this binary. stop ends them.
func (a *app) start(ctx context.Context, home, charter string) (parties []party, stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	stop = func() {
		cancel()
		for _, p := range parties {
			<-p.done
		}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, stop, err
	}
	run := func(name string, args ...string) error {
		log, err := os.Create(filepath.Join(home, name+".log"))
		if err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, self, args...)
		cmd.Stdout, cmd.Stderr = log, log
		// The process ends when this pipe does, so that none is left when the demo
		// itself is killed.
		if _, err := cmd.StdinPipe(); err != nil {
			log.Close()
			return fmt.Errorf("start %s: %w", name, err)
		}
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		cmd.WaitDelay = 5 * time.Second
		if err := cmd.Start(); err != nil {
			log.Close()
			return fmt.Errorf("start %s: %w", name, err)
		}
		p := party{name: name, cmd: cmd, done: make(chan error, 1)}
		go func() { p.done <- cmd.Wait(); log.Close() }()
		parties = append(parties, p)
		return nil
	}
	if err := run("hub", "hub", "serve", "--until-eof", "--home", filepath.Join(home, "hub"), "--charter", charter); err != nil {
		return parties, stop, err
	}
	for _, s := range demo.Sites() {
		if err := run(s, "site", "serve", "--until-eof", "--home", filepath.Join(home, s)); err != nil {
			return parties, stop, err
		}
	}
	return parties, stop, nil
}

// reachable waits until the hub listens, or a process has ended by itself.
func (a *app) reachable(ctx context.Context, address string, parties []party) error {
	for {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			return c.Close()
		}
		if err := a.crashed(parties); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// crashed names a process that ended by itself.
func (a *app) crashed(parties []party) error {
	for _, p := range parties {
		select {
		case err := <-p.done:
			p.done <- err
			return fmt.Errorf("the process of %s ended early: %v", p.name, err)
		default:
		}
	}
	return nil
}

func names(parties []party) []string {
	var out []string
	for _, p := range parties {
		out = append(out, p.name)
	}
	return out
}

// freePort finds a port of 127.0.0.1 that nobody uses.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
