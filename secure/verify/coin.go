package verify

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/mask"
)

// A Transcript is everything that must be fixed before the coin falls.
type Transcript struct {
	Terms       secure.Terms
	Round       int
	Set         secure.Sites     // the contributors that were confirmed
	Commitments map[int][32]byte // [Commit], by contributor, sent with or before the masked vector
	Vectors     map[int][32]byte // mask.HashWords of the masked vectors, by contributor, as confirmed
	Opened      [32]byte         // mask.HashWords of the sum that the lead claims
}

// A Coin is the public random vector v in F_p^d, as a seed.
type Coin struct{ seed [32]byte }

// Coin returns the coin of the transcript. All sites that hold the same
// transcript have the same coin, and nobody knows it before the lead has named
// its sum.
func (t Transcript) Coin() (Coin, error) {
	if err := mask.CheckSet(t.Terms, t.Set); err != nil {
		return Coin{}, fmt.Errorf("coin of round %d: %w", t.Round, err)
	}
	if len(t.Commitments) != len(t.Set) || len(t.Vectors) != len(t.Set) {
		return Coin{}, fmt.Errorf("coin of round %d: %d commitments and %d vectors of %d contributors", t.Round, len(t.Commitments), len(t.Vectors), len(t.Set))
	}
	var sent []byte
	for _, j := range t.Set {
		c, okc := t.Commitments[j]
		v, okv := t.Vectors[j]
		if !okc || !okv {
			return Coin{}, fmt.Errorf("coin of round %d: no commitment or no vector of site %d", t.Round, j)
		}
		sent = append(append(sent, c[:]...), v[:]...)
	}
	m := t.Terms
	return Coin{sha256.Sum256(secure.Frame("check coin", m.Session, m.Roster[:], secure.Number(m.Epoch), m.Members.Bytes(),
		secure.Number(t.Round), t.Set.Bytes(), sent, t.Opened[:]))}, nil
}

// stream draws the coordinates of v: AES-256 in counter mode, 127 bits at a
// time, drawn again where they equal p, so that each is uniform in F_p.
type stream struct {
	ctr cipher.Stream
	buf []byte
	at  int
}

// stream returns v for about n coordinates; more can be drawn.
func (c Coin) stream(n int) *stream {
	block, err := aes.NewCipher(c.seed[:])
	if err != nil {
		panic(err) // 32 bytes are a valid key
	}
	size := ScalarSize * min(max(n, 1), 2048) // at most what stays in the core's first cache
	return &stream{ctr: cipher.NewCTR(block, make([]byte, aes.BlockSize)), buf: make([]byte, size), at: size}
}

func (s *stream) next() Scalar {
	for {
		if s.at == len(s.buf) {
			clear(s.buf)
			s.ctr.XORKeyStream(s.buf, s.buf)
			s.at = 0
		}
		v := Scalar{binary.LittleEndian.Uint64(s.buf[s.at:]), binary.LittleEndian.Uint64(s.buf[s.at+8:]) & low63}
		s.at += ScalarSize
		if v.lo != pLo || v.hi != pHi {
			return v
		}
	}
}

// Inner returns ⟨v, x⟩ mod p, with the words of x lifted to signed integers.
func (c Coin) Inner(layout fixed.Layout, x []uint64) (Scalar, error) {
	if err := layout.Valid(); err != nil {
		return Scalar{}, fmt.Errorf("inner product: %w", err)
	}
	if len(x) != layout.Words() {
		return Scalar{}, fmt.Errorf("inner product: vector of %d words, the layout has %d", len(x), layout.Words())
	}
	v, sum := c.stream(len(x)), Scalar{}
	for _, s := range layout {
		n := s.Len * s.Bits / 64
		if s.Bits == 64 {
			for _, w := range x[:n] {
				sum = sum.Add(v.next().Mul(lift64(w)))
			}
		} else {
			for i := 0; i+1 < n; i += 2 {
				sum = sum.Add(v.next().Mul(lift(x[i], x[i+1])))
			}
		}
		x = x[n:]
	}
	return sum, nil
}
