package mask

import (
	"fmt"
	"io"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/share"
)

// A Party is a site's half of the scheme for one epoch, after the epoch setup.
// Its only changing state is the guard.
type Party struct {
	terms secure.Terms
	self  int
	pairs map[int]Pair
	guard *Guard
}

// NewParty returns the half of site self, which shares pairs[j] with every
// other member j. The guard is the site's for the whole session.
func NewParty(t secure.Terms, self int, pairs map[int]Pair, guard *Guard) (*Party, error) {
	if err := t.Valid(); err != nil {
		return nil, err
	}
	if !t.Members.Has(self) {
		return nil, fmt.Errorf("site %d is no member of epoch %d", self, t.Epoch)
	}
	for _, j := range t.Members {
		if _, ok := pairs[j]; ok == (j == self) {
			return nil, fmt.Errorf("site %d: want one pair secret with every other member and none with itself: site %d", self, j)
		}
	}
	if len(pairs) != len(t.Members)-1 {
		return nil, fmt.Errorf("site %d: %d pair secrets for %d members", self, len(pairs), len(t.Members))
	}
	return &Party{terms: t, self: self, pairs: pairs, guard: guard}, nil
}

// Keys returns the round's keys of a stream, by peer.
func (p *Party) Keys(round int, stream Stream) map[int]secure.Key {
	keys := make(map[int]secure.Key, len(p.pairs))
	for j, pair := range p.pairs {
		keys[j] = RoundKey(pair, p.terms.Session, round, stream)
	}
	return keys
}

// Send masks a copy of x, shares the self mask and seals the shares. The same
// rnd gives the same parcel.
func (p *Party) Send(r secure.Round, layout fixed.Layout, x []uint64, rnd io.Reader) (secure.Parcel, error) {
	b, err := secure.NewKey(rnd)
	if err != nil {
		return secure.Parcel{}, err
	}
	shares, err := share.Split(b, p.terms.Threshold(), p.terms.Members, rnd)
	if err != nil {
		return secure.Parcel{}, err
	}
	parcel := secure.Parcel{Sealed: make(map[int][]byte, len(p.pairs))}
	for _, s := range shares {
		if s.Holder == p.self {
			parcel.Kept, _ = s.MarshalBinary()
			continue
		}
		key := RoundKey(p.pairs[s.Holder], p.terms.Session, r.Number, StreamShare)
		if parcel.Sealed[s.Holder], err = share.Seal(rnd, key, p.self, s); err != nil {
			return secure.Parcel{}, err
		}
	}
	parcel.Vector = append(make([]uint64, 0, len(x)), x...)
	if err := Mask(layout, parcel.Vector, p.self, p.Keys(r.Number, StreamMask), b); err != nil {
		return secure.Parcel{}, err
	}
	return parcel, p.guard.Send(p.terms, r, HashWords(parcel.Vector))
}

// Help implements [secure.Site]; the bytes are a [Help].
func (p *Party) Help(r secure.Round, set secure.Sites, sealed map[int][]byte) ([]byte, error) {
	if err := p.guard.Agree(p.terms, p.self, r.Number, set); err != nil {
		return nil, err
	}
	if err := p.guard.Help(p.terms, r.Number, set); err != nil {
		return nil, err
	}
	h, err := p.give(r.Number, sealed)
	if err != nil {
		return nil, err
	}
	return h.Bytes()
}

func (p *Party) give(round int, sealed map[int][]byte) (Help, error) {
	h := Help{Shares: map[int]share.Share{}, Keys: map[int]secure.Key{}}
	for _, j := range p.terms.Members {
		gift, err := p.guard.Owes(p.terms, round, j)
		if err != nil {
			return Help{}, err
		}
		switch {
		case gift == GiftKey:
			h.Keys[j] = RoundKey(p.pairs[j], p.terms.Session, round, StreamMask)
		case j == p.self:
			var s share.Share
			if err := s.UnmarshalBinary(sealed[j]); err != nil {
				return Help{}, fmt.Errorf("site %d's own share: %w", j, err)
			}
			h.Shares[j] = s
		default:
			s, err := share.Open(RoundKey(p.pairs[j], p.terms.Session, round, StreamShare), j, p.self, sealed[j])
			if err != nil {
				h.Unreadable = append(h.Unreadable, j)
				continue
			}
			h.Shares[j] = s
		}
	}
	return h, nil
}
