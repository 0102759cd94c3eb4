// Package warehouse asks an embedded database which rows of a table belong to a
// cohort, and what a timeline makes of a history. It is the only package that knows
// DuckDB.
//
// A database lives in memory for one question. Before it is asked it is locked: no
// file, no network, no extension, no temporary file, and no way to change that
// again. It holds no rows: it reads those of the caller through one table function.
// The question is the fixed-vocabulary SQL of packages cohort and timeline; every
// constant is a bound parameter. An error names a kind of failure and never repeats
// what the database said, because that may quote data.
package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/duckdb/duckdb-go/v2"
)

// DefaultMemory is how many bytes a database may use where it is not said.
const DefaultMemory = 2 << 30

// locks are run in this order on a new database; the last makes them final.
func locks(memory int64) []string {
	return []string{
		fmt.Sprintf("SET memory_limit = '%dKiB'", memory>>10),
		"SET threads = 2",
		"SET temp_directory = ''",
		"SET max_temp_directory_size = '0KB'",
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET allow_community_extensions = false",
		"SET allow_unsigned_extensions = false",
		"SET ieee_floating_point_ops = true", // division by zero as package cohort defines it
		"SET preserve_insertion_order = false",
		"SET disabled_filesystems = 'LocalFileSystem'",
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	}
}

// open makes a locked database that reads the relations.
func (c *catalog) open(ctx context.Context, memory int64) (conn *sql.Conn, done func(), err error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, nil, err
	}
	db := sql.OpenDB(connector)
	if conn, err = db.Conn(ctx); err == nil {
		if err = c.serve(conn); err == nil {
			err = lock(ctx, conn, memory)
		}
	}
	done = func() {
		if conn != nil {
			conn.Close()
		}
		db.Close()
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return conn, done, nil
}

func lock(ctx context.Context, conn *sql.Conn, memory int64) error {
	for _, s := range locks(memory) {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// plain is an error without the database's own words.
func plain(ctx context.Context, memory int64, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var e *duckdb.Error
	if errors.As(err, &e) && e.Type == duckdb.ErrorTypeOutOfMemory {
		return fmt.Errorf("the database ran out of its memory limit of %d MB; ask over fewer columns or rows", memory>>20)
	}
	return errors.New("the embedded database refused the question; this is a fault of the program, please report the expression")
}
