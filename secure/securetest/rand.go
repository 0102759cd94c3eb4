// Package securetest is the suite that every scheme of secure summation must
// pass. A scheme's own test is three lines:
//
//	func TestScheme(t *testing.T) { securetest.Sums(t, mask.Scheme{}) }
//
// It checks the contract of package secure: sums are those of the plain
// vectors, bit for bit, for every set of contributors that may be opened and
// for none that may not; one set per round; vectors on the wire look like
// noise; what a peer or the relay alters is refused or changes nothing.
package securetest

import (
	"crypto/sha3"
	"io"
)

// Rand returns an endless stream of bytes determined by the seed (SHAKE128),
// for tests that replay. It is no source of secrets.
func Rand(seed string) io.Reader {
	h := sha3.NewSHAKE128()
	h.Write([]byte("securetest " + seed))
	return h
}
