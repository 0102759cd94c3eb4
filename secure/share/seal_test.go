package share

import (
	"bytes"
	"errors"
	"testing"

	"hmsp.center/hmsp/secure"
)

func TestSealedShareOpensForItsHolderOnly(t *testing.T) {
	_, shares := split(t, "seal", 3, 5)
	key, other := secure.Key{1}, secure.Key{2}
	const owner = 4
	s := shares[1] // any owner will do
	sealed, err := Seal(stream("nonce"), key, owner, s)
	if err != nil || len(sealed) != SealedSize {
		t.Fatalf("%d bytes, %v", len(sealed), err)
	}
	if got, err := Open(key, owner, s.Holder, sealed); err != nil || got != s {
		t.Fatalf("open: %v", err)
	}
	again, _ := Seal(stream("nonce"), key, owner, s)
	if !bytes.Equal(sealed, again) {
		t.Error("the same randomness gave other bytes")
	}
	for name, open := range map[string]func() (Share, error){
		"another round's or pair's key": func() (Share, error) { return Open(other, owner, s.Holder, sealed) },
		"another owner":                 func() (Share, error) { return Open(key, owner+1, s.Holder, sealed) },
		"another holder":                func() (Share, error) { return Open(key, owner, s.Holder+1, sealed) },
		"empty":                         func() (Share, error) { return Open(key, owner, s.Holder, nil) },
		"cut":                           func() (Share, error) { return Open(key, owner, s.Holder, sealed[1:]) },
		"longer":                        func() (Share, error) { return Open(key, owner, s.Holder, append(sealed[:SealedSize:SealedSize], 0)) },
	} {
		if _, err := open(); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range 8 * len(sealed) { // every bit
		sealed[i/8] ^= 1 << (i % 8)
		if _, err := Open(key, owner, s.Holder, sealed); !errors.Is(err, ErrSealed) {
			t.Fatalf("bit %d was changed: %v", i, err)
		}
		sealed[i/8] ^= 1 << (i % 8)
	}
	if _, err := Seal(bytes.NewReader(nil), key, owner, s); err == nil {
		t.Error("sealed without a nonce")
	}
}

func TestDirectionIsBound(t *testing.T) {
	_, shares := split(t, "direction", 2, 2) // holders 1 and 4
	key := secure.Key{9}
	sealed, _ := Seal(stream("n"), key, 1, shares[1]) // 1 -> 4
	if _, err := Open(key, 4, 1, sealed); !errors.Is(err, ErrSealed) {
		t.Errorf("a share turned round: %v", err)
	}
}

func FuzzShare(f *testing.F) {
	_, shares := split(f, "fuzz", 2, 3)
	for _, s := range shares {
		b, _ := s.MarshalBinary()
		f.Add(b)
	}
	f.Add(bytes.Repeat([]byte{0xff}, Size))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Share
		if s.UnmarshalBinary(b) != nil {
			return
		}
		again, err := s.MarshalBinary()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x was accepted and is written %x", b, again)
		}
		text, _ := s.MarshalText()
		var u Share
		if err := u.UnmarshalText(text); err != nil || u != s {
			t.Fatalf("text %s: %v", text, err)
		}
		if _, err := Recover([]Share{s}, 1); err == nil {
			t.Log("a share that carries its tag") // only by way of the corpus
		}
	})
}

func FuzzShareText(f *testing.F) {
	_, shares := split(f, "fuzz", 2, 3)
	text, _ := shares[0].MarshalText()
	f.Add(text)
	f.Add(bytes.ToUpper(text))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s Share
		if s.UnmarshalText(text) != nil {
			return
		}
		if again, _ := s.MarshalText(); !bytes.Equal(again, text) {
			t.Fatalf("%q was accepted and is written %q", text, again)
		}
	})
}

func FuzzOpen(f *testing.F) {
	_, shares := split(f, "fuzz", 2, 3)
	sealed, _ := Seal(stream("n"), secure.Key{}, 0, shares[0])
	f.Add(sealed)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := Open(secure.Key{}, 0, shares[0].Holder, b); err == nil && !bytes.Equal(b, sealed) {
			t.Fatalf("%x opens", b)
		}
	})
}
