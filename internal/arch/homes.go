package arch

import (
	"fmt"
	"strings"
)

// A home is where an outside library lives. Nothing else imports it, so that it
// can be replaced, and read, in one place.
type home struct {
	library string   // path prefix of its packages
	folders []string // with everything below
}

func homes() []home {
	return []home{
		{"cel.dev/cel-go", []string{"cohort"}},
		{"github.com/duckdb/duckdb-go", []string{"internal/warehouse", "internal/bench"}}, // asking; the alternative that users would pick
		{"github.com/parquet-go/parquet-go", []string{"format/parquet"}},
		{"github.com/klauspost/compress", []string{"format/vcf", "format/pgen", "format/bgen", "format/internal"}},
		{"github.com/muktihari/fit", []string{"format/fit"}},
		{"github.com/suyashkumar/dicom", []string{"format/dicom"}},
		{"golang.org/x/image", []string{"format/picture", "format/dicom"}},
		{"github.com/apache/arrow-go", []string{"table/pool"}},
		{"github.com/jackc/pgx", []string{"format/omop", "internal/warehouse"}}, // reading, and asking where the data are
		{"golang.org/x/sys", []string{"table/pool"}},
		{"github.com/goccy/go-yaml", []string{"manifest", "analysis/analysistest"}},
		{"github.com/santhosh-tekuri/jsonschema", []string{"manifest"}},
		{"golang.org/x/text", []string{"manifest"}}, // the language of jsonschema's messages
		{"github.com/spf13", []string{"internal/cli"}},
		{"go.etcd.io/bbolt", []string{"internal/store"}},
		{"github.com/cloudflare/circl", []string{"secure/share"}},
		{"gonum.org/v1/gonum", []string{"analysis", "disclosure", "dp/account", "secure/securetest"}},
		{"golang.org/x/net/http/httpproxy", []string{"federation/client", "internal/site"}}, // the site's doctor asks which proxy would be used
		{"golang.org/x/sync", []string{"internal"}},
		{"golang.org/x/mod", []string{"audit"}},
		{"github.com/cedar-policy/cedar-go", []string{"law/policy"}},
	}
}

// checkHomes: each outside library has one home in the tree (DESIGN section 13).
// Tests are free.
func checkHomes(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.sorted() {
		for _, i := range imports(p.Files) {
			if i.Ours || i.standard() {
				continue
			}
			if text := stray(p.Path, i.Path); text != "" {
				out = append(out, Finding{"homes", t.at(i.Where), text})
			}
		}
	}
	return out
}

func stray(pkg, library string) string {
	for _, h := range homes() {
		if !within(library, h.library) && !strings.HasPrefix(library, h.library) {
			continue
		}
		if within(pkg, h.folders...) {
			return ""
		}
		return fmt.Sprintf("%s imports %s, whose home is %s", pkg, library, strings.Join(h.folders, ", "))
	}
	return fmt.Sprintf("%s imports %s, which has no home; choose one in internal/arch/homes.go", pkg, library)
}

// checkRandom: keys, shares, masks and noise never come from math/rand.
func checkRandom(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.sorted() {
		if !within(p.Path, "secure", "dp", "identity") || within(p.Path, testSupport()...) {
			continue
		}
		for _, i := range imports(p.Files) {
			if i.standard() && within(i.Path, "math/rand") {
				out = append(out, Finding{"random", t.at(i.Where), fmt.Sprintf("%s imports %s, which is predictable; use crypto/rand", p.Path, i.Path)})
			}
		}
	}
	return out
}

// checkTestSupport: what the product ships imports neither testing nor a package
// for tests.
func checkTestSupport(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.sorted() {
		if within(p.Path, testSupport()...) {
			continue
		}
		for _, i := range imports(p.Files) {
			if i.standard() && within(i.Path, "testing") || i.Ours && within(i.Path, testSupport()...) {
				out = append(out, Finding{"testsupport", t.at(i.Where), fmt.Sprintf("%s imports %s outside its tests", p.Path, i.Path)})
			}
		}
	}
	return out
}
