package verify

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure/mask"
	"hmsp.center/hmsp/secure/securetest"
)

var update = flag.Bool("update", false, "rewrite testdata")

// A vector is one check, with its secrets, for another implementation to follow.
type vector struct {
	Name        string       `json:"name"`
	Layout      fixed.Layout `json:"layout"`
	X           []string     `json:"x"`           // words of 8 bytes, little endian
	Rho         []string     `json:"rho"`         // randomness of the commitments
	Commitments []string     `json:"commitments"` // in the order of the sites
	Opened      string       `json:"opened"`      // the sum
	Coin        string       `json:"coin"`        // the seed
	V           []Scalar     `json:"v"`           // the first coordinates of v
	Sigma       []Scalar     `json:"sigma"`       // ⟨v, x_i⟩
	Masked      []Scalar     `json:"masked"`
}

func play(t *testing.T, name string, layout fixed.Layout) vector {
	t.Helper()
	r := start(t, 4, layout, "vector "+name)
	r.transcript.Opened = mask.HashWords(r.sum)
	c, err := r.transcript.Coin()
	if err != nil {
		t.Fatal(err)
	}
	v := vector{Name: name, Layout: layout, Opened: hex.EncodeToString(mask.AppendWords(nil, r.sum)), Coin: hex.EncodeToString(c.seed[:])}
	masked := r.scalars(t, c)
	for _, i := range r.transcript.Set {
		rho, commitment := r.rho[i], r.transcript.Commitments[i]
		sigma, _ := c.Inner(layout, r.xs[i])
		v.X = append(v.X, hex.EncodeToString(mask.AppendWords(nil, r.xs[i])))
		v.Rho = append(v.Rho, hex.EncodeToString(rho[:]))
		v.Commitments = append(v.Commitments, hex.EncodeToString(commitment[:]))
		v.Sigma, v.Masked = append(v.Sigma, sigma), append(v.Masked, masked[i])
	}
	s := c.stream(3)
	v.V = []Scalar{s.next(), s.next(), s.next()}
	if err := c.Check(layout, r.sum, r.transcript.Set, masked); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVectors(t *testing.T) {
	const file = "testdata/check.json"
	layouts := securetest.Layouts()
	got, err := json.MarshalIndent([]vector{play(t, "64", layouts["64"]), play(t, "128", layouts["128"]), play(t, "mixed", layouts["mixed"])}, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the checks come out otherwise than %s has them: %v\n%s", file, err, got)
	}
}
