// Package dp is the contract of differential privacy: what was done, as data.
// An [Event] says which mechanism ran with which noise relative to what one
// patient can change; accountants (dp/account) interpret events, and one that
// an accountant does not know is refused, never skipped. Adjacency is adding or
// removing one patient's whole record.
package dp

import (
	"fmt"
	"math"
)

// A Kind names a mechanism.
type Kind string

const (
	// Gaussian: independent Gaussian noise on every coordinate, continuous, or
	// discrete where its standard deviation is at least 2 steps of the grid. Of the
	// discrete one every Renyi divergence and rho are bounds (Canonne, Kamath and
	// Steinke 2020, Theorem 4; methods B3); an epsilon read from its exact loss
	// distribution can be more by up to 1% at 2 steps, by 2e-5 from 64 steps on
	// (dp/account tests it).
	Gaussian Kind = "gaussian"
	// Laplace: independent Laplace noise, continuous; an upper bound for discrete.
	Laplace Kind = "laplace"
	// DiscreteLaplace: two-sided geometric noise on integers, of sensitivity 1 in
	// the integers that Noise is relative to. It is accounted as randomised response,
	// which dominates it also where the sensitivity is several steps or coordinates.
	DiscreteLaplace Kind = "discrete-laplace"
	// DiscreteGaussian: discrete Gaussian noise on integers with sensitivity 1.
	DiscreteGaussian Kind = "discrete-gaussian"
	// SampledGaussian, SampledLaplace: the same after Poisson sampling with Rate.
	SampledGaussian Kind = "sampled-gaussian"
	SampledLaplace  Kind = "sampled-laplace"
	// Tree: tree aggregation of Steps steps with Gaussian noise on every node; one
	// participation of a patient per tree. A node is used once the last step under it
	// has happened, so that a participation is in floor(log2 Steps)+1 nodes.
	Tree Kind = "tree"
)

// An Event is one use of a mechanism. Noise is in units of the sensitivity:
// sigma/L2 for Gaussian kinds (standard deviation), b/L1 for Laplace kinds
// (scale). Count uses of the same event after each other are one Event; 0 means 1.
type Event struct {
	Kind  Kind    `json:"kind"`
	Noise float64 `json:"noise"`
	Rate  float64 `json:"rate,omitempty"`
	Steps int     `json:"steps,omitempty"`
	Count int     `json:"count,omitempty"`
}

// Times is how often the event happened.
func (e Event) Times() int {
	if e.Count == 0 {
		return 1
	}
	return e.Count
}

// Valid refuses an event that no mechanism can have made, or that is not known.
func (e Event) Valid() error {
	switch {
	case !(e.Noise > 0) || math.IsInf(e.Noise, 0):
		return fmt.Errorf("event %q: noise %v: want more than 0", e.Kind, e.Noise)
	case e.Count < 0:
		return fmt.Errorf("event %q: count %d: want 0 or more", e.Kind, e.Count)
	}
	sampled, tree := false, false
	switch e.Kind {
	case Gaussian, Laplace, DiscreteLaplace, DiscreteGaussian:
	case SampledGaussian, SampledLaplace:
		sampled = true
	case Tree:
		tree = true
	default:
		return fmt.Errorf("event of the unknown kind %q", e.Kind)
	}
	if sampled != (e.Rate != 0) || sampled && !(e.Rate > 0 && e.Rate <= 1) {
		return fmt.Errorf("event %q: rate %v: want one above 0, at most 1, for sampled kinds only", e.Kind, e.Rate)
	}
	if tree != (e.Steps != 0) || e.Steps < 0 {
		return fmt.Errorf("event %q: steps %d: want 1 or more, for trees only", e.Kind, e.Steps)
	}
	return nil
}
