package identity

import "encoding/binary"

// A Context says what a signature or a sealed message is for. It is part of
// what is signed, so that a signature given for one purpose is void for every
// other. It is an alias of string so that packages below this one can name a
// signer by an interface of their own.
//
// Every context carries its version: when the bytes under it change meaning,
// the version changes.
type Context = string

// The contexts of hmsp: all of them, so that no two share a name.
const (
	ContextCharter  Context = "hmsp charter/v1"   // a site's signature of the charter
	ContextStudy    Context = "hmsp study/v1"     // a researcher's signature of a submitted study
	ContextEnvelope Context = "hmsp envelope/v1"  // a sealed message on its way: sealing and signature
	ContextRequest  Context = "hmsp request/v1"   // a member's request to the hub
	ContextEpochKey Context = "hmsp epoch-key/v2" // a site's one-epoch encapsulation key
	ContextSet      Context = "hmsp set/v1"       // whose vectors a round's sum is made of
	ContextConfirm  Context = "hmsp confirm/v1"   // a site's agreement to a round's transcript
	ContextReceipt  Context = "hmsp receipt/v3"   // a contributor's endorsement of a result

	ContextCheckpoint Context = "hmsp checkpoint/v1" // a member's statement of how far its audit log is
)

// separator begins everything that is signed; it names the scheme and its version.
const separator = "hmsp signature/v1"

// inContext is what is signed for message: the scheme, the context and the
// message, each length-prefixed, so that no two pairs of context and message
// give the same bytes. An empty context is a mistake in the program.
func inContext(context Context, message []byte) []byte {
	if context == "" || len(context) > 255 {
		panic("identity: a context has 1 to 255 bytes")
	}
	b := make([]byte, 0, len(separator)+len(context)+len(message)+24)
	for _, part := range [][]byte{[]byte(separator), []byte(context), message} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(part)))
		b = append(b, part...)
	}
	return b
}
