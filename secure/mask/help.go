package mask

import (
	"bytes"
	"encoding/json"
	"fmt"

	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/share"
)

// Help is what one contributor gives the lead to open a set, inside a message
// sealed to the lead.
type Help struct {
	Shares map[int]share.Share `json:"shares"`         // of b_j, by contributor j
	Keys   map[int]secure.Key  `json:"keys,omitempty"` // k_ij of this round, by lost member j
	// Unreadable are the contributors whose sealed share did not open here: the
	// threshold may still be met by others.
	Unreadable secure.Sites `json:"unreadable,omitempty"`
}

// Bytes is the one encoding of the help.
func (h Help) Bytes() ([]byte, error) {
	if h.Shares == nil {
		h.Shares = map[int]share.Share{}
	}
	return json.Marshal(h)
}

// ParseHelp accepts the one encoding of a help: no unknown keys, spaces, other
// order or trailing bytes.
func ParseHelp(b []byte) (Help, error) {
	var h Help
	if err := json.Unmarshal(b, &h); err != nil {
		return Help{}, fmt.Errorf("help: %w", err)
	}
	if h.Unreadable != nil {
		if err := h.Unreadable.Valid(); err != nil {
			return Help{}, fmt.Errorf("help: unreadable shares: %w", err)
		}
	}
	if again, err := h.Bytes(); err != nil || !bytes.Equal(b, again) {
		return Help{}, fmt.Errorf("help: not in the canonical encoding")
	}
	return h, nil
}
