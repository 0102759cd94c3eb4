package verify

import "math/big"

// shortRelation returns small a, b, not both zero, with a·v0 + b·v1 = 0 mod p:
// the half-way step of Euclid's algorithm on (p, v0/v1).
func shortRelation(v0, v1 *big.Int) (a, b *big.Int) {
	p := p127()
	ratio := new(big.Int).ModInverse(v1, p)
	ratio.Mul(ratio, v0).Mod(ratio, p) // b = -a*ratio mod p
	r0, r1 := new(big.Int).Set(p), ratio
	s0, s1 := big.NewInt(0), big.NewInt(1)
	for r1.BitLen() > 64 {
		q, m := new(big.Int).DivMod(r0, r1, new(big.Int))
		r0, r1 = r1, m
		s0, s1 = s1, new(big.Int).Sub(s0, q.Mul(q, s1))
	}
	return s1, r1.Neg(r1) // r1 = s1*ratio mod p
}

// addBig adds a signed integer to two words.
func addBig(words []uint64, x *big.Int) {
	sum := Scalar{words[0], words[1]}.big()
	sum.Add(sum, x).Mod(sum, new(big.Int).Lsh(big.NewInt(1), 128))
	words[0] = new(big.Int).And(sum, new(big.Int).SetUint64(pLo)).Uint64()
	words[1] = sum.Rsh(sum, 64).Uint64()
}
