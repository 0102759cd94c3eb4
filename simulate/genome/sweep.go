package genome

import (
	"runtime"
	"sync"

	"hmsp.center/hmsp/simulate/chance"
)

// A Carrier is what the genotypes of a person depend on.
type Carrier struct {
	Key      chance.Key
	Male     bool
	Ancestry [Populations]float64
}

// A Sweep draws the genotypes of many people variant after variant, as files are laid
// out that hold one, where Genotypes draws them person after person: the same calls. It
// holds some blocks of the panel at a time, whatever the panel's size.
type Sweep struct {
	panel   *Panel
	people  []Carrier
	missing []lack
	next    int      // block
	most    int      // calls that are held, unless one block has more
	calls   [][]int8 // by variant; used again
	scratch [][]int8 // a genome for each goroutine
}

// lack is where a person's next missing call is, and the stream that says how far the
// one after it is.
type lack struct {
	stream *chance.Stream
	at     float64
}

// sweepCalls is how many calls a Sweep holds: a byte each.
const sweepCalls = 32 << 20

// Sweep begins at the first variant. Calls of person i are those of people[i].
func (p *Panel) Sweep(people []Carrier) *Sweep {
	s := &Sweep{panel: p, people: people, missing: make([]lack, len(people)), most: sweepCalls}
	for i, c := range people {
		stream := c.Key.Stream("genome")
		stream.Restart(c.Key.Under("genome missing"))
		s.missing[i] = lack{stream, stream.Exponential() / MissingRate}
	}
	return s
}

// Next draws the next variants, as many blocks of them as fit: first is the place of the
// first in the panel, and calls[j][i] the call of person i at variant first+j as
// Genotypes has it. It is valid until the next call; ok is false after the last variant.
func (s *Sweep) Next() (first int, calls [][]int8, ok bool) {
	if s.next == len(s.panel.blocks) {
		return 0, nil, false
	}
	from := s.next
	for s.next < len(s.panel.blocks) {
		n := s.panel.blocks[s.next].to - s.panel.blocks[from].from
		if s.next > from && n*len(s.people) > s.most {
			break
		}
		s.next++
	}
	first = s.panel.blocks[from].from
	s.room(s.panel.blocks[s.next-1].to - first)
	// Each goroutine has people of its own: no two write to one call.
	workers := min(runtime.GOMAXPROCS(0), len(s.people))
	for len(s.scratch) < workers {
		s.scratch = append(s.scratch, make([]int8, len(s.panel.Variants)))
	}
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			s.draw(s.scratch[w], from, len(s.people)*w/workers, len(s.people)*(w+1)/workers)
		})
	}
	wait.Wait()
	return first, s.calls[:s.panel.blocks[s.next-1].to-first], true
}

func (s *Sweep) room(variants int) {
	for len(s.calls) < variants {
		s.calls = append(s.calls, make([]int8, len(s.people)))
	}
}

// draw fills in the people lo to hi-1 of the blocks from to s.next-1.
func (s *Sweep) draw(one []int8, from, lo, hi int) {
	blocks := s.panel.blocks[from:s.next]
	first := blocks[0].from
	var stream *chance.Stream
	for i := lo; i < hi; i++ {
		c := &s.people[i]
		if stream == nil {
			stream = c.Key.Stream("genome")
		}
		under := c.Key.Under("genome block")
		for b := from; b < s.next; b++ {
			sp := s.panel.blocks[b]
			clear(one[sp.from:sp.to])
			s.panel.block(one, stream, under, b, c.Male, c.Ancestry)
		}
		end := blocks[len(blocks)-1].to
		m := &s.missing[i]
		for ; int(m.at) < end; m.at += 1 + m.stream.Exponential()/MissingRate {
			one[int(m.at)] = -1
		}
		for j := first; j < end; j++ {
			s.calls[j-first][i] = one[j]
		}
	}
}
