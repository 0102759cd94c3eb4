package mask

import (
	"fmt"
	"io"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure"
)

// Scheme is this package behind the contract of package secure.
type Scheme struct{}

// Setup runs the epoch setup among all members: each makes an epoch key,
// encapsulates to every other, and derives the pair secrets. Seeds come from
// rnd; encapsulations from the system, see [Encapsulate].
func (Scheme) Setup(t secure.Terms, rnd io.Reader) ([]secure.Site, error) {
	if err := t.Valid(); err != nil {
		return nil, err
	}
	keys := map[int]*EpochKey{}
	for _, i := range t.Members {
		seed := make([]byte, SeedSize)
		if _, err := io.ReadFull(rnd, seed); err != nil {
			return nil, fmt.Errorf("draw a seed: %w", err)
		}
		k, err := NewEpochKey(seed)
		if err != nil {
			return nil, err
		}
		keys[i] = k
	}
	sent, received := map[[2]int][]byte{}, map[[2]int][]byte{}
	for _, i := range t.Members {
		for _, j := range t.Members {
			if i == j {
				continue
			}
			enc, secret, err := Encapsulate(keys[j].Public(), Info(t, i, j))
			if err != nil {
				return nil, err
			}
			sent[[2]int{i, j}] = secret
			if received[[2]int{i, j}], err = keys[j].Decapsulate(enc, Info(t, i, j)); err != nil {
				return nil, err
			}
		}
	}
	var sites []secure.Site
	for _, i := range t.Members {
		pairs := map[int]Pair{}
		for _, j := range t.Members {
			if i == j {
				continue
			}
			pair, err := PairSecret(t, i, j, sent[[2]int{i, j}], received[[2]int{j, i}])
			if err != nil {
				return nil, err
			}
			pairs[j] = pair
		}
		p, err := NewParty(t, i, pairs, new(Guard))
		if err != nil {
			return nil, err
		}
		sites = append(sites, p)
	}
	return sites, nil
}

// Lead returns the opening half.
func (Scheme) Lead(t secure.Terms) (secure.Lead, error) {
	if err := t.Valid(); err != nil {
		return nil, err
	}
	return lead{t}, nil
}

type lead struct{ terms secure.Terms }

func (l lead) Open(_ secure.Round, layout fixed.Layout, set secure.Sites, vectors map[int][]uint64, help map[int][]byte) ([]uint64, error) {
	if err := layout.Valid(); err != nil {
		return nil, err
	}
	sum := make([]uint64, layout.Words())
	for _, j := range set {
		if len(vectors[j]) != len(sum) {
			return nil, fmt.Errorf("open: vector of site %d has %d words, want %d", j, len(vectors[j]), len(sum))
		}
		layout.AddTo(sum, vectors[j])
	}
	parsed := make(map[int]Help, len(help))
	for i, b := range help {
		h, err := ParseHelp(b)
		if err != nil {
			return nil, fmt.Errorf("open: site %d: %w", i, err)
		}
		parsed[i] = h
	}
	_, err := Open(l.terms, layout, set, sum, parsed)
	return sum, err
}
