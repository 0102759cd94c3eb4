package omop_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func distinct(rows []string, k int) int {
	seen := map[string]bool{}
	for _, r := range rows {
		seen[strings.Split(r, "|")[k]] = true
	}
	return len(seen)
}

func people(t *testing.T, rows []string, ref reference) {
	sex := map[string]int{}
	var sum, squares, lo, hi float64 = 0, 0, math.Inf(1), 0
	for _, r := range rows {
		cells := strings.Split(r, "|") // patient, birth, death, sex, postal
		sex[cells[3]]++
		var y float64
		if _, err := fmt.Sscanf(cells[1], "%4f-", &y); err != nil || len(cells[1]) != 10 {
			t.Fatalf("birth %q", cells[1])
		}
		sum, squares, lo, hi = sum+y, squares+y*y, min(lo, y), max(hi, y)
	}
	n := float64(len(rows))
	if sex["male"] != ref.Gender["8507"] || sex["female"] != ref.Gender["8532"] {
		t.Errorf("sexes %v, want %v", sex, ref.Gender)
	}
	mean := sum / n
	if v := (squares - n*mean*mean) / (n - 1); math.Abs(mean-ref.Birth.Mean) > 1e-9 || math.Abs(v-ref.Birth.Var) > 1e-6 || lo != ref.Birth.Min || hi != ref.Birth.Max {
		t.Errorf("births: mean %v, variance %v, %v to %v; want %+v", mean, v, lo, hi, ref.Birth)
	}
}

// frequent compares the most frequent concepts by the token omop:… that each row
// has for its standard concept, the first of OMOP's own.
func frequent(t *testing.T, rows []string, code int, want []top) {
	t.Helper()
	records, persons := map[int64]int{}, map[int64]map[string]bool{}
	for _, r := range rows {
		cells := strings.Split(r, "|")
		_, own, ok := strings.Cut(cells[code], "omop:")
		if !ok {
			continue
		}
		own, _, _ = strings.Cut(own, " ")
		count(t, records, persons, own, cells[0])
	}
	compare(t, records, persons, want)
}

func frequentRaw(t *testing.T, rows []string, code, who int, want []top) {
	t.Helper()
	records, persons := map[int64]int{}, map[int64]map[string]bool{}
	for _, r := range rows {
		cells := strings.Split(r, "|")
		count(t, records, persons, cells[code], cells[who])
	}
	compare(t, records, persons, want)
}

func count(t *testing.T, records map[int64]int, persons map[int64]map[string]bool, own, who string) {
	var id int64
	if _, err := fmt.Sscan(own, &id); err != nil {
		t.Fatal(err)
	}
	if records[id]++; persons[id] == nil {
		persons[id] = map[string]bool{}
	}
	persons[id][who] = true
}

func compare(t *testing.T, records map[int64]int, persons map[int64]map[string]bool, want []top) {
	t.Helper()
	if len(want) == 0 {
		t.Error("nothing to compare with")
	}
	for _, w := range want {
		if records[w.ID] != w.Records || len(persons[w.ID]) != w.Persons {
			t.Errorf("concept %d: %d records of %d persons, want %+v", w.ID, records[w.ID], len(persons[w.ID]), w)
		}
	}
}
