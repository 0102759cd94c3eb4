package mask

import (
	"io"
	"runtime"
	"slices"
	"testing"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/securetest"
)

// The size at which costs are promised (methods A1, target 4): 10^6 values of
// 64 bits over 6 sites.
func million() fixed.Layout { return fixed.Layout{{Bits: 64, Len: 1_000_000}} }

func six(t testing.TB) (secure.Terms, map[int]*Party) {
	terms, _ := securetest.Terms(6, 1)
	return terms, parties(t, terms, "cost")
}

// upload is what a site sends in one round: the vector, its sealed shares, and
// its help for a set from which lost sites are missing.
func upload(p secure.Parcel, help []byte) int {
	n := 8*len(p.Vector) + len(help)
	for _, s := range p.Sealed {
		n += len(s)
	}
	return n
}

// The promise of the issue that does not depend on the machine: at most 8.1 MB
// of upload and 4 times the vector of memory in one round. The third, 0.5 s of a
// site's processor, is a figure of BenchmarkSite and of docs/performance.md: no
// test asserts a time.
func TestCostOfAMillionValues(t *testing.T) {
	terms, all := six(t)
	layout := million()
	x, rnd := securetest.Random(layout, securetest.Rand("x")), securetest.Rand("site")
	vector := 8 * len(x)
	for n := range 2 {
		r := secure.Round{Number: n, Question: [32]byte{byte(n)}}
		sealed := sealedByPeers(t, all, r, rnd)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p, err := all[0].Send(r, layout, x, rnd)
		if err != nil {
			t.Fatal(err)
		}
		sealed[0] = p.Kept
		help, err := all[0].Help(r, terms.Members, sealed)
		if err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		allocated, sent := int(after.TotalAlloc-before.TotalAlloc), upload(p, help)
		if sent > 8_100_000 {
			t.Errorf("upload of %d bytes", sent)
		}
		if !securetest.Race && allocated+vector > 4*vector {
			t.Errorf("%d bytes allocated beside a vector of %d", allocated, vector)
		}
		if n == 1 {
			t.Logf("upload %d bytes, %d of them beside the vector; allocated %.2f times the vector", sent, sent-vector, float64(allocated)/float64(vector))
		}
	}
}

// sealedByPeers returns what the other sites seal to site 0 in a round.
func sealedByPeers(t testing.TB, all map[int]*Party, r secure.Round, rnd io.Reader) map[int][]byte {
	t.Helper()
	sealed := map[int][]byte{}
	for j := range all {
		if j != 0 {
			p, err := all[j].Send(r, fixed.Layout{{Bits: 64, Len: 1}}, []uint64{0}, rnd)
			if err != nil {
				t.Fatal(err)
			}
			sealed[j] = p.Sealed[0]
		}
	}
	return sealed
}

func BenchmarkPlainSum(b *testing.B) {
	layout := million()
	x, sum := securetest.Random(layout, securetest.Rand("x")), make([]uint64, layout.Words())
	b.SetBytes(int64(8 * len(x)))
	b.ReportAllocs()
	for b.Loop() {
		clear(sum)
		for range 6 {
			layout.AddTo(sum, x)
		}
	}
}

func BenchmarkSite(b *testing.B) {
	terms, all := six(b)
	layout := million()
	x, rnd := securetest.Random(layout, securetest.Rand("x")), securetest.Rand("site")
	b.SetBytes(int64(8 * len(x)))
	b.ReportAllocs()
	n, sent := 0, 0
	for b.Loop() {
		n++
		r := secure.Round{Number: n, Question: [32]byte{byte(n), byte(n >> 8), byte(n >> 16)}}
		b.StopTimer()
		sealed := sealedByPeers(b, all, r, rnd)
		b.StartTimer()
		p, err := all[0].Send(r, layout, x, rnd)
		if err != nil {
			b.Fatal(err)
		}
		sealed[0] = p.Kept
		help, err := all[0].Help(r, terms.Members, sealed)
		if err != nil {
			b.Fatal(err)
		}
		sent = upload(p, help)
	}
	b.ReportMetric(float64(sent), "upload-B")
}

func BenchmarkLead(b *testing.B) {
	for _, lost := range []int{0, 1, 2} {
		b.Run([]string{"none lost", "one lost", "two lost"}[lost], func(b *testing.B) {
			terms, all := six(b)
			layout, r, rnd := million(), secure.Round{Number: 1}, securetest.Rand("lead")
			set := terms.Members[:6-lost]
			ys, parcels, help := map[int][]uint64{}, map[int]secure.Parcel{}, map[int]Help{}
			for j := range all {
				p, err := all[j].Send(r, layout, make([]uint64, layout.Words()), rnd)
				if err != nil {
					b.Fatal(err)
				}
				ys[j], parcels[j] = p.Vector, p
			}
			for _, i := range set {
				sealed := map[int][]byte{i: parcels[i].Kept}
				for _, j := range set {
					if j != i {
						sealed[j] = parcels[j].Sealed[i]
					}
				}
				h, err := all[i].Help(r, set, sealed)
				if err != nil {
					b.Fatal(err)
				}
				help[i], _ = ParseHelp(h)
			}
			sum := make([]uint64, layout.Words())
			b.SetBytes(int64(8 * len(sum)))
			b.ReportAllocs()
			for b.Loop() {
				clear(sum)
				for _, j := range set {
					layout.AddTo(sum, ys[j])
				}
				if _, err := Open(terms, layout, set, sum, help); err != nil {
					b.Fatal(err)
				}
			}
			if slices.Max(sum) != 0 {
				b.Fatal("not the sum")
			}
		})
	}
}

func BenchmarkEpochSetup(b *testing.B) {
	terms, _ := securetest.Terms(6, 1)
	for b.Loop() {
		if _, err := (Scheme{}).Setup(terms, securetest.Rand("setup")); err != nil {
			b.Fatal(err)
		}
	}
}
