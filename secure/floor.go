package secure

import "fmt"

// Threshold returns t = ⌊(n+c)/2⌋+1, the number of sites out of n that must
// confirm one set of contributors when c sites may side with a lying lead.
//
// 2t > n+c is what makes the set unique: a confirmation of set A and one of set
// B, each by t sites, need 2t signatures; the n-c honest sites sign once and
// the c others twice, n+c in all (Bonawitz et al. 2017, section 6.2).
func Threshold(n, colluders int) int { return (n+colluders)/2 + 1 }

// MinHonest is the least that any rule may ask for: with two honest
// contributors each reads the other's value from the sum.
const MinHonest = 3

// CheckFloor refuses an exact release of a sum over contributors sites when
// fewer than honest of them are left besides the colluders (methods section 0:
// Sum(S) - Sum(S∖{i}) is site i in the clear, and a colluder subtracts itself
// for free). It returns a [*FloorError].
func CheckFloor(contributors, colluders, honest int) error {
	if honest < MinHonest {
		return fmt.Errorf("rule of %d honest contributors: at least %d are needed for an exact release", honest, MinHonest)
	}
	if colluders < 0 {
		return fmt.Errorf("rule of %d colluders", colluders)
	}
	if contributors-colluders < honest {
		return &FloorError{Contributors: contributors, Colluders: colluders, Honest: honest}
	}
	return nil
}

// A FloorError says that too few sites contribute.
type FloorError struct{ Contributors, Colluders, Honest int }

func (e *FloorError) Error() string {
	return fmt.Sprintf("%d contributors are too few for an exact release: the rules want %d besides %d who may collude, so %d in all; invite more sites or release with differential privacy",
		e.Contributors, e.Honest, e.Colluders, e.Honest+e.Colluders)
}

// CheckDifference refuses to open a sum over later when the sum of the same
// vectors over earlier may have been opened already, and the two differ by
// fewer than colluders+honest sites: their difference would be a sum over too
// few (methods section 0). The same set twice is the same sum, and allowed.
func CheckDifference(earlier, later Sites, colluders, honest int) error {
	d := len(earlier.Minus(later)) + len(later.Minus(earlier))
	if d != 0 && d < colluders+honest {
		return fmt.Errorf("the two sets of contributors differ by %d sites, the rules want none or at least %d: %w",
			d, colluders+honest, &OtherSetError{Agreed: earlier, Asked: later})
	}
	return nil
}

// An OtherSetError says that a site was asked to help open a second set of
// contributors for one question. With the signed confirmations of both sets it
// is the evidence against whoever asked.
type OtherSetError struct {
	Round         int
	Agreed, Asked Sites
}

func (e *OtherSetError) Error() string {
	return fmt.Sprintf("round %d: asked to open the sum over sites %v after agreeing to sites %v; nothing was given",
		e.Round, []int(e.Asked), []int(e.Agreed))
}
