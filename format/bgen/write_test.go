package bgen

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"hmsp.center/hmsp/genotype"
)

// A draft is a bgen file that a test writes, by the specification alone.
type draft struct {
	layout, compression int
	samples             []string // embedded, if not nil
	people              int
	variants            []draftVariant
}

type draftVariant struct {
	name, id, chromosome string
	position             uint32
	alleles              []string
	genotypes            []byte
}

func (d draft) bytes() []byte {
	var names []byte
	for _, s := range d.samples {
		names = appendText(names, s)
	}
	flags := uint32(d.compression | d.layout<<2)
	offset := uint32(minHeader)
	if d.samples != nil {
		flags |= 1 << 31
		offset += uint32(8 + len(names))
	}
	b := numbers(offset, minHeader, uint32(len(d.variants)), uint32(d.people))
	b = append(b, magic...)
	b = append(b, numbers(flags)...)
	if d.samples != nil {
		b = append(append(b, numbers(uint32(8+len(names)), uint32(len(d.samples)))...), names...)
	}
	for _, v := range d.variants {
		b = d.append(b, v)
	}
	return b
}

func (d draft) append(b []byte, v draftVariant) []byte {
	if d.layout == 1 {
		b = append(b, numbers(uint32(d.people))...)
	}
	b = appendText(appendText(appendText(b, v.name), v.id), v.chromosome)
	b = append(b, numbers(v.position)...)
	if d.layout == 2 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(v.alleles)))
	}
	for _, a := range v.alleles {
		b = append(append(b, numbers(uint32(len(a)))...), a...)
	}
	data := v.genotypes
	switch d.compression {
	case zlibs:
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		w.Write(data)
		w.Close()
		data = z.Bytes()
	case zstds:
		w, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		data = w.EncodeAll(data, nil)
	}
	switch {
	case d.layout == 2 && d.compression != plain:
		b = append(b, numbers(uint32(len(data)+4), uint32(len(v.genotypes)))...)
	case d.layout == 2 || d.compression != plain:
		b = append(b, numbers(uint32(len(data)))...)
	}
	return append(b, data...)
}

func numbers(n ...uint32) []byte {
	var b []byte
	for _, x := range n {
		b = binary.LittleEndian.AppendUint32(b, x)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(s))), s...)
}

// bits appends numbers of a width, the lowest bit first.
type bits struct {
	b []byte
	n int
}

func (w *bits) add(x uint64, width int) {
	for i := range width {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(x>>i&1) << (w.n % 8)
		w.n++
	}
}

// split is n random parts that sum to one.
func split(rng *rand.Rand, n int, one uint64) []uint64 {
	out := make([]uint64, n)
	left := one
	for i := range n - 1 {
		switch rng.IntN(3) {
		case 0:
			out[i] = left
		case 1:
			out[i] = rng.Uint64N(left + 1)
		}
		left -= out[i]
	}
	out[n-1] = left
	rng.Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// random is a variant of people of random ploidy, and the expected counts of each allele.
func random(rng *rand.Rand, people, alleles, width int, phased bool, ploidies []int) ([]byte, [][]float64) {
	head := append(numbers(uint32(people)), byte(alleles), byte(alleles>>8), 63, 0)
	var probabilities bits
	expected := make([][]float64, alleles)
	one := uint64(1)<<width - 1
	for range people {
		ploidy := ploidies[rng.IntN(len(ploidies))]
		head[6], head[7] = min(head[6], byte(ploidy)), max(head[7], byte(ploidy))
		gone := rng.IntN(8) == 0
		code := byte(ploidy)
		if gone {
			code |= absent
		}
		head = append(head, code)
		counts := make([]float64, alleles)
		set := func(p []uint64, count func(genotype, allele int) int) {
			for g, x := range p {
				if gone {
					x = 0
				}
				if g < len(p)-1 {
					probabilities.add(x, width)
				}
				for a := range counts {
					counts[a] += float64(x) / float64(one) * float64(count(g, a))
				}
			}
		}
		switch {
		case phased || ploidy == 1:
			for range ploidy {
				set(split(rng, alleles, one), func(g, a int) int {
					if g == a {
						return 2 / ploidy
					}
					return 0
				})
			}
		case ploidy == 2:
			var pairs [][2]int
			for j := range alleles {
				for i := range j + 1 {
					pairs = append(pairs, [2]int{i, j})
				}
			}
			set(split(rng, len(pairs), one), func(g, a int) int {
				n := 0
				for _, x := range pairs[g] {
					if x == a {
						n++
					}
				}
				return n
			})
		}
		for a := range counts {
			if gone || ploidy == 0 {
				counts[a] = math.NaN()
			}
			expected[a] = append(expected[a], counts[a])
		}
	}
	head = append(head, map[bool]byte{true: 1}[phased], byte(width))
	return append(head, probabilities.b...), expected
}

// Every precision, ploidy and number of alleles, phased and not, gives the expected
// counts that the file was written with.
func TestWritten(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	const people = 70
	var samples []string
	for i := range people {
		samples = append(samples, fmt.Sprintf("s%d", i))
	}
	for compression := range 3 {
		d := draft{layout: 2, compression: compression, samples: samples, people: people}
		var want [][]float64
		var names []genotype.Variant
		for width := 1; width <= 32; width++ {
			for _, alleles := range []int{2, 2, 3, 5} {
				for _, phased := range []bool{false, true} {
					ploidies := [][]int{{2}, {1}, {0, 1, 2}, {1, 2}, {0}}[rng.IntN(5)]
					data, expected := random(rng, people, alleles, width, phased, ploidies)
					v := draftVariant{name: "name", id: ".", chromosome: "01", position: uint32(len(d.variants) + 1), genotypes: data}
					for a := range alleles {
						v.alleles = append(v.alleles, fmt.Sprintf("A%d", a))
						if a > 0 {
							want = append(want, expected[a])
							names = append(names, genotype.Variant{Chromosome: "1", Position: int(v.position), ID: "name", Ref: "A0", Alt: v.alleles[a]})
						}
					}
					d.variants = append(d.variants, v)
				}
			}
		}
		path := write(t, filepath.Join(t.TempDir(), "x.bgen"), string(d.bytes()))
		got, info := mustAll(t, path)
		if len(got) != len(want) || info.Samples[69].ID != "s69" {
			t.Fatalf("%d variants, want %d", len(got), len(want))
		}
		for i, w := range want {
			if got[i].variant != names[i] {
				t.Fatalf("variant %d: %v, want %v", i, got[i].variant, names[i])
			}
			for s, x := range w {
				y := float64(got[i].dosages[s])
				if math.IsNaN(x) != math.IsNaN(y) || math.Abs(x-y) > 1e-6 {
					t.Fatalf("variant %d (%v), sample %d: dosage %v, want %v", i, names[i], s, y, x)
				}
				count := -1
				if near := math.Round(x); math.Abs(x-near) < 0.1 {
					count = int(near)
				}
				if n := got[i].counts[s]; n != count && math.Abs(math.Abs(x-math.Round(x))-0.1) > 1e-4 {
					t.Fatalf("variant %d, sample %d: call %d, want %d of %v", i, s, n, count, x)
				}
			}
		}
	}
}

// plink2 reads what this test writes, precisions that it does not write among them, as
// this package does.
func TestWrittenPlink2(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	d := draft{layout: 2, compression: zstds, people: 50}
	sample := "ID_1 ID_2 missing sex\n0 0 0 D\n"
	for i := range d.people {
		d.samples = append(d.samples, fmt.Sprintf("s%d", i))
		sample += fmt.Sprintf("0 s%d 0 1\n", i)
	}
	for width := 1; width <= 28; width++ {
		for k := range 4 {
			ploidy := 1 + k%2
			data, _ := random(rng, d.people, 2, width, k > 1, []int{ploidy})
			d.variants = append(d.variants, draftVariant{name: ".", id: fmt.Sprint("v", len(d.variants)), chromosome: map[int]string{1: "X", 2: "22"}[ploidy], position: uint32(5000000 + len(d.variants)), alleles: []string{"A", "C"}, genotypes: data})
		}
	}
	prefix := filepath.Join(t.TempDir(), "x")
	write(t, prefix+".bgen", string(d.bytes()))
	write(t, prefix+".sample", sample)
	plink2(t, "--bgen", prefix+".bgen", "ref-first", "--sample", prefix+".sample", "--sort-vars", "--make-pgen", "--out", prefix+"p")
	plink2(t, "--pfile", prefix+"p", "--export", "vcf", "vcf-dosage=DS-force", "--out", prefix)
	got, _ := mustAll(t, prefix+".bgen")
	want := map[string]row{}
	for _, r := range vcf(t, prefix+".vcf") {
		want[r.variant.ID] = r
	}
	for _, g := range got {
		same(t, []row{g}, []row{want[g.variant.ID]})
	}
}

// Layout 1, packed and plain; what is lacking to 1 is shared out.
func TestLayout1(t *testing.T) {
	var data []byte
	for _, p := range [][3]uint16{{32768, 0, 0}, {0, 32768, 0}, {0, 0, 32768}, {0, 0, 0}, {8192, 8192, 16384}, {0, 300, 29700}, {1000, 0, 0}} {
		for _, x := range p {
			data = binary.LittleEndian.AppendUint16(data, x)
		}
	}
	for compression := range 2 {
		d := draft{layout: 1, compression: compression, people: 7, samples: []string{"a", "b", "c", "d", "e", "f", "g"},
			variants: []draftVariant{{name: "n", id: "rs1", chromosome: "X", position: 7, alleles: []string{"A", "C"}, genotypes: data}}}
		got, info := mustAll(t, write(t, filepath.Join(t.TempDir(), "x.bgen"), string(d.bytes())))
		nan := float32(math.NaN())
		want := row{variant: genotype.Variant{Chromosome: "X", Position: 7, ID: "rs1", Ref: "A", Alt: "C"},
			counts: []int{0, 1, 2, -1, -1, 2, 0}, dosages: []float32{0, 1, 2, nan, 1.25, 1.99, 0}}
		if len(got) != 1 || info.Variants != 1 || !got[0].equal(want) {
			t.Errorf("compression %d: %v", compression, got)
		}
	}
}
