package federation_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/federation"
)

func TestLogState(t *testing.T) {
	c := audit.Checkpoint{Origin: "hub", Size: 3, Root: audit.Hash{1}, Time: noon(), Signature: []byte("signed")}
	encode := func(s federation.LogState) []byte {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := encode(federation.LogState{Checkpoint: string(c.Encode()), Proof: []audit.Hash{{2}, {3}}})
	got, proof, err := federation.DecodeLogState(b)
	if err != nil || !got.Same(c) || !got.Time.Equal(noon().Truncate(time.Second)) || len(proof) != 2 || proof[1] != (audit.Hash{3}) {
		t.Fatalf("%+v %v %v", got, proof, err)
	}
	if _, proof, err := federation.DecodeLogState(encode(federation.LogState{Checkpoint: string(c.Encode())})); err != nil || proof == nil {
		t.Errorf("no proof reads as none asked for: %v, %v", proof, err)
	}
	for what, b := range map[string][]byte{
		"nothing":           nil,
		"no checkpoint":     encode(federation.LogState{}),
		"half a checkpoint": encode(federation.LogState{Checkpoint: string(c.Encode()[:40])}),
		"a long proof":      encode(federation.LogState{Checkpoint: string(c.Encode()), Proof: make([]audit.Hash, 65)}),
		"more after it":     append(b, 'x'),
		"unknown field":     []byte(strings.Replace(string(b), "proof", "prove", 1)),
		"a hash cut short":  []byte(strings.Replace(string(b), "AAAA=", "AA==", 1)),
	} {
		if _, _, err := federation.DecodeLogState(b); federation.KindOf(err) != federation.KindForeign {
			t.Errorf("%s: %v", what, err)
		}
	}
}
