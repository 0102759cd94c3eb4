package difference

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
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
	Rows      []int // of the table
}

// Refused says that an answer is not given because of earlier ones.
type Refused struct {
	Variable string
	Floor    int
	Sites    bool // it is the sites that are too few
}

func (r *Refused) Error() string {
	if r.Sites {
		return fmt.Sprintf("with what was answered before about %q, the sum over these sites would tell of fewer than %d sites: ask the same sites as before, or use a private study", r.Variable, r.Floor)
	}
	return fmt.Sprintf("with what was answered before about %q, the answer would tell of fewer than %d patients: ask about the same patients as before, or about clearly other ones, or use a private study (`privacy:`)", r.Variable, r.Floor)
}

// Admit checks the uses of a study against the history of a dataset and adds them
// to it, durably, before it returns: all of them, or on an error none. What it
// returns names, by variable, the set of values that is used: it is what Agree
// compares.
func (g *Guard) Admit(dataset string, t table.Table, uses []Use) (map[string][][]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	histories, sets := map[string]*history{}, map[string][][]byte{}
	for _, u := range uses {
		for _, name := range u.Variables {
			h := histories[name]
			if h == nil {
				var err error
				if h, err = g.history(dataset, name); err != nil {
					return nil, err
				}
				histories[name] = h
			}
			set := h.members(g.values(t, name, u.Rows))
			if set.IsEmpty() {
				continue
			}
			if !h.Admits(set, g.floor) {
				return nil, &Refused{Variable: name, Floor: int(g.floor)}
			}
			h.Refine(set)
			sets[name] = append(sets[name], h.digest(set))
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

// values are the keyed hashes of a variable's values in the given rows, one per
// row that has one: of patient and value where the patients have names, else of
// the value and which occurrence of it this is.
func (g *Guard) values(t table.Table, name string, rows []int) []uint64 {
	mac := hmac.New(sha256.New, g.key)
	numbers, codes := t.Numbers(name), t.Codes(name)
	times := map[[2]uint64]uint64{} // patient and value -> occurrences so far
	var out []uint64
	for _, r := range rows {
		var value uint64
		switch {
		case codes != nil && codes[r] >= 0:
			value = uint64(codes[r])
		case codes == nil && numbers != nil && !math.IsNaN(numbers[r]):
			value = math.Float64bits(numbers[r])
		default:
			continue
		}
		at := [2]uint64{0, value}
		if t.Pseudonyms != nil {
			at[0] = t.Pseudonyms[r]
		}
		times[at]++
		var b [24]byte
		binary.LittleEndian.PutUint64(b[:], at[0])
		binary.LittleEndian.PutUint64(b[8:], at[1])
		binary.LittleEndian.PutUint64(b[16:], times[at])
		mac.Reset()
		mac.Write(b[:])
		out = append(out, binary.LittleEndian.Uint64(mac.Sum(nil)))
	}
	return out
}

// Pseudonym is the keyed hash of a patient's name.
func (g *Guard) Pseudonym(patient string) uint64 {
	mac := hmac.New(sha256.New, g.key)
	mac.Write([]byte("patient\x00" + patient))
	return binary.LittleEndian.Uint64(mac.Sum(nil))
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
