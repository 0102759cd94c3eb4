package consent

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
)

// A Tree commits to a set of patients: a Merkle prefix tree as in CONIKS (Melara et
// al., USENIX Security 2015, section 3.1). A patient's place is given by the bits of
// a key, so that nobody, the site neither, can prove of one tree both that a patient
// is in it and is not. (Neighbours in a sorted list would prove this only of a list
// that is sorted, which a proof does not show.) Nodes are hashed as in RFC 6962, with
// a byte before them that says what they are.
//
// The key is a hash of the pseudonym under the tree's salt. Without the salt
// neither the root nor a proof tells who is in the tree, or whether two trees hold
// the same patient.
type Tree struct {
	kind    string
	salt    Hash
	entries []entry // by key, each once
}

// An entry is a patient in a tree.
type entry struct{ key, value Hash }

// The kinds of trees.
const (
	cohortTree  = "cohort"  // who was in a cohort
	stateTree   = "state"   // what each patient said
	changesTree = "changes" // whose consent changed
)

// NewSalt derives a tree's salt from a key that only the site has and a name that no
// other tree has: the log, the dataset and the number of the entry, for example. It
// can be derived again when a proof is asked for.
func NewSalt(key []byte, name string) Hash {
	return keyed(key, "hmsp consent salt/v1", []byte(name))
}

// NewCohort commits to the people of a cohort, in any order.
func NewCohort(salt Hash, pseudonyms []uint64) *Tree { return plainTree(cohortTree, salt, pseudonyms) }

// NewChanges commits to the people whose consent changed.
func NewChanges(salt Hash, pseudonyms []uint64) *Tree {
	return plainTree(changesTree, salt, pseudonyms)
}

func plainTree(kind string, salt Hash, pseudonyms []uint64) *Tree {
	t := &Tree{kind: kind, salt: salt, entries: make([]entry, len(pseudonyms))}
	k := newKeys(kind, salt)
	for i, p := range pseudonyms {
		t.entries[i].key = k.key(p)
	}
	return t.sort()
}

// State commits to what every patient of the register said.
func (r *Register) State(salt Hash) *Tree {
	t := &Tree{kind: stateTree, salt: salt, entries: make([]entry, r.People())}
	k := newKeys(stateTree, salt)
	for i := range t.entries {
		p := r.people[i].pseudonym
		t.entries[i] = entry{k.key(p), k.value(p, r.of(i))}
	}
	return t.sort()
}

func (t *Tree) sort() *Tree {
	slices.SortFunc(t.entries, func(a, b entry) int { return bytes.Compare(a.key[:], b.key[:]) })
	t.entries = slices.CompactFunc(t.entries, func(a, b entry) bool { return a.key == b.key })
	return t
}

// Len is how many people are in the tree.
func (t *Tree) Len() int { return len(t.entries) }

// Digest is the commitment, which a site books: of the kind of the tree, its root,
// and its salt.
func (t *Tree) Digest() Hash { return commitment(t.kind, t.salt, subtree(t.entries, 0)) }

func commitment(kind string, salt, root Hash) Hash {
	hidden := sha256.Sum256(salt[:])
	return sha256.Sum256(fmt.Appendf(nil, "hmsp consent commitment/v1\n%s\n%s\n%s\n", kind, root, Hash(hidden)))
}

// keys makes the keys and values of one tree.
type keys struct{ ofKey, ofValue []byte }

func newKeys(kind string, salt Hash) keys {
	k, v := keyed(salt[:], "hmsp consent key/v1", []byte(kind)), keyed(salt[:], "hmsp consent value/v1", []byte(kind))
	return keys{k[:], v[:]}
}

// Both are SHA-256 with the key before the message. That is a pseudorandom function
// because no message is the beginning of another (Bellare, Canetti, Krawczyk, FOCS
// 1996: the cascade construction), and several times as fast as HMAC.
func (k keys) key(pseudonym uint64) Hash {
	var b [40]byte
	copy(b[:], k.ofKey)
	binary.BigEndian.PutUint64(b[32:], pseudonym)
	return sha256.Sum256(b[:])
}

// value hides what a patient said from whoever sees the leaf and not the pseudonym.
func (k keys) value(pseudonym uint64, statements []Statement) Hash {
	b := append(make([]byte, 0, 128), k.ofValue...)
	b = binary.BigEndian.AppendUint64(b, pseudonym)
	b = binary.BigEndian.AppendUint32(b, uint32(len(statements)))
	return sha256.Sum256(appendStatements(b, statements))
}

// keyed is HMAC-SHA256 with a domain before the message.
func keyed(key []byte, domain string, message []byte) (h Hash) {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(domain))
	mac.Write([]byte{0})
	mac.Write(message)
	mac.Sum(h[:0])
	return h
}

// appendStatements is the one encoding of sorted statements: 10 bytes each.
func appendStatements(b []byte, list []Statement) []byte {
	for _, s := range list {
		b = binary.BigEndian.AppendUint32(b, uint32(s.From))
		b = binary.BigEndian.AppendUint32(b, uint32(s.To))
		b = append(b, byte(s.Purposes), byte(s.Effect))
	}
	return b
}

// What stands before the bytes of a node.
const (
	leafNode  = 0
	innerNode = 1
	emptyNode = 2
)

func leafHash(e entry) Hash {
	var b [65]byte
	b[0] = leafNode
	copy(b[1:], e.key[:])
	copy(b[33:], e.value[:])
	return sha256.Sum256(b[:])
}

func innerHash(left, right Hash) Hash {
	var b [65]byte
	b[0] = innerNode
	copy(b[1:], left[:])
	copy(b[33:], right[:])
	return sha256.Sum256(b[:])
}

func emptyHash() Hash { return sha256.Sum256([]byte{emptyNode}) }

func bit(key Hash, depth int) byte { return key[depth/8] >> (7 - depth%8) & 1 }

// subtree is the hash of the entries that share their first depth bits: one entry is
// a leaf wherever it is alone.
func subtree(list []entry, depth int) Hash {
	switch len(list) {
	case 0:
		return emptyHash()
	case 1:
		return leafHash(list[0])
	}
	at := split(list, depth)
	return innerHash(subtree(list[:at], depth+1), subtree(list[at:], depth+1))
}

// split is where the entries with bit 1 begin.
func split(list []entry, depth int) int {
	at, _ := slices.BinarySearchFunc(list, byte(1), func(e entry, one byte) int { return int(bit(e.key, depth)) - int(one) })
	return at
}

// A Path leads from the root of a tree to where a key is or would be. It ends at a
// leaf, or, if there is nothing, at none.
type Path struct {
	Salt  Hash   `json:"salt"`
	Nodes []Hash `json:"nodes"`          // those beside the way, from the root on
	Leaf  *Leaf  `json:"leaf,omitempty"` // of the patient, or of another one whose key begins so
}

// A Leaf is a patient in a tree.
type Leaf struct {
	Key   Hash `json:"key"`
	Value Hash `json:"value"`
}

// Path is the proof that a patient is in the tree or is not.
func (t *Tree) Path(pseudonym uint64) Path {
	key := newKeys(t.kind, t.salt).key(pseudonym)
	p := Path{Salt: t.salt, Nodes: []Hash{}}
	list := t.entries
	for depth := 0; len(list) > 1; depth++ {
		at := split(list, depth)
		beside := list[at:]
		if list = list[:at]; bit(key, depth) == 1 {
			list, beside = beside, list
		}
		p.Nodes = append(p.Nodes, subtree(beside, depth+1))
	}
	if len(list) == 1 {
		p.Leaf = &Leaf{list[0].key, list[0].value}
	}
	return p
}

// check follows a path and says whether the patient is in the tree of a commitment,
// and with which value. It is an error if the path is not one of that tree.
func (p Path) check(kind string, digest Hash, pseudonym uint64) (value Hash, in bool, err error) {
	key := newKeys(kind, p.Salt).key(pseudonym)
	if len(p.Nodes) > 256 {
		return value, false, fmt.Errorf("a path is longer than a tree is deep")
	}
	node := emptyHash()
	if p.Leaf != nil {
		for depth := range p.Nodes {
			if bit(p.Leaf.Key, depth) != bit(key, depth) {
				return value, false, fmt.Errorf("the leaf does not stand where the patient would: it differs in bit %s", strconv.Itoa(depth))
			}
		}
		node = leafHash(entry{p.Leaf.Key, p.Leaf.Value})
		value, in = p.Leaf.Value, p.Leaf.Key == key
	}
	for depth, beside := range slices.Backward(p.Nodes) {
		if bit(key, depth) == 0 {
			node = innerHash(node, beside)
		} else {
			node = innerHash(beside, node)
		}
	}
	if commitment(kind, p.Salt, node) != digest {
		return Hash{}, false, fmt.Errorf("the path does not lead to the commitment that was booked")
	}
	return value, in, nil
}
