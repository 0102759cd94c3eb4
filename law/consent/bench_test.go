package consent

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A million patients with a broad consent each, and a withdrawal of every tenth.
func million() (*Register, []uint64) {
	rng := rand.New(rand.NewPCG(1, 2))
	var records []record
	people := make([]uint64, 1_000_000)
	for i := range people {
		people[i] = rng.Uint64()
		from := Day(15000 + rng.IntN(4000))
		records = append(records, record{people[i], Statement{from, from + 10957, 1, Permits}}, record{people[i], Statement{from, from + 10957, 14, Refuses}})
		if i%10 == 0 {
			records = append(records, record{people[i], Statement{from + 500, Forever, 1, Withdraws}})
		}
	}
	return newRegister(Hash{}, records), people
}

func BenchmarkFilterMillion(b *testing.B) {
	reg, people := million()
	b.Run("filter", func(b *testing.B) {
		b.ReportMetric(float64(len(reg.people)*16+len(reg.statements)*12+len(reg.places)*4)/1e6, "MB")
		for b.Loop() {
			reg.Filter(people, "research", 19000)
		}
	})
	b.Run("filter in order", func(b *testing.B) { // as a History has its people
		sorted := slices.Sorted(slices.Values(people))
		for b.Loop() {
			reg.Filter(sorted, "research", 19000)
		}
	})
	b.Run("decide", func(b *testing.B) {
		for b.Loop() {
			for _, p := range people {
				reg.Decide(p, "research", 19000)
			}
		}
	})
	b.Run("map", func(b *testing.B) { // what a map from pseudonym to statements would take
		m := map[uint64][]Statement{}
		for i := range reg.People() {
			m[reg.people[i].pseudonym] = reg.of(i)
		}
		bit, _ := SetOf("research")
		for b.Loop() {
			for _, p := range people {
				decide(m[p], bit, 19000)
			}
		}
	})
}

func BenchmarkCommitMillion(b *testing.B) {
	reg, people := million()
	salt := NewSalt([]byte("key"), "x")
	b.Run("cohort", func(b *testing.B) {
		for b.Loop() {
			NewCohort(salt, people).Digest()
		}
	})
	b.Run("state", func(b *testing.B) {
		for b.Loop() {
			reg.State(salt).Digest()
		}
	})
	tree := NewCohort(salt, people)
	b.Run("path", func(b *testing.B) {
		for b.Loop() {
			tree.Path(people[0])
		}
	})
	b.Run("check", func(b *testing.B) {
		path, digest := tree.Path(people[0]), tree.Digest()
		b.ReportMetric(float64(len(path.Nodes)), "nodes")
		for b.Loop() {
			if _, _, err := path.check(cohortTree, digest, people[0]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("digest", func(b *testing.B) {
		for b.Loop() {
			reg.Digest()
		}
	})
	b.Run("compare", func(b *testing.B) {
		other, _ := million()
		for b.Loop() {
			Compare(reg, other)
		}
	})
}

// One broad consent of the Medizininformatik-Initiative, read from its table's row.
func BenchmarkReadBroadConsent(b *testing.B) {
	rules := Standard()
	const code = "urn:oid:2.16.840.1.113883.3.1937.777.24.5.3|2.16.840.1.113883.3.1937.777.24.5.3."
	d := Document{Status: "active", Scope: "http://terminology.hl7.org/CodeSystem/consentscope|research", Day: 19000, Provisions: []Provision{{Parent: -1, Type: "deny", From: 19000, To: 30000}}}
	for _, c := range []string{"6", "7", "8", "19", "20", "22", "23"} {
		d.Provisions = append(d.Provisions, Provision{Type: "permit", From: 19000, To: 30000, Code: code + c})
	}
	b.ReportAllocs()
	for b.Loop() {
		rules.Statements(d)
	}
}
