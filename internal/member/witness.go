package member

import (
	"fmt"

	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/identity"
)

// CheckpointVerifier says whether a member of the charter signed a checkpoint of
// its audit log: an audit.Verifier.
func CheckpointVerifier(c *charter.Charter) func(member string, text, signature []byte) error {
	return func(member string, text, signature []byte) error {
		p, ok := c.Member(member)
		if !ok {
			return fmt.Errorf("the checkpoint is of %s, which is not a member of the charter %s", member, c.Name)
		}
		return identity.Verify(p, identity.ContextCheckpoint, text, signature)
	}
}
