package bench

import (
	"context"
	"database/sql"
	"errors"

	_ "github.com/duckdb/duckdb-go/v2" // the alternative that many would pick
)

// A duckDB is an embedded database as anyone would open it: without limits, on all
// cores.
type duckDB struct{ *sql.DB }

func openDuckDB() (duckDB, error) {
	db, err := sql.Open("duckdb", "")
	return duckDB{db}, err
}

// observations makes a table of the file's Observations.
func (d duckDB) observations(ctx context.Context, path string) (v values, err error) {
	if _, err := d.ExecContext(ctx, `CREATE OR REPLACE TEMP TABLE m AS SELECT subject.reference AS patient, effectiveDateTime AS time,
		code.coding[1].system || '|' || code.coding[1].code AS code, status, valueQuantity.code AS unit, valueQuantity.value AS value
		FROM read_ndjson(?, columns = {subject: 'STRUCT(reference VARCHAR)', effectiveDateTime: 'VARCHAR', status: 'VARCHAR',
		code: 'STRUCT(coding STRUCT(system VARCHAR, code VARCHAR)[])', valueQuantity: 'STRUCT(value DOUBLE, code VARCHAR)'})`, path); err != nil {
		return v, err
	}
	err = d.QueryRowContext(ctx, "SELECT count(*), sum(value) FROM m").Scan(&v.rows, &v.sum)
	_, dropped := d.ExecContext(ctx, "DROP TABLE m")
	return v, errors.Join(err, dropped)
}

// windows answers the question of windowedCohort from the CSV file that was registered.
func (d duckDB) windows(ctx context.Context, path string) (f features, err error) {
	err = d.QueryRowContext(ctx, `WITH visits AS (SELECT patient, time, CAST(time AS DATE) AS d, birth, hba1c, diabetes
			FROM read_csv(?, header = true, columns = {patient: 'VARCHAR', birth: 'DATE', time: 'TIMESTAMP', hba1c: 'DOUBLE', diabetes: 'INTEGER'})),
		entry AS (SELECT patient, min(d) AS day, any_value(birth) AS birth FROM visits WHERE diabetes = 1 GROUP BY patient),
		made AS (SELECT date_sub('year', any_value(entry.birth), day) AS age,
				max_by(hba1c, time) FILTER (d BETWEEN day - INTERVAL 365 DAY AND day) AS before,
				least(count(*) FILTER (d BETWEEN day - INTERVAL 365 DAY AND day), 50) AS tests,
				avg(hba1c) FILTER (d BETWEEN day AND day + INTERVAL 60 MONTH) AS mean
			FROM entry JOIN visits USING (patient) WHERE hba1c IS NOT NULL GROUP BY patient, day)
		SELECT count(*), sum(age), sum(before), sum(tests), sum(mean) FROM made WHERE age >= 18 AND tests >= 1 AND mean IS NOT NULL`, path).
		Scan(&f.People, &f.Age, &f.Before, &f.Tests, &f.Mean)
	return f, err
}
