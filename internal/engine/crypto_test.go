package engine

import (
	"bytes"
	"crypto/ecdh"
	"encoding/hex"
	"testing"
)

// Every point that is refused is one with which X25519 fails, whatever the
// private key; and the neighbours of the listed ones are fine.
func TestPointsOfSmallOrder(t *testing.T) {
	key, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{0x42}, 32))
	if err != nil {
		t.Fatal(err)
	}
	fails := func(b []byte) bool {
		p, err := ecdh.X25519().NewPublicKey(b)
		if err != nil {
			return true
		}
		_, err = key.ECDH(p)
		return err != nil
	}
	for _, text := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, top := range []byte{0, 0x80} {
			for near := -2; near <= 2; near++ {
				c := bytes.Clone(b)
				c[0] += byte(near)
				c[31] |= top
				if got := usablePoint(c) != nil; got != fails(c) {
					t.Errorf("%x: refused %v, X25519 fails %v", c, got, fails(c))
				}
			}
		}
	}
}
