package omop

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"hmsp.center/hmsp/format"
)

// cancelWait is how long a server has to end a question that nobody waits for.
const cancelWait = 2 * time.Second

// Connect begins a read-only transaction that sees the database as it is at one
// moment. Names are looked up in the system's schema alone, so that nothing that
// lies in another changes what a statement means. Errors are *format.Error about
// path, or ctx.Err().
func (a Address) Connect(ctx context.Context, path string) (*pgconn.PgConn, error) {
	conn, err := pgconn.ConnectConfig(ctx, a.config.Copy())
	if err != nil {
		return nil, Plain(ctx, path, err)
	}
	_, err = conn.Exec(ctx, `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
		SET LOCAL client_encoding = 'UTF8'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL extra_float_digits = 1;
		SET LOCAL synchronize_seqscans = off; SET LOCAL search_path = pg_catalog`).ReadAll()
	if err != nil {
		Disconnect(conn)
		return nil, Plain(ctx, path, err)
	}
	return conn, nil
}

// Disconnect ends the transaction with its connection.
func Disconnect(conn *pgconn.PgConn) {
	ctx, cancel := context.WithTimeout(context.Background(), cancelWait)
	defer cancel()
	_ = conn.Close(ctx) // nothing was written
}

// A database is a source in PostgreSQL: one connection, in one transaction.
type database struct {
	path   string
	conn   *pgconn.PgConn
	tables map[string]rawTable
	place  map[string]string   // of a table: its quoted name
	exprs  map[string][]string // of a table: what to select for each column
	limits format.Options
}

func openDatabase(ctx context.Context, path string, o format.Options) (source, error) {
	a, err := Parse(path)
	if err != nil {
		return nil, err
	}
	conn, err := a.Connect(ctx, path)
	if err != nil {
		return nil, err
	}
	d := newDatabase(path, conn, o)
	if err := d.catalogue(ctx, a); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func newDatabase(path string, conn *pgconn.PgConn, o format.Options) *database {
	return &database{path: path, conn: conn, tables: map[string]rawTable{}, place: map[string]string{}, exprs: map[string][]string{}, limits: o}
}

// columnsSQL lists the columns of the tables and views of two schemas, those of the
// first first. Domains stand for the types under them.
const columnsSQL = `SELECT n.nspname = $1, n.nspname, c.relname, c.reltuples::int8, a.attname, coalesce(b.typname, t.typname), coalesce(b.typtype, t.typtype)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
WHERE n.nspname IN ($1, $2) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY 1 DESC, c.relname, a.attnum`

// catalogue finds the tables. In the vocabulary's schema only tables of vocabularies
// count, and only those that the other lacks.
func (d *database) catalogue(ctx context.Context, a Address) error {
	result := d.conn.ExecParams(ctx, columnsSQL, [][]byte{[]byte(a.Schema), []byte(a.Vocabulary)}, nil, nil, nil)
	for result.NextRow() {
		v := result.Values()
		schema, name, column := string(v[1]), string(v[2]), string(v[4])
		table, main := strings.ToLower(name), string(v[0]) == "t"
		place := Quote(schema) + "." + Quote(name)
		if have, ok := d.place[table]; ok && have != place || !main && !isVocabulary(table) {
			if main {
				_, _ = result.Close()
				return &format.Error{File: d.path, Text: "two tables of the schema are called " + table + " but for the case of letters", Mend: "rename one of them"}
			}
			continue
		}
		d.place[table] = place
		t := d.tables[table]
		if t.name == "" {
			t = rawTable{name: table, from: d.path + " (table " + table + ")", rows: -1}
			if n, err := strconv.ParseInt(string(v[3]), 10, 64); err == nil && n > 0 {
				t.rows = n // an estimate: 0 also stands for never counted
			}
		}
		c, expr := selected(column, string(v[5]), string(v[6]), kindOf(table, strings.ToLower(column)))
		t.columns = append(t.columns, typed(table, c))
		t.written = append(t.written, column)
		d.tables[table] = t
		d.exprs[table] = append(d.exprs[table], expr)
	}
	if _, err := result.Close(); err != nil {
		return Plain(ctx, d.path, err)
	}
	if len(d.tables) == 0 {
		return &format.Error{File: d.path, Text: "the database shows no tables in the schema " + strconv.Quote(a.Schema),
			Mend: "name the schema of the OMOP tables with ?schema=, and let this user read it"}
	}
	for name, t := range d.tables {
		if err := format.Unique(t.from, 0, t.columns); err != nil && known(name) {
			return err
		}
	}
	return nil
}

// selected is how a column is read: as one of four types of the wire.
func selected(column, base, class string, k kind) (c format.Column, expr string) {
	c, expr = format.Column{Name: strings.ToLower(column)}, Quote(column)
	switch base {
	case "int2", "int4", "int8":
		c.Kind, expr = format.Int, expr+"::int8"
	case "float4", "float8":
		c.Kind, expr = format.Float, expr+"::float8"
	case "numeric":
		c.Kind, expr = format.Float, expr+"::float8"
		if k == integer || k == text { // as large as they are
			c.Kind, expr = format.Text, Quote(column)+"::text"
		}
	case "bool":
		c.Kind = format.Bool
	case "text", "varchar", "bpchar", "char", "name", "uuid", "date", "timestamp", "timestamptz":
		c.Kind, expr = format.Text, expr+"::text"
	default:
		if c.Kind, expr = format.Text, expr+"::text"; class != "e" {
			c.Kind, c.Why = format.Unknown, "of type "+base
		}
	}
	return c, expr
}

// Quote is a name as SQL writes it.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (d *database) names() []string { return slices.Sorted(maps.Keys(d.tables)) }

func (d *database) table(ctx context.Context, name string) (rawTable, error) {
	return d.tables[name], ctx.Err()
}

func (d *database) close() {
	if d.conn != nil {
		Disconnect(d.conn)
		d.conn = nil
	}
}

// Plain says what a database answered without repeating it, because it may quote
// data: what is wrong by the SQLSTATE (PostgreSQL, appendix A).
func Plain(ctx context.Context, path string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var known *format.Error
	if errors.As(err, &known) {
		return err
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return &format.Error{File: path, Text: "the database cannot be reached, or went away", Mend: "check host, port, user, certificate (sslrootcert) and that the server runs"}
	}
	text, mend := "the database refuses with SQLSTATE "+pg.Code, "ask its administrator what its log says"
	switch {
	case strings.HasPrefix(pg.Code, "28"):
		text, mend = "the database does not let this user in", "check the user, and the password in ~/.pgpass, PGPASSFILE or PGSERVICEFILE"
	case pg.Code == "3D000":
		text, mend = "there is no such database on the server", "check its name"
	case pg.Code == "42501":
		text, mend = "this user may not read a table or the schema", "let it: GRANT USAGE ON SCHEMA …, GRANT SELECT ON ALL TABLES IN SCHEMA …"
	case pg.Code == "22003":
		text, mend = "a column holds a number beyond what can be computed with", "correct the value"
	case strings.HasPrefix(pg.Code, "53"), strings.HasPrefix(pg.Code, "57"):
		text, mend = "the database has no room or was stopped (SQLSTATE "+pg.Code+")", "try again later"
	}
	return &format.Error{File: path, Text: text, Mend: mend}
}
