package secure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestKeyPrintsAsItsType(t *testing.T) {
	k := Key{0xab, 0xcd, 0xef}
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%X", "%s", "%q", "%d"} {
		if got := fmt.Sprintf(verb, k); got != "secure.Key" {
			t.Errorf("%s prints %q", verb, got)
		}
		if got := fmt.Sprintf(verb, struct{ K Key }{k}); strings.Contains(strings.ToLower(got), "abcd") || strings.Contains(got, "171") {
			t.Errorf("%s of a struct prints %q", verb, got)
		}
	}
}

func TestKeyNeedsAllItsRandomness(t *testing.T) {
	if _, err := NewKey(bytes.NewReader(make([]byte, 15))); err == nil {
		t.Error("a key from 15 bytes")
	}
}

func FuzzKeyText(f *testing.F) {
	f.Add([]byte("00112233445566778899aabbccddeeff"))
	f.Add([]byte("00112233445566778899AABBCCDDEEFF"))
	f.Add([]byte("00112233445566778899aabbccddeef"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var k Key
		if k.UnmarshalText(text) != nil {
			return
		}
		again, err := k.MarshalText()
		if err != nil || !bytes.Equal(again, text) {
			t.Fatalf("%q was accepted and is written %q", text, again)
		}
		if b, err := json.Marshal(k); err != nil || string(b) != `"`+string(text)+`"` {
			t.Fatalf("json %s, %v", b, err)
		}
	})
}
