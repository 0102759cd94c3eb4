package consent_test

import (
	"slices"
	"testing"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/law/consent"
	"pgregory.net/rapid"
)

func someDay(t *rapid.T, label string) consent.Day {
	return consent.Day(rapid.IntRange(0, 40).Draw(t, label))
}

// row draws a line of a list about a few people, purposes and days.
func row(t *rapid.T, statuses ...string) []string {
	from, to := someDay(t, "from"), someDay(t, "to")
	if to < from {
		from, to = to, from
	}
	end := consent.FormatDay(to)
	if rapid.Bool().Draw(t, "open") {
		end = ""
	}
	return []string{
		rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "who"), rapid.SampledFrom(append(consent.Purposes(), "all")).Draw(t, "purpose"),
		consent.FormatDay(from), end, rapid.SampledFrom(statuses).Draw(t, "status"),
	}
}

func listRows(cells [][]string) *rows {
	return &rows{columns: consent.ListColumns(), cells: cells, size: 4}
}

// everywhere visits every decision that the properties compare.
func everywhere(reg *consent.Register, visit func(who, purpose string, day consent.Day, d consent.Decision)) {
	for _, who := range []string{"a", "b", "c"} {
		for _, purpose := range consent.Purposes() {
			for day := consent.Day(-1); day <= 42; day++ {
				visit(who, purpose, day, reg.Decide(pseudonym(who), purpose, day))
			}
		}
	}
}

// The decision against its definition, whatever the order of the rows: deny if a deny
// is in force, else permit if a permit is, else silent; and one register for all orders.
func TestDenyWinsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) []string { return row(t, "permit", "deny", "withdrawn", "draft") }), 0, 12).Draw(t, "rows")
		reg := load(t, listRows(cells))
		everywhere(reg, func(who, purpose string, day consent.Day, got consent.Decision) {
			want := consent.Silent
			for _, r := range cells {
				from, _ := consent.ParseDay(r[2])
				to, ok := consent.ParseDay(r[3])
				if r[0] != who || r[1] != purpose && r[1] != "all" || day < from || ok && day > to {
					continue
				}
				switch r[4] {
				case "deny", "withdrawn":
					want = consent.Deny
				case "permit":
					if want == consent.Silent {
						want = consent.Permit
					}
				}
			}
			if got.Outcome != want {
				t.Fatalf("%s, %s on %s: got %v %s, want %v", who, purpose, consent.FormatDay(day), got.Outcome, got.Why, want)
			}
			if slices.Contains(slices.Collect(reg.Permitting(purpose, day)), pseudonym(who)) != (want == consent.Permit) {
				t.Fatalf("%s, %s on %s: is %v, and listed among those who permit otherwise", who, purpose, consent.FormatDay(day), want)
			}
		})
		shuffled := rapid.Permutation(cells).Draw(t, "order")
		if again := load(t, listRows(append(shuffled, cells...))); again.Digest() != reg.Digest() { // twice: idempotent
			t.Fatal("the order of rows or a row said twice changes the register")
		}
	})
}

// Adding a deny never permits more, and only for its patient does anything change.
func TestADenyNeverPermitsMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) []string { return row(t, "permit", "deny") }), 0, 12).Draw(t, "rows")
		deny := row(t, "deny", "withdrawn")
		before, after := load(t, listRows(cells)), load(t, listRows(append(slices.Clone(cells), deny)))
		lost := false
		everywhere(before, func(who, purpose string, day consent.Day, was consent.Decision) {
			is := after.Decide(pseudonym(who), purpose, day)
			if is.Outcome == consent.Permit && was.Outcome != consent.Permit || who != deny[0] && is != was {
				t.Fatalf("%s, %s on %s: %v became %v", who, purpose, consent.FormatDay(day), was, is)
			}
			lost = lost || was.Outcome == consent.Permit && is.Outcome != consent.Permit
		})
		c := consent.Compare(before, after)
		if len(c.Gained) > 0 || lost && !slices.Equal(c.Lost, []uint64{pseudonym(deny[0])}) {
			t.Fatalf("changes: %+v", c)
		}
	})
}

// FHIR: the same, of any tree of provisions. A nested deny added to a document, or a
// document that denies, never permits more; outside of all periods all is silent.
func TestFHIRDenyNeverPermitsMore(t *testing.T) {
	provision := func(t *rapid.T, place string) map[string]string {
		m := map[string]string{format.Patient: "a", format.ID: "c", format.Status: "active", format.Provision: place, format.Scope: research}
		m[format.Decision] = rapid.SampledFrom([]string{"permit", "deny"}).Draw(t, "type")
		m[format.Code] = rapid.SampledFrom([]string{"", mii + "8", mii + "22", mii + "8 " + mii + "22", "loinc:1"}).Draw(t, "code")
		m[format.Purpose] = rapid.SampledFrom([]string{"", "", "", reason + "HRESCH", reason + "HQUALIMP"}).Draw(t, "purpose")
		from, to := someDay(t, "from"), someDay(t, "to")
		if to < from {
			from, to = to, from
		}
		m[format.Start], m[format.End] = consent.FormatDay(from), consent.FormatDay(to)
		return m
	}
	rapid.Check(t, func(t *rapid.T) {
		var cells []map[string]string
		for _, place := range []string{"", "1", "1.1", "1.2", "2"}[:rapid.IntRange(1, 5).Draw(t, "size")] {
			cells = append(cells, provision(t, place))
		}
		other := load(t, clinical(append(doc("type=permit start=1970-01-10 end=1970-01-20 scope="+research), cells...)...))
		reg := load(t, clinical(cells...))
		more := slices.Clone(cells)
		deny := provision(t, "3")
		deny[format.Decision] = "deny"
		moreReg := load(t, clinical(append(more, deny)...))
		refusal := provision(t, "")
		refusal[format.Decision] = "deny"
		refused := load(t, clinical(append(slices.Clone(cells), refusal)...))
		everywhere(reg, func(who, purpose string, day consent.Day, was consent.Decision) {
			for _, r := range []*consent.Register{moreReg, refused} {
				if is := r.Decide(pseudonym(who), purpose, day); is.Outcome == consent.Permit && was.Outcome != consent.Permit {
					t.Fatalf("%s on %s: %v became %v", purpose, consent.FormatDay(day), was, is)
				}
			}
			if (day < 0 || day > 40) && was.Outcome != consent.Silent {
				t.Fatalf("%s on %s, outside of every period: %v", purpose, consent.FormatDay(day), was)
			}
			if d := other.Decide(pseudonym(who), purpose, day); was.Why == consent.Refused && d.Outcome != consent.Deny {
				t.Fatalf("%s on %s: a refusal was overridden", purpose, consent.FormatDay(day))
			}
		})
	})
}

// Compare finds exactly those whose decision differs on some day for some purpose.
func TestCompare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) *consent.Register {
			return load(t, listRows(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) []string { return row(t, "permit", "deny") }), 0, 6).Draw(t, label)))
		}
		old, new := draw("old"), draw("new")
		var want consent.Changes
		everywhere(old, func(who, purpose string, day consent.Day, was consent.Decision) {
			p := pseudonym(who)
			is := new.Decide(p, purpose, day)
			if is.Outcome != was.Outcome {
				want.All = append(want.All, p)
			}
			if is.Outcome != was.Outcome && was.Outcome == consent.Permit {
				want.Lost = append(want.Lost, p)
			}
			if is.Outcome != was.Outcome && is.Outcome == consent.Permit {
				want.Gained = append(want.Gained, p)
			}
		})
		got := consent.Compare(old, new)
		for name, lists := range map[string][2][]uint64{"all": {got.All, want.All}, "lost": {got.Lost, want.Lost}, "gained": {got.Gained, want.Gained}} {
			slices.Sort(lists[1])
			if !slices.Equal(lists[0], slices.Compact(lists[1])) {
				t.Fatalf("%s: got %x, want %x", name, lists[0], lists[1])
			}
		}
	})
}
