package mask

import (
	"fmt"
	"maps"
	"slices"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure"
)

// Mask turns x into y = x + PRG(b) + Σ_{j>i} PRG(k_ij) − Σ_{j<i} PRG(k_ij), in
// place, for site i = self; keys holds k_ij by peer, of [StreamMask]. b is the
// self mask of this round, drawn once and never used again.
func Mask(layout fixed.Layout, x []uint64, self int, keys map[int]secure.Key, b secure.Key) error {
	if err := fits(layout, x); err != nil {
		return fmt.Errorf("mask: %w", err)
	}
	if len(keys) == 0 {
		return fmt.Errorf("mask: site %d has no peer to hide behind", self)
	}
	if _, ok := keys[self]; ok {
		return fmt.Errorf("mask: a pair of site %d with itself", self)
	}
	pads := append(make([]Pad, 0, 1+len(keys)), Pad{Key: b})
	for _, j := range slices.Sorted(maps.Keys(keys)) {
		pads = append(pads, Pad{Key: keys[j], Minus: j < self})
	}
	Apply(layout, x, pads)
	return nil
}

// Unmask turns the sum of y over the contributors U into the sum of x over U,
// in place. self holds b_j for every j in U and nothing else; lost holds, for
// every member j outside U, the key k_ij of every i in U.
func Unmask(layout fixed.Layout, sum []uint64, self map[int]secure.Key, lost map[int]map[int]secure.Key) error {
	if err := fits(layout, sum); err != nil {
		return fmt.Errorf("unmask: %w", err)
	}
	pads := make([]Pad, 0, len(self)*(1+len(lost)))
	for _, j := range slices.Sorted(maps.Keys(self)) {
		pads = append(pads, Pad{Key: self[j], Minus: true})
	}
	for _, j := range slices.Sorted(maps.Keys(lost)) {
		if _, ok := self[j]; ok {
			return fmt.Errorf("unmask: site %d is both a contributor and lost", j)
		}
		if len(lost[j]) != len(self) {
			return fmt.Errorf("unmask: %d keys of pairs with lost site %d, want one from each of %d contributors", len(lost[j]), j, len(self))
		}
		for _, i := range slices.Sorted(maps.Keys(lost[j])) {
			if _, ok := self[i]; !ok {
				return fmt.Errorf("unmask: a key of lost site %d from site %d, which did not contribute", j, i)
			}
			pads = append(pads, Pad{Key: lost[j][i], Minus: j > i}) // y_i has +PRG(k_ij) where j > i
		}
	}
	Apply(layout, sum, pads)
	return nil
}

func fits(layout fixed.Layout, words []uint64) error {
	if err := layout.Valid(); err != nil {
		return err
	}
	if len(words) != layout.Words() {
		return fmt.Errorf("vector of %d words, the layout has %d", len(words), layout.Words())
	}
	return nil
}
