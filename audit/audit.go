// Package audit is a member's append-only log of what was asked, decided, spent
// and released: a Merkle tree (RFC 6962) over entries, with the member's
// signature of the tree at every size.
//
// It serves sites and the hub, which write; officers and courts, who read and
// verify offline; and the other members, who keep each other's signed
// checkpoints so that nobody rewrites history unseen. It refuses an entry of an
// unknown kind, a fact that its kind does not list or that has not the listed
// form, and so every place where a patient's value could stand; it refuses to go
// on with a log whose entries do not give its own signed checkpoint.
//
// What is detected, by whom (docs/decisions/0011): a change, a deletion or an
// insertion by anyone without the member's key is named to the entry; a
// truncation shows against the log's own last checkpoint and against every
// checkpoint that others hold; a rewrite with the key shows against others'
// checkpoints only.
package audit

import "golang.org/x/mod/sumdb/tlog"

// A Hash is a SHA-256 hash of the tree (RFC 6962, section 2.1).
type Hash = tlog.Hash

// A Signer signs a checkpoint's text in the identity's context "checkpoint". It
// must be deterministic, as Ed25519 is: the log knows its own signatures by
// making them again.
type Signer = func(checkpoint []byte) []byte

// A Verifier says whether sig is the member's signature of a checkpoint's text.
type Verifier = func(member string, checkpoint, sig []byte) error
