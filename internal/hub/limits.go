package hub

import (
	"fmt"
	"time"

	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/identity"
)

// Limits say how much the hub takes. Zero fields take the default named beside
// them. With the defaults of Sender, all members at their limits together fit
// into Disk, so none can take room from another.
type Limits struct {
	Disk              int64         // bytes of all messages: 16 GiB
	Sender            int64         // bytes kept for one sender: an equal part of Disk
	Recipient         int64         // bytes kept for one recipient: Disk. Of it a sender gets an equal part
	Message           int64         // bytes of one message: 1 GiB and a little, or a sender's part if that is less
	SenderMessages    int           // messages kept for one sender: 10 000
	RecipientMessages int           // messages kept for one recipient: 10 000 for each sender. Equal parts as above
	Requests          int           // requests of one member at once: 64
	PartialLife       time.Duration // how long an upload may stand still: 1 h
	DeliveredLife     time.Duration // how long an id is remembered after delivery: 48 h
}

// overhead is what a message takes besides its bytes: record, indexes, inode.
const overhead = 2 << 10

// filled gives the limits with defaults for n members, and refuses limits under
// which no message fits.
func (l Limits) filled(n int) (Limits, error) {
	def(&l.Disk, 16<<30)
	def(&l.Sender, l.Disk/int64(n))
	def(&l.Recipient, l.Disk)
	def(&l.Message, min(federation.MaxPayload+identity.SealOverhead, l.part(l.Recipient, n)-overhead, l.Sender-overhead))
	def(&l.SenderMessages, 10_000)
	def(&l.RecipientMessages, l.SenderMessages*n)
	def(&l.Requests, 64)
	def(&l.PartialLife, time.Hour)
	def(&l.DeliveredLife, 48*time.Hour)
	if l.Disk < 0 || l.Sender < 0 || l.Recipient < 0 || l.SenderMessages < 0 || l.RecipientMessages < 0 || l.Requests < 0 || l.PartialLife < 0 || l.DeliveredLife < 0 {
		return l, fmt.Errorf("a limit is negative: leave it out for its default")
	}
	if room := min(l.part(l.Recipient, n), l.Sender, l.Disk) - overhead; l.Message < identity.SealOverhead || l.Message > room {
		return l, fmt.Errorf("the largest message (%d bytes) does not fit into one sender's part (%d bytes): raise the hub's disk limit or lower the message's", l.Message, room)
	}
	if l.RecipientMessages/others(n) < 1 {
		return l, fmt.Errorf("a recipient's %d messages are less than one for each of %d senders: raise the limit", l.RecipientMessages, others(n))
	}
	return l, nil
}

// part is one sender's part of what a recipient may have waiting.
func (Limits) part(of int64, n int) int64 { return of / int64(others(n)) }

func others(n int) int { return max(1, n-1) }

func def[T comparable](field *T, value T) {
	if *field == *new(T) {
		*field = value
	}
}
