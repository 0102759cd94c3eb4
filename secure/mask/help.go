package mask

import (
	"bytes"
	"encoding/hex"
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
func (h Help) Bytes() ([]byte, error) { return json.Marshal(h) }

// ParseHelp accepts the one encoding of a help.
func ParseHelp(b []byte) (Help, error) {
	var h Help
	if err := parseCanonical(b, &h); err != nil {
		return Help{}, fmt.Errorf("help: %w", err)
	}
	return h, nil
}

// UnmarshalJSON rebuilds the guard from its memory, and refuses one that no
// guard has written.
func (g *Guard) UnmarshalJSON(b []byte) error {
	var rounds []entry
	if err := json.Unmarshal(b, &rounds); err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	seen := map[[2]int]bool{}
	for _, e := range rounds {
		if at := [2]int{e.Epoch, e.Round}; seen[at] {
			return fmt.Errorf("guard: epoch %d round %d twice", e.Epoch, e.Round)
		} else {
			seen[at] = true
		}
		if e.Set != nil {
			if err := e.Set.Valid(); err != nil {
				return fmt.Errorf("guard: round %d: %w", e.Round, err)
			}
		}
		if e.Helped && (e.Set == nil || e.Renounced) || e.Void && !e.Renounced {
			return fmt.Errorf("guard: round %d: help, renunciation and set contradict each other", e.Round)
		}
	}
	g.rounds = rounds
	return nil
}

// parseCanonical decodes JSON and refuses bytes that would be encoded otherwise:
// unknown keys, spaces, another order, trailing bytes.
func parseCanonical(b []byte, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return err
	}
	again, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(b, again) {
		return fmt.Errorf("not in the canonical encoding")
	}
	return nil
}

// A digest is 32 public bytes, written in hexadecimal.
type digest [32]byte

func (d digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

func (d *digest) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(d) || hex.EncodeToString(b) != string(text) {
		return fmt.Errorf("digest is not %d lower-case hexadecimal digits", 2*len(d))
	}
	copy(d[:], b)
	return nil
}
