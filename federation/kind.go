package federation

import "net/http"

// A Kind names what went wrong between two members, or a member and the hub.
// Programs decide by it; people read its text and mend.
type Kind string

// The catalogue. A text never holds data: what varies (an offset, the hub's
// clock) is a field of Error.
const (
	KindMalformed  Kind = "malformed"       // not what the protocol asks
	KindUnsigned   Kind = "unsigned"        // no signature of a member on the request
	KindMember     Kind = "unknown-member"  // not in the charter, or not with a role that may do this
	KindSignature  Kind = "signature"       // the signature does not fit the charter's key
	KindCharter    Kind = "another-charter" // made under another charter than the one in force here
	KindClock      Kind = "clock"           // clocks too far apart; HubTime and Skew are set
	KindReplayed   Kind = "replayed"        // the same signed request came twice
	KindNotFound   Kind = "not-found"       // no such message
	KindOffset     Kind = "offset"          // the upload goes on elsewhere; Offset is set
	KindExists     Kind = "exists"          // another envelope has this message's id already
	KindExpired    Kind = "expired"         // the envelope's time is over
	KindRecipient  Kind = "recipient"       // for another member
	KindAltered    Kind = "altered"         // the bytes are not those that were signed
	KindTooLarge   Kind = "too-large"       // more than the hub takes
	KindQuota      Kind = "quota"           // the member's share of the hub is used up for now
	KindBusy       Kind = "busy"            // too many requests of this member at once
	KindFull       Kind = "full"            // the hub's disk is full
	KindSuperseded Kind = "superseded"      // a newer connection goes on with this upload
	KindStopping   Kind = "stopping"        // the hub is going down
	KindInternal   Kind = "internal"        // a fault at the hub; its log has the details
	KindForeign    Kind = "foreign"         // what answered is not a hub
)

// an entry is what the catalogue holds of a kind.
type entry struct {
	status     int    // HTTP
	text, mend string // for people
}

// entry looks the kind up; a kind that this version does not know reads as a
// fault of the hub.
func (k Kind) entry() entry {
	switch k {
	case KindMalformed:
		return entry{http.StatusBadRequest, "the request is not well formed",
			"use the same version of hmsp at the hub and here"}
	case KindUnsigned:
		return entry{http.StatusUnauthorized, "the request is not signed by a member",
			"use hmsp to talk to the hub; if you do, a proxy between here and the hub removes the header Authorization: ask for an exception for the hub"}
	case KindMember:
		return entry{http.StatusForbidden, "this member is not in the charter in that role",
			"compare `hmsp charter show` here and at the hub; ask whoever keeps the charter to add the member, and have it signed again"}
	case KindSignature:
		return entry{http.StatusForbidden, "the signature does not fit the member's key in the charter",
			"the key file and the charter belong to different identities: restore the key file, or have the charter name the new key"}
	case KindCharter:
		return entry{http.StatusForbidden, "this was made under another charter than the one in force",
			"get the consortium's present charter, compare its digest by telephone, and join with it"}
	case KindClock:
		return entry{http.StatusForbidden, "this machine's clock and the hub's are more than five minutes apart",
			"set this machine's clock by a time server; if it is right, tell the hub's administrator"}
	case KindReplayed:
		return entry{http.StatusForbidden, "this request was seen before",
			"send it again as a new request; if this comes again, something between here and the hub repeats requests"}
	case KindNotFound:
		return entry{http.StatusNotFound, "the hub has no such message or page",
			"it was delivered, has expired, or was never sent whole: ask the sender to send it again"}
	case KindOffset:
		return entry{http.StatusConflict, "the upload goes on at another byte",
			"go on at the byte that the answer names"}
	case KindExists:
		return entry{http.StatusConflict, "the hub has another envelope with this message's id",
			"nothing needs to be done if this member sent the message before"}
	case KindExpired:
		return entry{http.StatusGone, "the message's time is over",
			"send it again with a longer time to live, and see what kept it"}
	case KindRecipient:
		return entry{http.StatusForbidden, "the message is for another member",
			"nothing needs to be done here; if this comes again, tell the hub's administrator"}
	case KindAltered:
		return entry{http.StatusUnprocessableEntity, "the message was altered on its way",
			"if this comes again, something between sender and recipient changes bytes: tell the hub's administrator"}
	case KindTooLarge:
		return entry{http.StatusRequestEntityTooLarge, "the message is larger than the hub takes",
			"ask for less in one study, or ask the hub's administrator for a higher limit"}
	case KindQuota:
		return entry{http.StatusTooManyRequests, "this member's share of the hub is used up for now",
			"waiting helps: room comes back as recipients fetch their messages or they expire"}
	case KindBusy:
		return entry{http.StatusTooManyRequests, "this member makes too many requests at once",
			"waiting helps; if it comes again, see whether the member runs twice"}
	case KindFull:
		return entry{http.StatusInsufficientStorage, "the hub's disk is full",
			"the hub's administrator needs to free space or raise the limit; the message goes on by itself then"}
	case KindSuperseded:
		return entry{http.StatusConflict, "a newer connection goes on with this upload",
			"nothing needs to be done; if it comes again, see whether the member runs twice"}
	case KindStopping:
		return entry{http.StatusServiceUnavailable, "the hub is going down",
			"nothing needs to be done: hmsp goes on when the hub is back"}
	case KindForeign:
		return entry{http.StatusBadGateway, "what answered at the hub's address is not a hub",
			"check the hub's address in the charter, and ask whoever runs the proxy between here and the hub"}
	}
	return entry{http.StatusInternalServerError, "the hub has a fault",
		"the hub's log has the details; hmsp tries again by itself"}
}

// Status is the HTTP status that the kind travels with.
func (k Kind) Status() int { return k.entry().status }

// Text says for people what happened.
func (k Kind) Text() string { return k.entry().text }

// Mend says for people what to do about it.
func (k Kind) Mend() string { return k.entry().mend }

// Passing says whether waiting can help, so that trying again makes sense.
func (k Kind) Passing() bool {
	switch k {
	case KindQuota, KindBusy, KindFull, KindStopping, KindSuperseded, KindInternal, KindForeign, KindReplayed:
		return true
	}
	return false
}
