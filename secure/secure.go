// Package secure is the contract of secure summation: several sites hold a
// vector each, and one lead learns the sum of the vectors and nothing else.
//
// It serves the engine, which moves the messages, and it is the only way out
// of a site. A [Scheme] says how sums are opened; the default is package
// secure/mask (Bonawitz et al., "Practical Secure Aggregation for
// Privacy-Preserving Machine Learning", CCS 2017, with the changes that a few
// dozen standing servers allow). Secret sharing or threshold encryption are
// further schemes behind the same contract, and package secure/securetest is
// the suite that each must pass.
//
// What is promised: against a lead, a relay and up to Terms.Colluders sites
// who pool what they see, the opened sum over the set of contributors is all
// there is to learn, and for one round at most one set of contributors can
// ever be opened. What is not: that the inputs are true (a bound check at the
// site is plausibility, no proof), or that the sum itself tells nothing.
//
// Everything here and below is a pure function of its arguments: no socket, no
// clock, no disk, and randomness comes in as a parameter, so that vectors can
// be replayed. Vectors are opaque words with a [fixed.Layout]; these packages
// do not know what a patient is.
package secure

import (
	"encoding/binary"
	"fmt"
	"io"

	"hmsp.center/hmsp/fixed"
)

// Version names the protocol in every hash, key derivation and signature.
// A change of any byte on the wire changes it.
const Version = "hmsp/secagg/v1"

// Terms are what all parties of an epoch agree on before any secret exists.
// Their digest is bound into every key.
type Terms struct {
	Session   []byte   // names the run: the study's digest and the attempt, as the engine makes it
	Roster    [32]byte // hash of the pinned roster: names and keys of all sites of the study
	Epoch     int      // counts the sets of members that the study has gone on with, from 0
	Members   Sites    // the sites of this epoch, by index in the roster
	Colluders int      // the most sites that may pool what they see with the lead and the relay
	Honest    int      // the fewest contributors besides colluders for an exact release, at least 3
}

// Valid refuses terms under which nothing may be opened.
func (t Terms) Valid() error {
	if len(t.Session) == 0 {
		return fmt.Errorf("terms name no session")
	}
	if t.Epoch < 0 {
		return fmt.Errorf("terms of epoch %d", t.Epoch)
	}
	if err := t.Members.Valid(); err != nil {
		return fmt.Errorf("members: %w", err)
	}
	return CheckFloor(len(t.Members), t.Colluders, t.Honest)
}

// Threshold is the number of sites that must agree before a sum of this epoch
// can be opened, see [Threshold].
func (t Terms) Threshold() int { return Threshold(len(t.Members), t.Colluders) }

// A Scheme opens sums. Implementations promise that for every set of
// contributors with at least Terms.Threshold members, Open returns exactly the
// sum in the ring of the layout, bit for bit, whoever else dropped out.
type Scheme interface {
	// Setup agrees on the keys of one epoch and returns the sites in the order
	// of Terms.Members. All parties are in this process: the engine runs the
	// same steps over the network.
	Setup(t Terms, rnd io.Reader) ([]Site, error)
	// Lead returns the opening half, which holds no secret.
	Lead(t Terms) (Lead, error)
}

// A Round names one opening within an epoch.
type Round struct {
	Number   int      // counts up within a session; a repetition after a void round has a new number
	Question [32]byte // digest of what is asked of which data: rounds with one question give sums of the same vectors
}

// A Site is one contributor's half of a scheme for one epoch.
type Site interface {
	// Send turns the site's vector into what it sends in this round. A site
	// sends once per round, and again only the same bytes.
	Send(r Round, layout fixed.Layout, x []uint64, rnd io.Reader) (Parcel, error)
	// Help gives what the lead needs to open the sum over set, when at least a
	// threshold of sites has confirmed set. sealed holds, by sender, what the
	// members of set sealed to this site, and under its own index what it kept.
	// A second, different set for the round is refused with an [*OtherSetError].
	Help(r Round, set Sites, sealed map[int][]byte) ([]byte, error)
}

// A Parcel is one site's message of one round.
type Parcel struct {
	Vector []uint64       // for the lead: uniformly random to everyone who lacks the help of a threshold
	Sealed map[int][]byte // for each peer, by index; the relay and the lead cannot read it
	Kept   []byte         // for the site's own journal, never sent
}

// A Lead opens sums from parcels and help.
type Lead interface {
	// Open returns the sum over set. It refuses with an error that names the
	// site where a message is malformed or wrong.
	Open(r Round, layout fixed.Layout, set Sites, vectors map[int][]uint64, help map[int][]byte) ([]uint64, error)
}

// Frame encodes a tuple of byte strings under a named context, so that no two
// different tuples, and no two contexts, share an encoding: the version, the
// context and each part are preceded by their length. Whatever is hashed,
// signed or used as the info of a key derivation goes through it.
func Frame(context string, parts ...[]byte) []byte {
	n := 24 + len(Version) + len(context)
	for _, p := range parts {
		n += 8 + len(p)
	}
	b := make([]byte, 0, n)
	b = appendPart(b, []byte(Version))
	b = appendPart(b, []byte(context))
	b = binary.BigEndian.AppendUint64(b, uint64(len(parts)))
	for _, p := range parts {
		b = appendPart(b, p)
	}
	return b
}

func appendPart(b, p []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(p)))
	return append(b, p...)
}

// Number is the part of a [Frame] for an integer.
func Number(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }
