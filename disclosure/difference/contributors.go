package difference

import (
	"encoding/json"
	"errors"
	"slices"
)

// contributorsVersion is the version of a list of contributors.
const contributorsVersion = "contributors/v1"

// contributors is the partition of the sites whose sums were opened over one set of
// this site's patients: names, by atom.
type contributors struct {
	atoms [][]string
}

type contributorsJSON struct {
	Hmsp  string     `json:"hmsp"`
	Atoms [][]string `json:"atoms"`
}

// compare tells how a set of sites lies in it.
func (c *contributors) compare(sites []string) *tally {
	t := &tally{}
	for a, names := range c.atoms {
		for _, name := range names {
			t.count(a, slices.Contains(sites, name))
		}
	}
	t.rest = uint64(len(c.fresh(sites)))
	return t
}

// fresh are those of the sites that are in no atom, each once.
func (c *contributors) fresh(sites []string) (out []string) {
	known := slices.Concat(c.atoms...)
	for _, s := range sites {
		if !slices.Contains(known, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// refine adds a set of sites.
func (c *contributors) refine(sites []string) {
	var next [][]string
	for _, names := range c.atoms {
		var in, out []string
		for _, name := range names {
			if slices.Contains(sites, name) {
				in = append(in, name)
			} else {
				out = append(out, name)
			}
		}
		for _, part := range [][]string{in, out} {
			if len(part) > 0 {
				next = append(next, part)
			}
		}
	}
	if fresh := c.fresh(sites); len(fresh) > 0 {
		next = append(next, fresh)
	}
	c.atoms = next
}

func (c *contributors) encode() ([]byte, error) {
	return json.Marshal(contributorsJSON{contributorsVersion, c.atoms})
}

func decodeContributors(b []byte) (*contributors, error) {
	c := &contributors{}
	if b == nil {
		return c, nil
	}
	var v contributorsJSON
	if err := json.Unmarshal(b, &v); err != nil || v.Hmsp != contributorsVersion {
		return nil, errors.New("not a list of contributors of this version")
	}
	seen := map[string]bool{}
	for _, names := range v.Atoms {
		if len(names) == 0 {
			return nil, errors.New("an atom of contributors is empty")
		}
		for _, name := range names {
			if seen[name] {
				return nil, errors.New("a contributor is named twice")
			}
			seen[name] = true
		}
	}
	c.atoms = v.Atoms
	return c, nil
}
