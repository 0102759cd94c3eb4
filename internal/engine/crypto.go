package engine

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/secure/mask"
)

// terms are what the parties of an epoch agree on. A site's index is its place
// among the sites of the study. The members are those on the roster until a
// first set was opened, that set ever after: then the epoch counts one more,
// and every key is a new one.
func terms(p *plan.Plan, epoch int, seats []seat, fixed []string) secure.Terms {
	t := secure.Terms{Session: secure.Frame(Protocol, []byte(p.Digest), []byte(p.Charter)), Roster: rosterHash(seats),
		Epoch: 2 * epoch, Members: indices(p, sitesOf(seats)), Colluders: p.Colluders, Honest: p.Honest}
	if fixed != nil && len(fixed) < len(seats) {
		t.Epoch, t.Members = 2*epoch+1, indices(p, fixed)
	}
	return t
}

func sitesOf(seats []seat) []string {
	out := make([]string, len(seats))
	for i, s := range seats {
		out[i] = s.Site
	}
	return out
}

// indices turns names into places among the study's sites; both are sorted.
func indices(p *plan.Plan, names []string) secure.Sites {
	out := make(secure.Sites, 0, len(names))
	for _, n := range names {
		out = append(out, slices.Index(p.Sites, n))
	}
	return out
}

func rosterHash(seats []seat) [32]byte {
	var parts [][]byte
	for _, s := range seats {
		parts = append(parts, []byte(s.Site), s.Key, s.Data)
	}
	return sha256.Sum256(secure.Frame("roster", parts...))
}

func seatsOf(seats []seat) []Seat {
	out := make([]Seat, len(seats))
	for i, s := range seats {
		out[i] = Seat{s.Site, s.Data}
	}
	return out
}

// epochKeyBytes are what a site signs to bind its epoch key, and the tag of its
// data, to one study.
func epochKeyBytes(p *plan.Plan, key, data []byte) []byte {
	return secure.Frame("epoch key", []byte(p.Digest), []byte(p.Charter), key, data)
}

// verifySeat refuses a key that its site did not sign, and one that no peer
// could use: a site may sign anything.
func verifySeat(p *plan.Plan, s seat) error {
	if len(s.Key) != mask.PublicSize {
		return fmt.Errorf("epoch key of %s has %d bytes, want %d", s.Site, len(s.Key), mask.PublicSize)
	}
	if len(s.Data) > maxData {
		return fmt.Errorf("tag of the data of %s of %d bytes, at most %d", s.Site, len(s.Data), maxData)
	}
	if _, err := hpke.MLKEM768X25519().NewPublicKey(s.Key); err != nil {
		return fmt.Errorf("epoch key of %s: %w", s.Site, err)
	}
	if err := usablePoint(s.Key[mask.PublicSize-32:]); err != nil {
		return fmt.Errorf("epoch key of %s: %w", s.Site, err)
	}
	return p.Verifies(s.Site, identity.ContextEpochKey, epochKeyBytes(p, s.Key, s.Data), s.Signature)
}

// verifyLog refuses what is no checkpoint of the site's own audit log, signed by
// it: a receipt that carries one would not verify.
func verifyLog(p *plan.Plan, site string, log []byte) error {
	c, err := audit.ParseCheckpoint(log)
	if err != nil {
		return err
	}
	if c.Origin != site {
		return fmt.Errorf("it is of the log of %s", c.Origin)
	}
	return p.Verifies(site, identity.ContextCheckpoint, c.Text(), c.Signature)
}

// verifyEnc refuses an encapsulation that its recipient could not open.
func verifyEnc(enc []byte) error {
	if len(enc) != mask.EncapSize {
		return fmt.Errorf("encapsulation of %d bytes, want %d", len(enc), mask.EncapSize)
	}
	return usablePoint(enc[mask.EncapSize-32:])
}

// usablePoint refuses the points of small order, with which X25519 fails for
// every private key. They are the last 32 bytes of X-Wing's keys and
// encapsulations (draft-connolly-cfrg-xwing-kem, section 5). There are five of
// them on curve and twist, of orders 1, 2, 4 and 8, two with a second encoding;
// the topmost bit is ignored (RFC 7748, section 5).
func usablePoint(b []byte) error {
	u := bytes.Clone(b)
	u[31] &= 0x7f
	switch hex.EncodeToString(u) {
	case "0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p - 1
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p, which is 0
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f": // p + 1, which is 1
		return fmt.Errorf("a point of small order")
	}
	return nil
}

// least is the fewest sites that a sum is opened over.
func least(p *plan.Plan) int { return max(p.Minimum, p.Quorum()) }

// partHash binds the hash of a masked vector and the commitment to the vector
// under it.
func partHash(vector, commit []byte) [32]byte {
	return sha256.Sum256(secure.Frame("part", vector, commit))
}

// byIndex turns 32-byte hashes by name into hashes by index.
func byIndex(p *plan.Plan, hashes map[string][]byte) map[int][32]byte {
	out := map[int][32]byte{}
	for name, h := range hashes {
		if i := slices.Index(p.Sites, name); i >= 0 && len(h) == 32 {
			out[i] = [32]byte(h)
		}
	}
	return out
}

// transcript is what lead and members sign of a round: terms, state, set, and
// the hash of every part in it.
func transcript(p *plan.Plan, t secure.Terms, b *Bundle, s setBody) ([]byte, error) {
	parts := map[int][32]byte{}
	for name, h := range s.Vectors {
		if i := slices.Index(p.Sites, name); i >= 0 {
			parts[i] = partHash(h, s.Commits[name])
		}
	}
	return mask.ConfirmBytes(t, b.round, b.digest(), indices(p, s.Members), parts)
}

// stream is a deterministic stream of secret bytes for one use: HKDF of the
// party's seed, expanded by AES-256 in counter mode. The seed is journaled, so
// a party that starts again sends the same bytes, not fresh ones.
func stream(seed []byte, use string, round int) io.Reader {
	key, err := hkdf.Key(sha256.New, seed, nil, string(secure.Frame("stream", []byte(use), secure.Number(round))), 32)
	if err != nil {
		panic(err) // only for lengths beyond 255 blocks
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for keys of other lengths
	}
	return cipher.StreamReader{S: cipher.NewCTR(block, make([]byte, aes.BlockSize)), R: zeros{}}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// draw reads n bytes of a stream.
func draw(r io.Reader, n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		panic(err) // a stream of zeros under a cipher does not end
	}
	return b
}
