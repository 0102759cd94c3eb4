package federation

import (
	"context"
	"io"
	"time"
)

// A State is how far the hub has come with a message.
type State string

const (
	Partial   State = "partial"   // bytes are missing
	Complete  State = "complete"  // waits for its recipient
	Delivered State = "delivered" // the recipient has it; its id is kept until it would expire
)

// A Status is what the hub tells a sender of its message.
type Status struct {
	State    State `json:"state"`
	Received int64 `json:"received"` // bytes of ciphertext
	Size     int64 `json:"size"`     // bytes of ciphertext
}

// A Notice tells a recipient of a message that waits for it. Its signature
// holds before a byte of the message is fetched.
type Notice = Header

// A Health is what the hub tells anyone.
type Health struct {
	Version string `json:"version"` // of the protocol
	Time    int64  `json:"time"`    // Unix seconds
	Charter string `json:"charter"` // digest
}

// A Presence is when the hub last heard from a member.
type Presence struct {
	Member string `json:"member"`
	Seen   int64  `json:"seen"` // Unix seconds; 0: never
}

// A Hub is what the HTTP handlers need of the hub role. All methods are safe
// for concurrent use, and their errors that are for the member to see are
// *Error; any other error is shown as KindInternal and stays in the hub's log.
// From and to are names of members that Admit let in.
type Hub interface {
	Gate
	Outbox
	Inbox
	About
}

// A Gate says whether a request is let in. Release must be called when the
// request has been answered. It promises that a request is let in once only.
type Gate interface {
	Admit(r Request) (release func(), err error)
}

// An Outbox takes messages from their sender.
type Outbox interface {
	// Create announces the message h and takes its first bytes from r, which may
	// have none. Known already, r is left unread and the message's status told;
	// another envelope with this id replaces an incomplete one and is refused
	// (KindExists) once one is complete.
	Create(ctx context.Context, h Header, r io.Reader) (Status, error)
	// Append takes further bytes from offset on. What arrived before an error of
	// r is kept, unless the error is KindAltered. The wrong offset is
	// KindOffset; a message that is complete is left as it is.
	Append(ctx context.Context, from, id string, offset int64, r io.Reader) (Status, error)
	// Status says how far the message is.
	Status(ctx context.Context, from, id string) (Status, error)
}

// An Inbox gives messages to their recipient.
type Inbox interface {
	// List gives the oldest complete messages of each sender to a member, at most
	// MaxNotices, in the order in which they became complete;
	// with none it waits, no longer than wait or until ctx ends.
	List(ctx context.Context, to string, wait time.Duration) ([]Notice, error)
	// Read gives the bytes of a message from offset on, and how many follow.
	Read(ctx context.Context, to, from, id string, offset int64) (r io.ReadCloser, n int64, err error)
	// Ack forgets a message that its recipient has. One that is not there is no error.
	Ack(ctx context.Context, to, from, id string) error
}

// About is what the hub tells of itself.
type About interface {
	Health() Health
	CharterFile() []byte // the charter's bytes, as signed
	Presence(ctx context.Context) ([]Presence, error)
	// Checkpoint is the state of the hub's audit log, with a proof that it extends
	// the tree of size from; a log with fewer entries has no such proof.
	Checkpoint(ctx context.Context, from int64) (LogState, error)
}
