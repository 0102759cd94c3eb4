// Package difference is the guard of exact answers against their differences: it
// refuses an answer that, taken together with those given before, would tell of
// too few patients, or of too few sites.
//
// Every sum that was opened is a sum over some set of patients. What can be
// computed from several such sums without error is their linear combinations, and
// a combination counts each patient with the same weight as every other patient
// who was in the same sets. The guard keeps those classes, the atoms of the
// history: as long as each has at least floor members, no combination of answers,
// however many, tells of fewer than floor patients. Two cohorts that differ by one
// patient, a cohort and its three parts, or the same cohort a day later with one
// patient more are all refused by this one rule. The same rule over sites keeps a
// withdrawn site's part from being the difference of two sums.
//
// The history is kept per dataset and variable, since only sums that read one
// variable can be subtracted; and once more for how many patients there are, which
// every answer tells, whatever variable it reads. A member is a patient with all of
// his values: who has another value, or one more, is another member, so that atoms
// count patients and not rows. Histories are read and written from beginning to end,
// one after the other, so that a set is the only thing that needs memory: 8 bytes for
// each of its members.
//
// It serves the door of a site. It refuses by [*Refused], whose text names the
// variable and the floor, never a count.
package difference

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"hmsp.center/hmsp/table"
)

// A Store keeps the guard's histories.
type Store interface {
	// Change begins a change of what is kept.
	Change() (Change, error)
}

// A Change is of several histories, and all or nothing.
type Change interface {
	// Open reads a history as the change has it; nil where there is none.
	Open(key string) (io.ReadCloser, error)
	// Write has a history written anew. What was there can be read meanwhile.
	Write(key string, write func(io.Writer) error) error
	// Commit keeps what was written, durably.
	Commit() error
	// Abort forgets it, and does nothing after Commit.
	Abort()
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
	Rows      table.Subset
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
	change, err := g.store.Change()
	if err != nil {
		return nil, unkept("cohorts", err)
	}
	defer change.Abort()
	sets := map[string][][]byte{}
	histories, asked := g.asked(t, uses)
	for _, name := range histories {
		digests, err := g.admit(change, patientsKey(dataset, name), name, t, asked[name])
		if err != nil {
			return nil, err
		}
		if len(digests) > 0 {
			sets[name] = digests
		}
	}
	if err := change.Commit(); err != nil {
		return nil, unkept("cohorts", err)
	}
	return sets, nil
}

func unkept(of string, err error) error { return fmt.Errorf("keep the history of %s: %w", of, err) }

// A question is a set of a history: of the rows, those with a value of the variable, or
// all for the headcount.
type question struct {
	variable string
	rows     table.Subset
}

// asked are the histories that the uses concern, in the order in which they do, and the
// questions of each. A question that repeats another changes nothing and is left out.
func (g *Guard) asked(t table.Table, uses []Use) (histories []string, of map[string][]question) {
	of = map[string][]question{}
	add := func(history string, q question) {
		if _, known := of[history]; !known {
			histories = append(histories, history)
		}
		same := func(o question) bool { return o.variable == q.variable && o.rows.Equal(q.rows) }
		if !slices.ContainsFunc(of[history], same) {
			of[history] = append(of[history], q)
		}
	}
	for _, u := range uses {
		for _, name := range u.Variables {
			as := name
			if u.As != nil {
				as = u.As(name)
			}
			add(as, question{name, u.Rows})
		}
		add(headcount, question{headcount, counted(t, u)})
	}
	return histories, of
}

// admit puts the questions of one history to it, one after the other.
func (g *Guard) admit(change Change, key, history string, t table.Table, questions []question) (digests [][]byte, err error) {
	for _, q := range questions {
		set := g.members(t, q)
		var of *tally
		if err := reading(change, key, func(r io.Reader) (err error) { of, err = compare(r, set); return err }); err != nil {
			return nil, damaged(history, err)
		}
		if len(set) > 0 {
			digests = append(digests, digest(set))
		}
		if n := of.smallest(); !of.admits(g.floor) || n > 0 && n < g.floor {
			return nil, &Refused{Variable: history, Floor: int(g.floor)}
		}
		if !of.changes() {
			continue
		}
		if err := change.Write(key, func(w io.Writer) error {
			return reading(change, key, func(r io.Reader) error { return refine(w, r, set, of) })
		}); err != nil {
			return nil, unkept("cohorts", err)
		}
	}
	return digests, nil
}

// reading gives what is kept under a key to do; nil where there is nothing.
func reading(change Change, key string, do func(io.Reader) error) error {
	r, err := change.Open(key)
	if err != nil {
		return err
	}
	if r == nil {
		return do(nil)
	}
	defer r.Close()
	return do(r)
}

// Agree checks a set of contributors against those of earlier sums over the same
// patients of this site, and adds it to the history, durably. sets is what Admit
// returned for the study.
func (g *Guard) Agree(dataset string, sets map[string][][]byte, sites []string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	change, err := g.store.Change()
	if err != nil {
		return unkept("contributors", err)
	}
	defer change.Abort()
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		for _, digest := range sets[name] {
			if err := g.agree(change, sitesKey(dataset, name, digest), name, sites); err != nil {
				return err
			}
		}
	}
	if err := change.Commit(); err != nil {
		return unkept("contributors", err)
	}
	return nil
}

func (g *Guard) agree(change Change, key, variable string, sites []string) error {
	var kept []byte
	err := reading(change, key, func(r io.Reader) (err error) {
		if r != nil {
			kept, err = io.ReadAll(r)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read the history of contributors: %w", err)
	}
	c, err := decodeContributors(kept)
	if err != nil {
		return fmt.Errorf("the history of contributors is damaged: %w", err)
	}
	of := c.compare(sites)
	if !of.admits(g.sites) {
		return &Refused{Variable: variable, Floor: int(g.sites), Sites: true}
	}
	if !of.changes() {
		return nil
	}
	c.refine(sites)
	b, err := c.encode()
	if err != nil {
		return unkept("contributors", err)
	}
	err = change.Write(key, func(w io.Writer) error { _, err := w.Write(b); return err })
	if err != nil {
		return unkept("contributors", err)
	}
	return nil
}

func patientsKey(dataset, variable string) string {
	return strings.Join([]string{"patients", dataset, variable}, "\x00")
}

func sitesKey(dataset, variable string, digest []byte) string {
	return strings.Join([]string{"sites", dataset, variable, string(digest)}, "\x00")
}
