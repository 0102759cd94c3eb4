package mask

import (
	"fmt"

	"hmsp.center/hmsp/secure"
)

// ConfirmBytes returns what a site signs to confirm the contributors of a
// round: that the lead announced exactly this set, over these masked vectors
// ([HashWords], by site), for this public state, under these terms. Two signed
// confirmations of one round with different bytes convict whoever announced.
func ConfirmBytes(t secure.Terms, round int, state [32]byte, set secure.Sites, vectors map[int][32]byte) ([]byte, error) {
	if err := CheckSet(t, set); err != nil {
		return nil, fmt.Errorf("confirm round %d: %w", round, err)
	}
	if len(vectors) != len(set) {
		return nil, fmt.Errorf("confirm round %d: %d hashes of vectors for %d contributors", round, len(vectors), len(set))
	}
	hashes := make([]byte, 0, 32*len(set))
	for _, j := range set {
		h, ok := vectors[j]
		if !ok {
			return nil, fmt.Errorf("confirm round %d: no hash of the vector of site %d", round, j)
		}
		hashes = append(hashes, h[:]...)
	}
	return secure.Frame("confirm contributors", t.Session, t.Roster[:], secure.Number(t.Epoch), t.Members.Bytes(),
		secure.Number(t.Colluders), secure.Number(round), state[:], set.Bytes(), hashes), nil
}

// RenounceBytes returns what a site signs to declare that it has not helped to
// open a round and never will, see [Guard.Void].
func RenounceBytes(t secure.Terms, round int) []byte {
	return secure.Frame("renounce round", t.Session, t.Roster[:], secure.Number(t.Epoch), t.Members.Bytes(), secure.Number(round))
}

// CheckSet refuses a set of contributors that may not be opened under the
// terms: not members, fewer than the threshold, below the floor.
func CheckSet(t secure.Terms, set secure.Sites) error {
	if err := t.Valid(); err != nil {
		return err
	}
	if err := set.Valid(); err != nil {
		return fmt.Errorf("contributors: %w", err)
	}
	if out := set.Minus(t.Members); len(out) > 0 {
		return fmt.Errorf("contributors %v are no members of epoch %d", []int(out), t.Epoch)
	}
	if len(set) < t.Threshold() {
		return fmt.Errorf("%d contributors, %d are needed to open a sum of %d members", len(set), t.Threshold(), len(t.Members))
	}
	return secure.CheckFloor(len(set), t.Colluders, t.Honest)
}

// CheckQuorum refuses to go on before a threshold of the contributors has
// confirmed the set; signers are those whose signature over the same
// [ConfirmBytes] was verified.
func CheckQuorum(t secure.Terms, set, signers secure.Sites) error {
	if err := CheckSet(t, set); err != nil {
		return err
	}
	if err := signers.Valid(); err != nil {
		return fmt.Errorf("signers: %w", err)
	}
	if out := signers.Minus(set); len(out) > 0 {
		return fmt.Errorf("signers %v are no contributors", []int(out))
	}
	if len(signers) < t.Threshold() {
		return fmt.Errorf("%d sites have confirmed the contributors, %d are needed", len(signers), t.Threshold())
	}
	return nil
}
