package federation_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/federation/federationtest"
	"hmsp.center/hmsp/identity"
)

var update = flag.Bool("update", false, "write golden files")

const golden = "testdata/envelope.golden"

func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

func TestOpenGivesWhatWasSealed(t *testing.T) {
	c := federationtest.New(t, "site-a", "site-b")
	for _, payload := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("vector"), 100_000)} {
		e := c.Envelope(t, "site-a", "site-b", federationtest.ID("1"), payload, noon())
		e, err := federation.Decode(e.Encode())
		if err != nil {
			t.Fatal(err)
		}
		got, err := federation.Open(c.Identity("site-b"), c, e, noon())
		if err != nil || !bytes.Equal(got, payload) {
			t.Errorf("%d bytes: got %d bytes, %v", len(payload), len(got), err)
		}
	}
}

// resign makes a header that its sender would sign, whatever it says.
func resign(id *identity.Identity, e federation.Envelope) federation.Envelope {
	e.Signature = identity.Signature{}
	b, err := json.Marshal(e.Header)
	if err != nil {
		panic(err)
	}
	e.Signature = identity.NewSignature(id.Sign(identity.ContextEnvelope, b))
	return e
}

func TestOpenRefuses(t *testing.T) {
	c := federationtest.New(t, "site-a", "site-b", "site-c", "site-x")
	id := federationtest.ID("1")
	good := c.Envelope(t, "site-a", "site-b", id, []byte("payload"), noon())
	stranger := c.Envelope(t, "site-x", "site-b", id, []byte("payload"), noon())
	c.Expel("site-x")
	a, b := c.Identity("site-a"), c.Identity("site-b")
	cases := []struct {
		name string
		want federation.Kind
		now  time.Time
		by   *identity.Identity
		make func(e federation.Envelope) federation.Envelope
	}{
		{"a sender outside the charter", federation.KindMember, noon(), b, func(federation.Envelope) federation.Envelope { return stranger }},
		{"the hub as sender", federation.KindMember, noon(), b, func(e federation.Envelope) federation.Envelope {
			e.From = "hub"
			return resign(c.Identity("hub"), e)
		}},
		{"a second charter", federation.KindCharter, noon(), b, func(e federation.Envelope) federation.Envelope {
			other := federationtest.New(t, "site-a", "site-b")
			return other.Envelope(t, "site-a", "site-b", id, []byte("payload"), noon())
		}},
		{"another recipient", federation.KindRecipient, noon(), c.Identity("site-c"), nil},
		{"its time is over", federation.KindExpired, noon().Add(time.Hour), b, nil},
		{"from the future", federation.KindClock, noon().Add(-11 * time.Minute), b, nil},
		{"a byte of the ciphertext", federation.KindAltered, noon(), b, func(e federation.Envelope) federation.Envelope {
			e.Ciphertext = bytes.Clone(e.Ciphertext)
			e.Ciphertext[1130] ^= 1
			return e
		}},
		{"a byte of the ciphertext, with the digest to it", federation.KindSignature, noon(), b, func(e federation.Envelope) federation.Envelope {
			e.Ciphertext = bytes.Clone(e.Ciphertext)
			e.Ciphertext[1130] ^= 1
			d := sha256.Sum256(e.Ciphertext)
			e.SHA256 = hex.EncodeToString(d[:])
			return e
		}},
		{"a ciphertext that grew", federation.KindAltered, noon(), b, func(e federation.Envelope) federation.Envelope {
			e.Ciphertext = append(bytes.Clone(e.Ciphertext), 0)
			return e
		}},
		{"a longer life", federation.KindSignature, noon(), b, func(e federation.Envelope) federation.Envelope { e.Expires++; return e }},
		{"another id", federation.KindSignature, noon(), b, func(e federation.Envelope) federation.Envelope {
			e.ID = federationtest.ID("2")
			return e
		}},
		{"another id, signed by the sender over the old sealing", federation.KindAltered, noon(), b, func(e federation.Envelope) federation.Envelope {
			e.ID = federationtest.ID("2")
			return resign(a, e)
		}},
		{"passed on by its recipient to another", federation.KindAltered, noon(), c.Identity("site-c"), func(e federation.Envelope) federation.Envelope {
			e.From, e.To = "site-b", "site-c"
			return resign(b, e)
		}},
		{"another's message given out as one's own", federation.KindAltered, noon(), b, func(e federation.Envelope) federation.Envelope {
			e.From = "site-c"
			return resign(c.Identity("site-c"), e)
		}},
		{"a sender's name without its key", federation.KindSignature, noon(), b, func(e federation.Envelope) federation.Envelope {
			e.From = "site-c"
			return e
		}},
		{"a header out of form", federation.KindMalformed, noon(), b, func(e federation.Envelope) federation.Envelope {
			e.ID = strings.ToUpper(e.ID)
			return resign(a, e)
		}},
		{"a life of a century", federation.KindMalformed, noon(), b, func(e federation.Envelope) federation.Envelope {
			e.Expires += 100 * 365 * 24 * 3600
			return resign(a, e)
		}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			e := good
			if tc.make != nil {
				e = tc.make(e)
			}
			payload, err := federation.Open(tc.by, c, e, tc.now)
			if federation.KindOf(err) != tc.want || payload != nil {
				t.Errorf("got %q, %v; want kind %s", payload, err, tc.want)
			}
		})
	}
}

func TestSealRefuses(t *testing.T) {
	c := federationtest.New(t, "site-a", "site-b")
	a, b := c.Identity("site-a"), c.Identity("site-b").Public()
	id := federationtest.ID("1")
	for name, seal := range map[string]func() error{
		"an id that is none": func() error {
			_, err := federation.Seal(a, b, c.Digest(), "../../etc/passwd", nil, noon(), time.Hour)
			return err
		},
		"no charter": func() error { _, err := federation.Seal(a, b, "", id, nil, noon(), time.Hour); return err },
		"no life":    func() error { _, err := federation.Seal(a, b, c.Digest(), id, nil, noon(), 0); return err },
		"a life without end": func() error {
			_, err := federation.Seal(a, b, c.Digest(), id, nil, noon(), federation.MaxTTL+time.Second)
			return err
		},
		"no key": func() error {
			_, err := federation.Seal(a, identity.Public{Name: "site-b"}, c.Digest(), id, nil, noon(), time.Hour)
			return err
		},
	} {
		if seal() == nil {
			t.Errorf("%s: sealed", name)
		}
	}
}

// TestGolden holds the encoding of version 1 fast: an envelope that was written
// once opens for ever.
func TestGolden(t *testing.T) {
	c := federationtest.New(t, "site-a", "site-b")
	payload := []byte("the payload of the golden envelope\n")
	if *update {
		e := c.Envelope(t, "site-a", "site-b", federationtest.ID("golden"), payload, noon())
		if err := os.WriteFile(golden, e.Encode(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	e, err := federation.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	got, err := federation.Open(c.Identity("site-b"), c, e, noon())
	if err != nil || !bytes.Equal(got, payload) {
		t.Errorf("got %q, %v", got, err)
	}
	if !bytes.Equal(e.Encode(), b) {
		t.Error("the golden envelope encodes otherwise")
	}
}

func TestDecodeRefusesEveryOtherEncoding(t *testing.T) {
	b, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.IndexByte(b, '{')
	spaced := append(bytes.Clone(b[:at]), append([]byte("{ "), b[at+1:]...)...)
	spaced[at-1]++ // the header's length
	for name, bad := range map[string][]byte{
		"nothing":              nil,
		"trailing byte":        append(bytes.Clone(b), 0),
		"last byte missing":    b[:len(b)-1],
		"header cut":           b[:at+20],
		"another magic":        append([]byte("HMSP"), b[4:]...),
		"space in the header":  spaced,
		"another byte":         append(bytes.Clone(b[:len(b)-1]), b[len(b)-1]^1),
		"header of 4 GiB":      append(append(bytes.Clone(b[:at-4]), 255, 255, 255, 255), b[at:]...),
		"upper-case digest":    bytes.Replace(b, []byte(`"sha256":"`), []byte(`"SHA256":"`), 1),
		"a number as a string": bytes.Replace(b, []byte(`"size":`), []byte(`"size" `), 1),
	} {
		if _, err := federation.Decode(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	b, err := os.ReadFile(golden)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:200])
	f.Add([]byte("hmsp-envelope/v1\n\x00\x00\x00\x02{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := federation.Decode(b)
		if err == nil && !bytes.Equal(e.Encode(), b) {
			t.Error("a second encoding was accepted")
		}
		h, err := federation.ReadHeader(bytes.NewReader(b))
		if err == nil && !bytes.HasPrefix(b, federation.EncodeHeader(h)) {
			t.Error("a second encoding of a header was accepted")
		}
	})
}
