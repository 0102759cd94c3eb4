package mask

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/share"
)

// Open turns the sum of y over set into the sum of x, in place, with the help
// of at least a threshold of set, and of all of set where members are lost.
// wrong names, by contributor, the helpers whose share of its self mask was
// wrong; the sum is right in spite of them. When it cannot be opened the sum is
// left as it was.
func Open(t secure.Terms, layout fixed.Layout, set secure.Sites, sum []uint64, help map[int]Help) (wrong map[int]secure.Sites, err error) {
	if err := CheckSet(t, set); err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	helpers := secure.Sites(slices.Sorted(maps.Keys(help)))
	if !helpers.Within(set) {
		return nil, fmt.Errorf("open: help from sites %v, which did not contribute", []int(helpers.Minus(set)))
	}
	self, recovery := make(map[int]secure.Key, len(set)), new(share.Recovery)
	wrong = map[int]secure.Sites{}
	for _, j := range set {
		var bad secure.Sites
		if self[j], bad, err = selfMask(recovery, t, j, helpers, help); err != nil {
			return nil, fmt.Errorf("open: self mask of site %d: %w", j, err)
		}
		if len(bad) > 0 {
			wrong[j] = bad
		}
	}
	lost := map[int]map[int]secure.Key{}
	for _, j := range t.Members.Minus(set) {
		lost[j] = make(map[int]secure.Key, len(set))
		for _, i := range set {
			k, ok := help[i].Keys[j]
			if !ok {
				return nil, fmt.Errorf("open: site %d has not given its key with lost site %d", i, j)
			}
			lost[j][i] = k
		}
	}
	return wrong, Unmask(layout, sum, self, lost)
}

// selfMask recovers b_j from what the helpers hold of it.
func selfMask(r *share.Recovery, t secure.Terms, j int, helpers secure.Sites, help map[int]Help) (secure.Key, secure.Sites, error) {
	var shares []share.Share
	var bad secure.Sites
	for _, i := range helpers {
		s, ok := help[i].Shares[j]
		switch {
		case ok && s.Holder != i:
			bad = append(bad, i)
		case ok:
			shares = append(shares, s)
		}
	}
	b, err := r.Recover(shares, t.Threshold())
	var w *share.WrongShareError
	if errors.As(err, &w) {
		bad = append(bad, w.Holders...)
		slices.Sort(bad)
		shares = slices.DeleteFunc(shares, func(s share.Share) bool { return w.Holders.Has(s.Holder) })
		b, err = r.Recover(shares, t.Threshold())
	}
	return b, bad, err
}
