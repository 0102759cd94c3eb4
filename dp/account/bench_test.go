package account

import (
	"fmt"
	"testing"

	"hmsp.center/hmsp/dp"
)

// year is what a busy ledger holds: n events of all kinds, of which so many are
// distinct.
func year(n, distinct int) []dp.Event {
	events := make([]dp.Event, n)
	for i := range events {
		k := i % distinct
		noise := 100 * (1 + 9*float64(k)/float64(distinct))
		e := dp.Event{Noise: noise}
		switch k % 7 {
		case 0:
			e.Kind = dp.Gaussian
		case 1:
			e.Kind = dp.Laplace
		case 2:
			e.Kind = dp.DiscreteLaplace
		case 3:
			e.Kind = dp.DiscreteGaussian
		case 4:
			e.Kind, e.Rate, e.Noise = dp.SampledGaussian, 0.01, noise/100
		case 5:
			e.Kind, e.Rate, e.Noise = dp.SampledLaplace, 0.05, noise/50
		case 6:
			e.Kind, e.Steps = dp.Tree, 64
		}
		events[i] = e
	}
	return events
}

// The claim of the issue: composition of 10,000 heterogeneous events under 1 s.
func BenchmarkCompose10000Heterogeneous(b *testing.B) {
	for _, distinct := range []int{100, 10000} {
		b.Run(fmt.Sprintf("%d-distinct", distinct), func(b *testing.B) {
			events := year(10000, distinct)
			var eps float64
			for b.Loop() {
				var err error
				if eps, err = PLD().Epsilon(events, 1e-6); err != nil {
					b.Fatal(err)
				}
			}
			rho, _ := RhoOf(events)
			b.ReportMetric(eps, "epsilon")
			b.ReportMetric(EpsilonOfRho(rho, 1e-6), "epsilon-of-rho")
		})
	}
}

// The reported accountant is used with others: none may be slow.
func BenchmarkAccountants(b *testing.B) {
	for _, a := range All() {
		b.Run(a.Name(), func(b *testing.B) {
			events := year(1000, 300)
			for b.Loop() {
				if _, err := a.Epsilon(events, 1e-6); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDPSGD(b *testing.B) {
	events := []dp.Event{{Kind: dp.SampledGaussian, Noise: 1.1, Rate: 256.0 / 60000, Count: 14062}}
	for _, a := range All() {
		b.Run(a.Name(), func(b *testing.B) {
			for b.Loop() {
				if _, err := a.Epsilon(events, 1e-5); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
