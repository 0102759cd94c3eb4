package omop

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"hmsp.center/hmsp/format"
)

// An Address is a database with an OMOP common data model, as a path names it.
type Address struct {
	Schema     string // of the tables
	Vocabulary string // of CONCEPT and the like, where it is another; "" if not
	config     *pgconn.Config
}

// Parse reads a path such as postgres://user@host:5432/db?schema=cdm. What Format
// says of paths holds; a path that is refused is not repeated in the error.
func Parse(path string) (Address, error) {
	u, err := url.Parse(path)
	if err != nil || !isURL(path) || !plainHost(u.Hostname()) || strings.Contains(u.Path, "@") {
		return Address{}, refuse("this is no address of a database", "write postgres://user@host:5432/database?schema=cdm")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Address{}, refuse("what follows the ? cannot be read", "write schema=cdm, with & before each further setting")
	}
	if _, secret := u.User.Password(); secret || q.Has("password") || q.Has("sslpassword") {
		return Address{}, refuse("the address holds a password, which would be kept and shown with it",
			"leave it out and put it into the file ~/.pgpass, into the one that PGPASSFILE names, or into a service file (PGSERVICEFILE), which only the account that runs hmsp may read")
	}
	a := Address{Schema: "public"}
	for name, values := range q {
		if !setting(name) || len(values) != 1 {
			return Address{}, refuse(fmt.Sprintf("the setting %q is not one of those that an address may have, or is there twice", name),
				"use schema, vocabulary, sslmode, sslrootcert, sslcert, sslkey, host, port, user, connect_timeout, service, servicefile, passfile")
		}
	}
	if q.Has("schema") {
		a.Schema = q.Get("schema")
	}
	a.Vocabulary = q.Get("vocabulary")
	q.Del("schema")
	q.Del("vocabulary")
	if remote(u, q) && !q.Has("sslmode") && os.Getenv("PGSSLMODE") == "" {
		q.Set("sslmode", "verify-full")
	}
	u.RawQuery = q.Encode()
	if a.config, err = pgconn.ParseConfig(u.String()); err != nil {
		return Address{}, refuse("the address or a file that it names (certificate, key, service, password) cannot be used",
			"check each part, and that the account that runs hmsp may read the files")
	}
	if q.Has("service") && !q.Has("sslmode") && os.Getenv("PGSSLMODE") == "" && inClear(a.config) {
		return Address{}, refuse("the service names a server elsewhere, to which data could go unencrypted", "add sslmode=verify-full to the address")
	}
	if a.config.RuntimeParams["application_name"] == "" {
		a.config.RuntimeParams["application_name"] = "hmsp"
	}
	// An end of the context also ends the work on the server.
	a.config.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: cancelWait}
	}
	return a, nil
}

// refuse is the error about an address, which is not repeated: a part of it may be
// a mislaid password.
func refuse(text, mend string) error {
	return &format.Error{File: "postgres://", Text: text, Mend: mend}
}

// setting says whether an address may have a setting.
func setting(name string) bool {
	switch name {
	case "schema", "vocabulary", "sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port", "user", "connect_timeout", "service", "servicefile", "passfile":
		return true
	}
	return false
}

// plainHost says whether a host is a name or an address: not what a password with an
// odd letter leaves in its place.
func plainHost(host string) bool {
	if strings.Contains(host, ":") {
		_, err := netip.ParseAddr(host)
		return err == nil
	}
	return true
}

// remote says whether a server may be on another machine.
func remote(u *url.URL, q url.Values) bool {
	host := u.Hostname()
	if q.Has("host") {
		host = q.Get("host")
	}
	if host == "" && !q.Has("service") {
		host = os.Getenv("PGHOST")
	}
	return host != "" && !local(host)
}

// local says whether a host is this machine.
func local(host string) bool {
	switch host {
	case "localhost", "127.0.0.1", "::1":
		return true
	}
	return strings.HasPrefix(host, "/")
}

// inClear says whether a connection to another machine may be unencrypted.
func inClear(c *pgconn.Config) bool {
	if c.TLSConfig == nil && !local(c.Host) {
		return true
	}
	return slices.ContainsFunc(c.Fallbacks, func(f *pgconn.FallbackConfig) bool { return f.TLSConfig == nil && !local(f.Host) })
}
