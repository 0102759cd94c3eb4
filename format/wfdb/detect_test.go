package wfdb

import (
	"testing"

	"hmsp.center/hmsp/format/internal/ecg"
)

// detected are the times of the beats that the detector finds in a record's first lead.
func detected(t *testing.T, path string) (out []float64) {
	text, err := readHeader(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := parseHeader(path, text)
	if err != nil {
		t.Fatal(err)
	}
	lead := h.lead()
	d := ecg.NewDetector(h.rateOf(lead), func(at int64) { out = append(out, float64(at)/h.rateOf(lead)) })
	for _, g := range h.groups() {
		if err := g.read(t.Context(), path, h, func(signal int, x float64) error {
			if signal == lead {
				d.Push(x)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	d.Flush()
	return out
}
