package secure

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// A lead that equivocates on the set of contributors cannot gather a threshold
// of confirmations for two sets (methods A1 step 3, target 2; Bonawitz et al.
// 2017, section 6.2): for every division of the honest sites between set A, set
// B and silence, with all colluders signing both. And one less would not do.
func TestTwoSetsCannotBothGatherAThreshold(t *testing.T) {
	for n := 3; n <= 50; n++ {
		for c := 0; c <= n-MinHonest; c++ {
			threshold, tight := Threshold(n, c), false
			for a := 0; a <= n-c; a++ {
				for b := 0; a+b <= n-c; b++ {
					if a+c >= threshold && b+c >= threshold {
						t.Fatalf("%d sites, %d colluders, threshold %d: %d honest sign one set, %d the other", n, c, threshold, a, b)
					}
					tight = tight || a+c >= threshold-1 && b+c >= threshold-1
				}
			}
			if !tight {
				t.Errorf("%d sites, %d colluders: the threshold %d is larger than needed", n, c, threshold)
			}
			if threshold <= c || threshold > n {
				t.Errorf("%d sites, %d colluders: threshold %d", n, c, threshold)
			}
		}
	}
}

func TestThresholdOfMethodsA1(t *testing.T) {
	for _, c := range []struct{ n, colluders, want int }{{6, 1, 4}, {6, 2, 5}, {6, 3, 5}, {3, 0, 2}, {4, 1, 3}} {
		if got := Threshold(c.n, c.colluders); got != c.want {
			t.Errorf("Threshold(%d, %d) = %d, want %d", c.n, c.colluders, got, c.want)
		}
	}
}

// Methods section 0: at least 3 contributors who do not collude.
func TestFloor(t *testing.T) {
	for _, c := range []struct {
		contributors, colluders, honest int
		ok                              bool
	}{
		{3, 0, 3, true}, {4, 1, 3, true}, {6, 3, 3, true}, {6, 1, 5, true},
		{2, 0, 3, false}, {3, 1, 3, false}, {5, 3, 3, false}, {5, 1, 5, false}, {0, 0, 3, false},
		{9, 0, 2, false}, {9, 0, 0, false}, {9, -1, 3, false},
	} {
		err := CheckFloor(c.contributors, c.colluders, c.honest)
		if (err == nil) != c.ok {
			t.Errorf("CheckFloor(%d, %d, %d): %v", c.contributors, c.colluders, c.honest, err)
		}
	}
	var floor *FloorError
	if err := CheckFloor(2, 0, 3); !errors.As(err, &floor) || floor.Contributors != 2 {
		t.Errorf("want a FloorError, have %v", err)
	}
}

// The difference of two opened sums is a sum over the sites by which the sets
// differ: never over fewer than the floor (methods section 0, subset
// differencing).
func TestDifferenceOfTwoSets(t *testing.T) {
	all := Sites{0, 1, 2, 3, 4, 5, 6, 7}
	for _, c := range []struct {
		later Sites
		ok    bool
	}{
		{all, true},
		{Sites{0, 1, 2, 3, 4, 5, 6}, false},
		{Sites{0, 1, 2, 3, 4, 5}, false},
		{Sites{0, 1, 2, 3, 4}, false}, // 3 differ, one of them may collude
		{Sites{0, 1, 2, 3}, true},
		{Sites{0, 1, 2, 3, 4, 5, 6, 7, 8}, false},
	} {
		err := CheckDifference(all, c.later, 1, 3)
		var other *OtherSetError
		if (err == nil) != c.ok || err != nil && !errors.As(err, &other) {
			t.Errorf("after %v, %v: %v", all, c.later, err)
		}
	}
}

func TestSitesHaveOneEncoding(t *testing.T) {
	for _, s := range []Sites{nil, {}, {1, 0}, {0, 0}, {-1}, {MaxSites}} {
		if s.Valid() == nil {
			t.Errorf("%v is no set", s)
		}
	}
	s := Sites{0, 3, 254}
	if err := s.Valid(); err != nil {
		t.Error(err)
	}
	if !s.Has(3) || s.Has(2) || !s.Minus(Sites{3}).Equal(Sites{0, 254}) || !(Sites{3}).Within(s) || (Sites{4}).Within(s) {
		t.Error("set operations")
	}
}

// Two tuples, or two contexts, never share a frame.
func TestFramesDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 4), 0, 4)
		a, b := part.Draw(t, "a"), part.Draw(t, "b")
		ca, cb := rapid.StringN(0, 3, -1).Draw(t, "ca"), rapid.StringN(0, 3, -1).Draw(t, "cb")
		same := ca == cb && fmt.Sprintf("%q", a) == fmt.Sprintf("%q", b)
		if (string(Frame(ca, a...)) == string(Frame(cb, b...))) != same {
			t.Fatalf("%q %q and %q %q", ca, a, cb, b)
		}
	})
	if string(Frame("a", []byte("bc"))) == string(Frame("ab", []byte("c"))) {
		t.Error("context and part run into each other")
	}
}
