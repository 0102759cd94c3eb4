package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"hmsp.center/hmsp/fixed"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/mask"
)

// The targets for a sum of a million values of 64 bits over six sites (methods
// A1): of one site in one round.
const (
	targetValues = 1_000_000
	targetSites  = 6

	mostCPU    = 500 * time.Millisecond
	mostUpload = 8_100_000 // bytes
	mostMemory = 4.0       // times the vector
)

// A SumReport is what one secure sum costs.
type SumReport struct {
	Values, Sites int
	Keys          time.Duration // once per study: making and agreeing on keys, of one site
	Site          time.Duration // processor time of one site in one round: masking, and helping to open
	Upload        int           // bytes that a site sends in a round
	Memory        float64       // vector and all that is allocated beside it, in vectors
	Lead          time.Duration // processor time of the lead: adding and opening
	Plain         time.Duration // adding the vectors in the clear
	Engine        EngineReport
}

// SecureSum measures the masks alone, and the same vector through whole studies.
func SecureSum(ctx context.Context, c Config) (SumReport, error) {
	c = c.defaults()
	r := SumReport{Values: c.Values, Sites: c.Sites}
	terms := secure.Terms{Session: []byte("bench"), Colluders: 1, Honest: secure.MinHonest}
	for i := range c.Sites {
		terms.Members = append(terms.Members, i)
	}
	begin := processor()
	sites, err := mask.Scheme{}.Setup(terms, rand.Reader)
	if err != nil {
		return r, err
	}
	r.Keys = (processor() - begin) / time.Duration(c.Sites)
	for n := range c.Repeats {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		if err := r.round(terms, sites, n); err != nil {
			return r, err
		}
	}
	if r.Engine, err = engineSum(ctx, c); err != nil {
		return r, fmt.Errorf("through the engine: %w", err)
	}
	return r, nil
}

// round is one round of all sites; it keeps the best of what was measured.
func (r *SumReport) round(terms secure.Terms, sites []secure.Site, n int) error {
	layout := fixed.Layout{{Bits: 64, Len: r.Values}}
	round := secure.Round{Number: n, Question: [32]byte{byte(n), byte(n >> 8)}}
	x := make([]uint64, r.Values)
	for k := range x {
		x[k] = uint64(k%1000) + uint64(n)
	}
	parcels, help := map[int]secure.Parcel{}, map[int][]byte{}
	for i, s := range sites[1:] {
		p, err := s.Send(round, layout, x, rand.Reader)
		if err != nil {
			return err
		}
		parcels[i+1] = p
	}
	if err := r.one(terms, sites[0], round, layout, x, parcels, help); err != nil {
		return err
	}
	for i, s := range sites[1:] {
		var err error
		if help[i+1], err = s.Help(round, terms.Members, sealed(i+1, parcels)); err != nil {
			return err
		}
	}
	sum, err := r.open(terms, round, layout, parcels, help)
	if err != nil {
		return err
	}
	plain := make([]uint64, r.Values)
	begin := processor()
	for range sites {
		layout.AddTo(plain, x)
	}
	r.Plain = least(r.Plain, processor()-begin)
	if !slices.Equal(sum, plain) {
		return errors.New("the opened sum is not the sum")
	}
	return nil
}

// one is the round of the site that is measured, site 0.
func (r *SumReport) one(terms secure.Terms, s secure.Site, round secure.Round, layout fixed.Layout, x []uint64, parcels map[int]secure.Parcel, help map[int][]byte) error {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begin := processor()
	p, err := s.Send(round, layout, x, rand.Reader)
	if err != nil {
		return err
	}
	parcels[0] = p
	if help[0], err = s.Help(round, terms.Members, sealed(0, parcels)); err != nil {
		return err
	}
	r.Site = least(r.Site, processor()-begin)
	runtime.ReadMemStats(&after)
	r.Memory = 1 + float64(after.TotalAlloc-before.TotalAlloc)/float64(8*r.Values)
	r.Upload = 8*len(p.Vector) + len(help[0])
	for _, b := range p.Sealed {
		r.Upload += len(b)
	}
	return nil
}

// sealed is what the parcels hold for site i.
func sealed(i int, parcels map[int]secure.Parcel) map[int][]byte {
	out := map[int][]byte{}
	for j, p := range parcels {
		if out[j] = p.Sealed[i]; j == i {
			out[j] = p.Kept
		}
	}
	return out
}

func (r *SumReport) open(terms secure.Terms, round secure.Round, layout fixed.Layout, parcels map[int]secure.Parcel, help map[int][]byte) ([]uint64, error) {
	lead, err := mask.Scheme{}.Lead(terms)
	if err != nil {
		return nil, err
	}
	vectors := map[int][]uint64{}
	for i, p := range parcels {
		vectors[i] = p.Vector
	}
	begin := processor()
	sum, err := lead.Open(round, layout, terms.Members, vectors, help)
	r.Lead = least(r.Lead, processor()-begin)
	return sum, err
}

// least is the smaller of two durations, of which 0 is none yet.
func least(a, b time.Duration) time.Duration {
	if a == 0 {
		return b
	}
	return min(a, b)
}

func (r SumReport) write(w io.Writer) error {
	g := newGrid(w, fmt.Sprintf("Secure sum of %d values over %d sites, one round", r.Values, r.Sites))
	aim := func(what, measured string, got, most float64, target string) {
		if r.Values != targetValues || r.Sites != targetSites { // the targets are of one size
			g.row(what, measured)
			return
		}
		g.row(what, measured, "<= "+target, met(got, most))
	}
	g.row("", "measured", "target", "")
	aim("a site's processor, masks alone", seconds(r.Site), float64(r.Site), float64(mostCPU), seconds(mostCPU))
	aim("a site's upload", fmt.Sprintf("%d bytes", r.Upload), float64(r.Upload), mostUpload, fmt.Sprintf("%d bytes", mostUpload))
	aim("a site's memory, vector included", fmt.Sprintf("%.2f vectors", r.Memory), r.Memory, mostMemory, fmt.Sprintf("%.0f vectors", mostMemory))
	g.row("the lead's processor, adding and opening", seconds(r.Lead))
	g.row("plain addition of the same vectors", seconds(r.Plain))
	g.row("a site's processor per study, keys", seconds(r.Keys))
	aim("whole engine: a site's processor", seconds(r.Engine.Site), float64(r.Engine.Site), float64(mostCPU), seconds(mostCPU))
	aim("whole engine: a site's upload", fmt.Sprintf("%d bytes", r.Engine.Upload), float64(r.Engine.Upload), mostUpload, fmt.Sprintf("%d bytes", mostUpload))
	g.row("whole engine: the lead's processor", seconds(r.Engine.Lead))
	return g.Flush()
}
