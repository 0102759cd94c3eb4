package difference

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"hmsp.center/hmsp/table"
)

// A Store keeps the guard's histories. Put is durable, and all or nothing.
type Store interface {
	Get(key string) ([]byte, error) // nil where there is none
	Put(values map[string][]byte) error
}

// A Guard compares what is asked with what was answered before. Make it with New.
type Guard struct {
	mu    sync.Mutex
	store Store
	key   []byte // of the hashes of members
	floor uint64
	sites uint64
}

// New makes the guard of a site: floor is the fewest patients that a combination
// of answers may tell of, sites the fewest sites. key, of 32 bytes, is the site's
// secret.
func New(store Store, key []byte, floor, sites int) (*Guard, error) {
	if len(key) < 32 || floor < 1 || sites < 1 {
		return nil, fmt.Errorf("differencing guard: want a key of 32 bytes and floors of 1 or more")
	}
	return &Guard{store: store, key: key, floor: uint64(floor), sites: uint64(sites)}, nil
}

// A Use is what one analysis of an exact study reads of a dataset: which rows, and
// which variables. A row counts for a variable where its value is there.
type Use struct {
	Variables []string
	As        func(variable string) string // the name of its history; nil: its own
	Rows      []int                        // of the table
}

// Refused says that an answer is not given because of earlier ones.
type Refused struct {
	Variable string // "": it is how many there are
	Floor    int
	Sites    bool // it is the sites that are too few
}

func (r *Refused) Error() string {
	what := fmt.Sprintf("about %q", r.Variable)
	if r.Variable == headcount {
		what = "about how many there are"
	}
	if r.Sites {
		return fmt.Sprintf("with what was answered before %s, the sum over these sites would tell of fewer than %d sites: ask the same sites as before, or use a private study", what, r.Floor)
	}
	return fmt.Sprintf("with what was answered before %s, or with another analysis of this study, the answer would tell of fewer than %d patients: ask about the same patients everywhere (`!missing(x)` in the cohort), or about clearly other ones, or use a private study (`privacy:`)", what, r.Floor)
}

// headcount is in the place of a variable: every answer tells how many there are, so
// that answers about different variables can be subtracted too.
const headcount = ""

// Admit checks the uses of a study against the history of a dataset and adds them
// to it, durably, before it returns: all of them, or on an error none. What it
// returns names, by variable, the set of values that is used: it is what Agree
// compares.
func (g *Guard) Admit(dataset string, t table.Table, uses []Use) (map[string][][]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	histories, sets := map[string]*history{}, map[string][][]byte{}
	admit := func(name string, hashes []uint64) (err error) {
		h := histories[name]
		if h == nil {
			if h, err = g.history(dataset, name); err != nil {
				return err
			}
			histories[name] = h
		}
		set := h.members(hashes)
		if set.IsEmpty() {
			return nil
		}
		if !h.Admits(set, g.floor) {
			return &Refused{Variable: name, Floor: int(g.floor)}
		}
		h.Refine(set)
		sets[name] = append(sets[name], h.digest(set))
		return nil
	}
	for _, u := range uses {
		for _, name := range u.Variables {
			as := name
			if u.As != nil {
				as = u.As(name)
			}
			if err := admit(as, g.values(t, name, u.Rows)); err != nil {
				return nil, err
			}
		}
		if err := admit(headcount, g.people(t, u)); err != nil {
			return nil, err
		}
	}
	changes := map[string][]byte{}
	for name, h := range histories {
		if h.Smallest() < g.floor && h.Len() > 0 {
			return nil, &Refused{Variable: name, Floor: int(g.floor)}
		}
		b, err := h.encode()
		if err != nil {
			return nil, err
		}
		changes[patientsKey(dataset, name)] = b
	}
	if err := g.store.Put(changes); err != nil {
		return nil, fmt.Errorf("keep the history of cohorts: %w", err)
	}
	return sets, nil
}

// Agree checks a set of contributors against those of earlier sums over the same
// patients of this site, and adds it to the history, durably. sets is what Admit
// returned for the study.
func (g *Guard) Agree(dataset string, sets map[string][][]byte, contributors []string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	changes := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		for _, digest := range sets[name] {
			key := sitesKey(dataset, name, digest)
			h, err := g.sitesOf(key)
			if err != nil {
				return err
			}
			set := h.named(contributors)
			if !h.Admits(set, g.sites) {
				return &Refused{Variable: name, Floor: int(g.sites), Sites: true}
			}
			h.Refine(set)
			if changes[key], err = h.encode(); err != nil {
				return err
			}
		}
	}
	if err := g.store.Put(changes); err != nil {
		return fmt.Errorf("keep the history of contributors: %w", err)
	}
	return nil
}

func patientsKey(dataset, variable string) string {
	return strings.Join([]string{"patients", dataset, variable}, "\x00")
}

func sitesKey(dataset, variable string, digest []byte) string {
	return strings.Join([]string{"sites", dataset, variable, string(digest)}, "\x00")
}

// history reads what was answered about a variable.
func (g *Guard) history(dataset, variable string) (*history, error) {
	b, err := g.store.Get(patientsKey(dataset, variable))
	if err != nil {
		return nil, fmt.Errorf("read the history of cohorts: %w", err)
	}
	h, err := decodeHistory(b)
	if err != nil {
		return nil, fmt.Errorf("the history of cohorts of %q is damaged: %w", variable, err)
	}
	return h, nil
}

func (g *Guard) sitesOf(key string) (*contributors, error) {
	b, err := g.store.Get(key)
	if err != nil {
		return nil, fmt.Errorf("read the history of contributors: %w", err)
	}
	c, err := decodeContributors(b)
	if err != nil {
		return nil, fmt.Errorf("the history of contributors is damaged: %w", err)
	}
	return c, nil
}

// roaringOf makes a bitmap of dense numbers.
func roaringOf(xs []uint32) *roaring.Bitmap { return roaring.BitmapOf(xs...) }
