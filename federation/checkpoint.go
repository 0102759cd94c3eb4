package federation

import "hmsp.center/hmsp/audit"

// A LogState is how far the hub's audit log is: its signed checkpoint, and the
// proof that it extends the size that the member asked from.
type LogState struct {
	Checkpoint string       `json:"checkpoint"` // as audit.Checkpoint encodes it
	Proof      []audit.Hash `json:"proof"`
}

// maxProof is the longest proof, in hashes: the height of a tree of 2^63 entries.
const maxProof = 64

// DecodeLogState reads a LogState. Whether the hub signed it and the proof holds
// is for audit.Witness to ask. The proof is never nil, so that a hub that sends
// none is not taken for one that was asked for none.
func DecodeLogState(b []byte) (audit.Checkpoint, []audit.Hash, error) {
	var c audit.Checkpoint
	s, err := answer(b, func(s LogState) bool {
		var err error
		c, err = audit.ParseCheckpoint([]byte(s.Checkpoint))
		return err == nil && len(s.Proof) <= maxProof
	})
	return c, append([]audit.Hash{}, s.Proof...), err
}
