package identity

import (
	"bytes"
	"crypto/hpke"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	circl "github.com/cloudflare/circl/hpke"
)

func TestSealIsForOnePurpose(t *testing.T) {
	a, b := member(t, "a", Site, 1), member(t, "b", Site, 2)
	aad, plain := []byte("header"), bytes.Repeat([]byte("vector "), 1000)
	sealed, err := Seal(a.Public(), ContextEnvelope, aad, plain)
	if err != nil {
		t.Fatal(err)
	}
	if len(sealed) != len(plain)+SealOverhead {
		t.Errorf("sealed has %d bytes, want %d", len(sealed), len(plain)+SealOverhead)
	}
	got, err := a.Open(ContextEnvelope, aad, sealed)
	if err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("open: %v", err)
	}
	open := func(id *Identity, context Context, aad, sealed []byte) error {
		_, err := id.Open(context, aad, sealed)
		return err
	}
	cases := map[string]error{
		"other member":  open(b, ContextEnvelope, aad, sealed),
		"other context": open(a, ContextRequest, aad, sealed),
		"other header":  open(a, ContextEnvelope, []byte("headeR"), sealed),
		"no header":     open(a, ContextEnvelope, nil, sealed),
		"nothing":       open(a, ContextEnvelope, aad, nil),
		"key only":      open(a, ContextEnvelope, aad, sealed[:encSize]),
		"truncated":     open(a, ContextEnvelope, aad, sealed[:len(sealed)-1]),
		"longer":        open(a, ContextEnvelope, aad, append(bytes.Clone(sealed), 0)),
	}
	for i := 0; i < len(sealed); i += 97 { // every part of encapsulation, text and tag
		altered := bytes.Clone(sealed)
		altered[i] ^= 0x10
		if err := open(a, ContextEnvelope, aad, altered); !errors.Is(err, ErrSealed) {
			t.Errorf("byte %d altered: got %v", i, err)
		}
	}
	for name, err := range cases {
		if !errors.Is(err, ErrSealed) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	again, err := Seal(a.Public(), ContextEnvelope, aad, plain)
	if err != nil || bytes.Equal(again, sealed) {
		t.Errorf("sealing twice gives the same bytes (%v)", err)
	}
	if _, err := Seal(Public{Name: "c"}, ContextEnvelope, aad, plain); err == nil {
		t.Error("sealed to a member without a key")
	}
}

// The KEM against the vector of draft-ietf-hpke-pq: seed to public key, and
// what the draft sealed opens.
func TestXWingVector(t *testing.T) {
	data, err := os.ReadFile("testdata/x-wing.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Info, SkRm, PkRm, Enc string
		Encryptions           []struct{ Aad, Ct, Nonce, Pt string }
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	bin := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	id, err := fromSeeds("a", Site, make([]byte, seedSize), bin(v.SkRm))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(id.Public().SealingKey.Bytes(), bin(v.PkRm)) {
		t.Error("the public key differs from the draft's")
	}
	r, err := hpke.NewRecipient(bin(v.Enc), id.keys().sealing, kdf(), hpke.ChaCha20Poly1305(), bin(v.Info))
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range v.Encryptions {
		plain, err := r.Open(bin(e.Aad), bin(e.Ct))
		if err != nil || !bytes.Equal(plain, bin(e.Pt)) {
			t.Errorf("encryption %d: %x, %v", i, plain, err)
		}
	}
}

// An independent implementation of the same suite opens what Seal gives, and
// Open what it sealed.
func TestSealAgreesWithCircl(t *testing.T) {
	id := member(t, "a", Site, 1)
	suite := circl.NewSuite(circl.KEM_XWING, circl.KDF_HKDF_SHA256, circl.AEAD_AES256GCM)
	scheme := circl.KEM_XWING.Scheme()
	pub, err := scheme.UnmarshalBinaryPublicKey(id.Public().SealingKey.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	seed, err := id.keys().sealing.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	priv, err := scheme.UnmarshalBinaryPrivateKey(seed)
	if err != nil {
		t.Fatal(err)
	}
	aad, plain, info := []byte("header"), []byte("text"), inContext(ContextEnvelope, nil)

	sender, err := suite.NewSender(pub, info)
	if err != nil {
		t.Fatal(err)
	}
	enc, sealer, err := sender.Setup(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := sealer.Seal(plain, aad)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := id.Open(ContextEnvelope, aad, append(enc, text...)); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("open what circl sealed: %q, %v", got, err)
	}

	sealed, err := Seal(id.Public(), ContextEnvelope, aad, plain)
	if err != nil {
		t.Fatal(err)
	}
	receiver, err := suite.NewReceiver(priv, info)
	if err != nil {
		t.Fatal(err)
	}
	opener, err := receiver.Setup(sealed[:encSize])
	if err != nil {
		t.Fatal(err)
	}
	if got, err := opener.Open(sealed[encSize:], aad); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("circl opens: %q, %v", got, err)
	}
}

func FuzzOpen(f *testing.F) {
	id := member(f, "a", Site, 1)
	sealed, err := Seal(id.Public(), ContextEnvelope, nil, []byte("x"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed[:100])
	f.Add(bytes.Repeat([]byte{0xff}, SealOverhead))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := id.Open(ContextEnvelope, nil, b); err == nil {
			t.Errorf("opened %x", b)
		}
	})
}

func BenchmarkSealOpen(b *testing.B) {
	id := member(b, "a", Site, 1)
	plain := make([]byte, 1<<10)
	for b.Loop() {
		sealed, err := Seal(id.Public(), ContextEnvelope, nil, plain)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := id.Open(ContextEnvelope, nil, sealed); err != nil {
			b.Fatal(err)
		}
	}
}
