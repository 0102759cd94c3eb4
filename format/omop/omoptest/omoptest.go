//go:build unix

// Package omoptest lends tests a PostgreSQL server of their own, and fills it with
// the tables of an OMOP common data model. The server listens on a socket in a
// folder that goes with the test, and on no network.
package omoptest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Start runs a server until the test ends, and returns the address of an empty
// database on it: postgres://hmsp@/postgres?host=…&schema=cdm. The test is skipped
// where PostgreSQL is not installed.
func Start(t testing.TB) string {
	t.Helper()
	initdb, server := program("initdb"), program("postgres")
	if initdb == "" || server == "" {
		t.Skip("PostgreSQL is not installed (apt-get install postgresql), so nothing is read from it")
	}
	dir, err := os.MkdirTemp("", "pg") // short, because a socket's path is bounded
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	as := owner(t, dir)
	run := func(name string, args ...string) *exec.Cmd {
		c := exec.Command(name, args...)
		c.Dir, c.SysProcAttr = dir, as
		c.Env = append(os.Environ(), "LC_ALL=C", "HOME="+dir)
		return c
	}
	data := filepath.Join(dir, "data")
	if out, err := run(initdb, "-D", data, "-U", "hmsp", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	noOrphan(as)
	c := run(server, "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "timezone=Europe/Berlin", "-c", "max_connections=20", "-F")
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() { gone <- c.Wait() }()
	t.Cleanup(func() { stop(c, gone) })
	address := "postgres://hmsp@/postgres?" + url.Values{"host": {dir}, "schema": {"cdm"}}.Encode()
	wait(t, address, gone, log.Name())
	return address
}

// program finds one of PostgreSQL's: on the PATH, or where Debian keeps it.
func program(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

// owner gives the folder to an account that is not root, as which the server does
// not run, if this process is root.
func owner(t testing.TB, dir string) *syscall.SysProcAttr {
	if os.Getuid() != 0 {
		return &syscall.SysProcAttr{}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 != nil || err2 != nil || os.Chown(dir, uid, gid) != nil {
			continue
		}
		return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	t.Skip("PostgreSQL does not run as root, and there is no account postgres or nobody to run it as")
	return nil
}

func stop(c *exec.Cmd, gone <-chan error) {
	_ = c.Process.Signal(syscall.SIGINT) // a fast shutdown
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		_ = c.Process.Kill()
		<-gone
	}
}

// wait until the server answers.
func wait(t testing.TB, address string, gone chan error, log string) {
	for range 300 {
		conn, err := connect(t.Context(), address)
		if err == nil {
			_ = conn.Close(t.Context())
			return
		}
		select {
		case err := <-gone:
			gone <- err
			text, _ := os.ReadFile(log)
			t.Fatalf("the server ended: %v\n%s", err, text)
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatal("the server does not answer within 30 seconds")
}

func connect(ctx context.Context, address string) (*pgconn.PgConn, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	q := u.Query()
	q.Del("schema")
	u.RawQuery = q.Encode()
	return pgconn.Connect(ctx, u.String())
}

// Exec runs statements on the server.
func Exec(t testing.TB, address, sql string) {
	t.Helper()
	conn, err := connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", sql, err))
	}
}
