package identity

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// seeds is a source of fixed bytes: test identities are the same in every run.
type seeds byte

func (s seeds) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(s) + byte(i)
	}
	return len(p), nil
}

func member(t testing.TB, name string, role Role, seed byte) *Identity {
	t.Helper()
	id, err := Generate(name, role, seeds(seed))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestNames(t *testing.T) {
	for _, good := range []string{"a", "site-a", "0", "x9-y", strings.Repeat("a", 40)} {
		if err := ValidName(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "-a", "a-", "A", "a.b", "a_b", "a b", "ä", "a\n", "../a", strings.Repeat("a", 41)} {
		if ValidName(bad) == nil {
			t.Errorf("name %q was accepted", bad)
		}
	}
	if _, err := Generate("Bad", Site, nil); err == nil {
		t.Error("an identity with a bad name was made")
	}
	if _, err := Generate("a", "boss", nil); err == nil {
		t.Error("an identity with a bad role was made")
	}
}

// A signature is void for another message, context, member, and for every other
// way to cut the same bytes into context and message.
func TestSignatureIsForOnePurpose(t *testing.T) {
	a, b := member(t, "a", Site, 1), member(t, "b", Site, 2)
	message := []byte("the message")
	s := a.Sign(ContextSet, message)
	if err := Verify(a.Public(), ContextSet, message, s); err != nil {
		t.Fatal(err)
	}
	altered := bytes.Clone(s)
	altered[9] ^= 1
	// S + L is a second encoding of the scalar S.
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	second := append(bytes.Clone(s[:32]), little(new(big.Int).Add(order, big.NewInt(0).SetBytes(reversed(s[32:]))))...)
	for name, err := range map[string]error{
		"other member":    Verify(b.Public(), ContextSet, message, s),
		"other context":   Verify(a.Public(), ContextConfirm, message, s),
		"other message":   Verify(a.Public(), ContextSet, []byte("the messagE"), s),
		"shifted bytes":   Verify(a.Public(), ContextSet+"the", []byte(" message"), s),
		"altered":         Verify(a.Public(), ContextSet, message, altered),
		"second encoding": Verify(a.Public(), ContextSet, message, second),
		"short":           Verify(a.Public(), ContextSet, message, s[:63]),
		"long":            Verify(a.Public(), ContextSet, message, append(bytes.Clone(s), 0)),
		"nothing":         Verify(a.Public(), ContextSet, message, nil),
		"no key":          Verify(Public{Name: "a"}, ContextSet, message, s),
		"bare bytes":      Verify(a.Public(), ContextSet, message, ed25519.Sign(a.keys().signing, message)),
	} {
		if !errors.Is(err, ErrSignature) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func reversed(b []byte) []byte {
	out := make([]byte, len(b))
	for i, v := range b {
		out[len(b)-1-i] = v
	}
	return out
}

func little(x *big.Int) []byte { return reversed(x.FillBytes(make([]byte, 32))) }

// Keys, fingerprints and signatures of fixed seeds never change: what members
// signed with one release is checked with the next.
func TestGoldenIdentity(t *testing.T) {
	id := member(t, "site-a", Site, 7)
	for _, c := range []struct{ what, got, want string }{
		{"signing key", id.Public().SigningKey.String(), goldenSigningKey},
		{"fingerprint", id.Public().Fingerprint(), goldenFingerprint},
		{"signature", hex.EncodeToString(id.Sign(ContextCharter, []byte("x"))), goldenSignature},
		{"signature of a checkpoint", hex.EncodeToString(id.Sign(ContextCheckpoint, []byte("x"))), goldenCheckpoint},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.what, c.got, c.want)
		}
	}
}

const (
	goldenSigningKey  = "ed25519:ANBaHR6iUTltVXr71FiLPG2Z2+uXL+0QoyVi6ibc3Po="
	goldenFingerprint = "fb83 2840 0089 d504 f38e e119 f274 c9e6"
	goldenCheckpoint  = "eb5209cbb036d26aa4e5664e4b10181458c6df25e30832f975f55680be737e69bf8961c6ed1412c251b35abc63007bb232c73415f88651ad800e6cbde7aeff06"
	goldenSignature   = "c06424779453e554ff54c2408818fade8fbf7efbddf94b5369d9a24811de1b44485ad434fbe781d46ea20ad131e37de422786b4c55fed0304f61ffb6669cd607"
)

func TestEmptyContextPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("signed without a context")
		}
	}()
	member(t, "a", Site, 1).Sign("", nil)
}

func TestKeyTextIsStrict(t *testing.T) {
	p := member(t, "a", Site, 1).Public()
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var again Public
	if err := json.Unmarshal(data, &again); err != nil || again != p {
		t.Fatalf("round trip: %v", err)
	}
	sign, seal := p.SigningKey.String(), p.SealingKey.String()
	short := base64.StdEncoding.EncodeToString(p.SigningKey.Bytes()[:31])
	stray := sign[:len(sign)-2] + string(sign[len(sign)-2]+1) + "=" // last letter with bits that are dropped
	for _, bad := range []string{"", "ed25519:", "Ed25519:" + sign[8:], sign[8:], sign + "\n", sign[:20] + "\n" + sign[20:], sign + "=", " " + sign,
		strings.TrimRight(sign, "="), "ed25519:" + short, stray, strings.ReplaceAll(sign, "/", "_") + "!", seal} {
		var k SigningKey
		if err := k.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("signing key %q was accepted", bad)
		}
	}
	modulus := p.SealingKey.Bytes() // coefficients of 12 bits at or over 3329
	modulus[0], modulus[1] = 0xff, 0xff
	for _, bad := range []string{"", "x-wing:", sign, seal + "AAAA", seal[:len(seal)-4], "x-wing:" + base64.StdEncoding.EncodeToString(modulus)} {
		var k SealingKey
		if err := k.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("sealing key %.60q was accepted", bad)
		}
	}
}

// Each point that NewSigningKey refuses as of small order is one for which a
// constant signature fits some message: the reason for the refusal.
func TestSmallOrderKeysAreRefused(t *testing.T) {
	forged := make([]byte, 64)
	forged[0] = 1 // R = the neutral element, S = 0
	for _, y := range torsion() {
		for _, sign := range []byte{0, 0x80} {
			key := []byte(y)
			key[31] |= sign
			if _, err := NewSigningKey(key); err == nil {
				t.Errorf("%x was accepted", key)
			}
			fits := false
			for i := 0; i < 1000 && !fits; i++ {
				fits = ed25519.Verify(key, fmt.Appendf(nil, "message %d", i), forged)
			}
			if !fits {
				t.Errorf("%x: no message found that the constant signature fits", key)
			}
		}
	}
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	for i := range int64(19) { // y + p for each y that has a second encoding
		key := little(new(big.Int).Add(p, big.NewInt(i)))
		if _, err := NewSigningKey(key); err == nil {
			t.Errorf("the second encoding of y = %d was accepted", i)
		}
	}
}

func TestFingerprintCoversEverything(t *testing.T) {
	p, q := member(t, "a", Site, 1).Public(), member(t, "a", Site, 2).Public()
	seen := map[string]bool{}
	for _, v := range []Public{p, q, {"b", Site, p.SigningKey, p.SealingKey}, {"a", Hub, p.SigningKey, p.SealingKey},
		{"a", Site, q.SigningKey, p.SealingKey}, {"a", Site, p.SigningKey, q.SealingKey}} {
		seen[v.Fingerprint()] = true
	}
	if len(seen) != 6 {
		t.Errorf("%d different fingerprints of 6", len(seen))
	}
}

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identity.json")
	id := member(t, "site-a", Site, 1)
	if err := id.Save(path); err != nil {
		t.Fatal(err)
	}
	again, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if again.Public() != id.Public() || !bytes.Equal(again.Sign(ContextSet, nil), id.Sign(ContextSet, nil)) {
		t.Error("another identity was loaded")
	}
	sealed, err := Seal(id.Public(), ContextEnvelope, nil, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Open(ContextEnvelope, nil, sealed); err != nil {
		t.Error(err)
	}
	if err := id.Save(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("saving over keys: got %v", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o602, 0o610} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %o: got %v", mode, err)
		}
	}
}

// Damaged files are refused, and no message quotes a part of a key.
func TestLoadRefusesDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identity.json")
	id := member(t, "site-a", Site, 1)
	if err := id.Save(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seed := base64.StdEncoding.EncodeToString(id.keys().signing.Seed())
	good := string(data)
	for name, bad := range map[string]string{
		"empty":         "",
		"truncated":     good[:len(good)/2],
		"two":           good + good,
		"other version": strings.Replace(good, "identity/v1", "identity/v2", 1),
		"unknown key":   strings.Replace(good, `"hmsp"`, `"more": 1, "hmsp"`, 1),
		"bad name":      strings.Replace(good, "site-a", "../a", 1),
		"bad role":      strings.Replace(good, `"role": "site"`, `"role": "boss"`, 1),
		"short seed":    strings.Replace(good, seed, seed[:20], 1),
		"seed of type":  strings.Replace(good, `"`+seed+`"`, "["+`"`+seed+`"`+"]", 1),
		"no seed":       strings.Replace(good, seed, "", 1),
		"huge":          good + strings.Repeat(" ", maxFile),
	} {
		if bad == good {
			t.Fatalf("%s: the case changes nothing", name)
		}
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if err == nil {
			t.Errorf("%s: loaded", name)
		} else if strings.Contains(err.Error(), seed[:12]) {
			t.Errorf("%s: the message holds a key: %v", name, err)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: got %v", err)
	}
}

// A private key prints as its type name, whichever way it gets into a log.
func TestPrintsNoKey(t *testing.T) {
	id := member(t, "site-a", Site, 1)
	type holder struct {
		Id    *Identity
		Value Identity
		inner *Identity
		more  Identity
	}
	h := holder{id, *id, id, *id}
	for _, v := range []any{id, *id, h, &h, []*Identity{id}, map[string]Identity{"a": *id}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			got := fmt.Sprintf(verb, v)
			for _, secret := range []string{string(id.keys().signing.Seed()), fmt.Sprint([]byte(id.keys().signing.Seed()))[1:30], hex.EncodeToString(id.keys().signing.Seed())[:16]} {
				if strings.Contains(strings.ToLower(got), secret) {
					t.Errorf("%s of %T prints the key", verb, v)
				}
			}
		}
	}
	for _, v := range []any{id, *id, map[string]any{"x": holder{Id: id, Value: *id}}} {
		data, err := json.Marshal(v)
		if err != nil || !strings.Contains(string(data), "identity.Identity") || len(data) > 100 {
			t.Errorf("JSON of %T: %s, %v", v, data, err)
		}
	}
}

func FuzzKeys(f *testing.F) {
	p := member(f, "a", Site, 1).Public()
	f.Add(p.SigningKey.String())
	f.Add(p.SealingKey.String())
	f.Add("ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	f.Fuzz(func(t *testing.T, s string) {
		var sign SigningKey
		if err := sign.UnmarshalText([]byte(s)); err == nil && sign.String() != s {
			t.Errorf("%q was read as %q", s, sign)
		}
		var seal SealingKey
		if err := seal.UnmarshalText([]byte(s)); err == nil && seal.String() != s {
			t.Errorf("%q was read as %q", s, seal)
		}
		var sig Signature
		if err := sig.UnmarshalText([]byte(s)); err == nil && sig.String() != s {
			t.Errorf("%q was read as %q", s, sig)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"hmsp":"identity/v1","name":"a","role":"site","signing_seed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","sealing_seed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		id, err := decode(data)
		if err != nil {
			return
		}
		if err := id.Public().Valid(); err != nil {
			t.Errorf("an identity that is not valid was decoded: %v", err)
		}
	})
}
