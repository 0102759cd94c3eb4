package mask

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// MarshalJSON returns the guard's memory.
func (g *Guard) MarshalJSON() ([]byte, error) {
	if g.rounds == nil {
		return []byte("[]"), nil
	}
	return json.Marshal(g.rounds)
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
