package mask

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/cloudflare/circl/kem/xwing"

	"hmsp.center/hmsp/secure/securetest"
)

// Methods A8, target: the known answers of the X-Wing draft (appendix C of
// draft-connolly-cfrg-xwing-kem; seeds are SHAKE128 of nothing, and the draft's
// test-vectors.txt has a known digest). Keys come from crypto/hpke, ciphertexts
// and secrets from circl's independent X-Wing, and crypto/hpke must decapsulate
// them to the same secret.
func TestXWingKnownAnswers(t *testing.T) {
	seeds, file := sha3.NewSHAKE128(), new(strings.Builder)
	for n := range 3 {
		seed, coins := make([]byte, 32), make([]byte, 64)
		seeds.Read(seed)
		seeds.Read(coins)
		if n == 0 && fmt.Sprintf("%x", seed) != "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26" {
			t.Fatalf("first seed of the draft: %x", seed)
		}
		k, err := NewEpochKey(seed)
		if err != nil {
			t.Fatal(err)
		}
		secret, enc, err := xwing.Encapsulate(k.Public(), coins)
		if err != nil {
			t.Fatal(err)
		}
		line(file, "seed", seed)
		line(file, "sk", seed)
		line(file, "pk", k.Public())
		line(file, "eseed", coins)
		line(file, "ct", enc)
		line(file, "ss", secret)
		file.WriteString("\n")

		got, err := k.Decapsulate(enc, []byte("info"))
		if err != nil {
			t.Fatal(err)
		}
		if want := exported(t, secret, "info"); !bytes.Equal(got, want) {
			t.Errorf("vector %d: crypto/hpke and circl disagree on the secret", n)
		}
	}
	const draft = "1bcd0057d861d6b866239936cadcaeee1ec0164dedc181c386e9e54fe46156fe"
	if got := fmt.Sprintf("%x", sha3.SumSHAKE128([]byte(file.String()), 32)); got != draft {
		t.Errorf("digest of the vectors %s, the draft's is %s", got, draft)
	}
}

// line writes one entry as the draft's file has it: short ones beside their
// name, long ones below it in lines of 72 digits.
func line(w *strings.Builder, name string, value []byte) {
	digits := fmt.Sprintf("%x", value)
	if len(name)+5+len(digits) < 74 {
		fmt.Fprintf(w, "%s     %s\n", name, digits)
		return
	}
	fmt.Fprintln(w, name)
	for len(digits) > 0 {
		n := min(72, len(digits))
		fmt.Fprintf(w, "  %s\n", digits[:n])
		digits = digits[n:]
	}
}

// exported is the key schedule of RFC 9180, section 5.1, and the export of
// section 5.3, written out for X-Wing, HKDF-SHA256, export only.
func exported(t *testing.T, shared []byte, info string) []byte {
	t.Helper()
	suite := []byte{'H', 'P', 'K', 'E', 0x64, 0x7a, 0x00, 0x01, 0xff, 0xff}
	label := func(l string, rest []byte) []byte {
		return append(append(append([]byte("HPKE-v1"), suite...), l...), rest...)
	}
	extract := func(salt []byte, l string, ikm []byte) []byte {
		b, err := hkdf.Extract(sha256.New, label(l, ikm), salt)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	expand := func(prk []byte, l string, ctx []byte) []byte {
		b, err := hkdf.Expand(sha256.New, prk, string(append(binary.BigEndian.AppendUint16(nil, 32), label(l, ctx)...)), 32)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	context := append([]byte{0}, extract(nil, "psk_id_hash", nil)...)
	context = append(context, extract(nil, "info_hash", []byte(info))...)
	exporter := expand(extract(shared, "secret", nil), "exp", context)
	return expand(exporter, "sec", []byte(exportContext))
}

func TestSizes(t *testing.T) {
	k, _ := NewEpochKey(make([]byte, SeedSize))
	if len(k.Public()) != PublicSize {
		t.Errorf("public key of %d bytes", len(k.Public()))
	}
	enc, secret, err := Encapsulate(k.Public(), nil)
	if err != nil || len(enc) != EncapSize || len(secret) != 32 {
		t.Errorf("encapsulation of %d bytes, secret of %d: %v", len(enc), len(secret), err)
	}
}

// Both ends derive the same pair secret, and nothing else that the setup is
// bound to gives it.
func TestPairSecretsAgreeAndAreBound(t *testing.T) {
	terms, _ := securetest.Terms(5, 1)
	k, _ := NewEpochKey(bytes.Repeat([]byte{3}, SeedSize))
	enc, secret, err := Encapsulate(k.Public(), Info(terms, 1, 2))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := k.Decapsulate(enc, Info(terms, 1, 2)); !bytes.Equal(got, secret) {
		t.Error("the two ends disagree")
	}
	other := terms
	other.Epoch++
	less := terms
	less.Members = terms.Members[:4]
	for name, info := range map[string][]byte{"turned": Info(terms, 2, 1), "epoch": Info(other, 1, 2), "members": Info(less, 1, 2)} {
		if got, _ := k.Decapsulate(enc, info); bytes.Equal(got, secret) {
			t.Errorf("%s: the same secret", name)
		}
	}
	a, b := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	one, err1 := PairSecret(terms, 1, 2, a, b)
	two, err2 := PairSecret(terms, 2, 1, b, a)
	if err1 != nil || err2 != nil || one != two {
		t.Errorf("the two ends derive different pair secrets: %v, %v", err1, err2)
	}
	seen := map[Pair]bool{one: true}
	for name, make := range map[string]func() (Pair, error){
		"swapped": func() (Pair, error) { return PairSecret(terms, 1, 2, b, a) },
		"epoch":   func() (Pair, error) { return PairSecret(other, 1, 2, a, b) },
		"members": func() (Pair, error) { return PairSecret(less, 1, 2, a, b) },
		"pair":    func() (Pair, error) { return PairSecret(terms, 1, 3, a, b) },
	} {
		p, err := make()
		if err != nil || seen[p] {
			t.Errorf("%s: %v, or a secret seen before", name, err)
		}
		seen[p] = true
	}
	keys := map[string]bool{}
	for _, s := range []Stream{StreamMask, StreamShare, StreamCheck} {
		for round := range 3 {
			for _, session := range []string{"a", "b"} {
				k := RoundKey(one, []byte(session), round, s)
				keys[string(k[:])] = true
			}
		}
	}
	if len(keys) != 18 {
		t.Errorf("%d different round keys of 18", len(keys))
	}
}

func TestBadSetupIsRefused(t *testing.T) {
	terms, _ := securetest.Terms(4, 1)
	if _, err := NewEpochKey(make([]byte, 31)); err == nil {
		t.Error("a short seed")
	}
	k, _ := NewEpochKey(make([]byte, SeedSize))
	for _, b := range [][]byte{nil, make([]byte, EncapSize-1), make([]byte, EncapSize+1), make([]byte, EncapSize)} {
		if _, err := k.Decapsulate(b, nil); err == nil {
			t.Errorf("an encapsulation of %d bytes", len(b)) // all zero: an X25519 point of low order
		}
	}
	for _, b := range [][]byte{nil, k.Public()[1:], bytes.Repeat([]byte{0xff}, PublicSize)} {
		if _, _, err := Encapsulate(b, nil); err == nil {
			t.Errorf("a public key of %d bytes", len(b))
		}
	}
	s := make([]byte, 32)
	if _, err := PairSecret(terms, 1, 1, s, s); err == nil {
		t.Error("a pair with itself")
	}
	if _, err := PairSecret(terms, 1, 2, s[1:], s); err == nil {
		t.Error("a short secret")
	}
	for _, secret := range []any{k, Pair{0xab}, *k} {
		if got := fmt.Sprintf("%v %+v %x", secret, secret, secret); strings.Contains(got, "ab") && !strings.Contains(got, "mask.") {
			t.Errorf("a secret prints %q", got)
		}
	}
}
