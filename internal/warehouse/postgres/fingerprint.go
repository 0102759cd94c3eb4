package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"hmsp.center/hmsp/format/omop"
)

// Fingerprint is a digest of the rows of some relations, in whatever order the
// database has them: for each its name, the number of rows, and the sums of the
// first and the second 64 bits of their SHA-256. So data that have changed are
// noticed; it is no proof against somebody who chooses rows. It is computed in the
// database and stays at the site.
func (s *Snapshot) Fingerprint(ctx context.Context, relations ...Relation) (string, error) {
	all := sha256.New()
	fmt.Fprint(all, "hmsp/warehouse/postgres fingerprint v1\n")
	for _, r := range relations {
		if !nameForm.MatchString(r.Name) {
			return "", fmt.Errorf("%q cannot be the name of a relation", r.Name)
		}
		result, err := s.begin(ctx, "WITH r AS ("+r.SQL+`) SELECT CAST(COUNT(*) AS TEXT) || ' ' || CAST(COALESCE(SUM(a), 0) AS TEXT) || ' ' || CAST(COALESCE(SUM(b), 0) AS TEXT)
			FROM (SELECT CAST(CAST('x' || SUBSTR(d, 1, 16) AS BIT(64)) AS BIGINT) AS a, CAST(CAST('x' || SUBSTR(d, 17, 16) AS BIT(64)) AS BIGINT) AS b
			FROM (SELECT ENCODE(SHA256(CONVERT_TO(CAST(r AS TEXT), 'UTF8')), 'hex') AS d FROM r) digests) sums`, r.Args)
		if err != nil {
			return "", err
		}
		sums := ""
		for result.NextRow() {
			sums = string(result.Values()[0])
		}
		if _, err := result.Close(); err != nil {
			return "", omop.Plain(ctx, s.path, err)
		}
		fmt.Fprintf(all, "%s %s\n", r.Name, sums)
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}
