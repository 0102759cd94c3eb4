package researcher

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hmsp.center/hmsp/atomicfile"
)

func (r *Researcher) path(digest string) string {
	return filepath.Join(r.member.Home, studiesDir, digest+".json")
}

func (r *Researcher) keep(digest string, rec Record) error {
	b, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("record of study %s: %w", digest, err)
	}
	return atomicfile.Write(r.path(digest), b, 0o600)
}

// Get reads the record of a study by its digest.
func (r *Researcher) Get(digest string) (Record, error) {
	var rec Record
	b, err := os.ReadFile(r.path(filepath.Base(digest)))
	if err != nil {
		return rec, fmt.Errorf("study %s: %w", digest, err)
	}
	if err := json.Unmarshal(b, &rec); err != nil {
		return rec, fmt.Errorf("record of study %s: %w", digest, err)
	}
	if rec.Study == nil {
		return rec, fmt.Errorf("record of study %s holds no study: move %s away", digest, r.path(digest))
	}
	return rec, nil
}

// List names the studies of this home, newest first.
func (r *Researcher) List() ([]string, error) {
	files, err := filepath.Glob(r.path("*"))
	if err != nil {
		return nil, err
	}
	at := map[string]time.Time{}
	var out []string
	for _, f := range files {
		d := strings.TrimSuffix(filepath.Base(f), ".json")
		rec, err := r.Get(d)
		if err != nil {
			return nil, err
		}
		at[d] = rec.Submitted
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b string) int { return at[b].Compare(at[a]) })
	return out, nil
}

// Find returns the digest of the study that a name or the beginning of a digest
// means; of several with one name, the newest.
func (r *Researcher) Find(what string) (string, error) {
	all, err := r.List()
	if err != nil {
		return "", err
	}
	for _, d := range all {
		rec, err := r.Get(d)
		if err != nil {
			return "", err
		}
		if rec.Study.Study.Name == what || len(what) >= 6 && strings.HasPrefix(d, what) {
			return d, nil
		}
	}
	return "", fmt.Errorf("no study %q was submitted from here; `hmsp study list` lists them", what)
}
