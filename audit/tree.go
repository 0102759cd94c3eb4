package audit

import (
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// A tree is the right edge of the Merkle tree: enough to go on with it. Edge
// holds the roots of the perfect subtrees that the size is made of, the largest
// first (RFC 6962, section 2.1).
type tree struct {
	size int64
	edge []Hash
}

// add appends a leaf and returns what a store of the tree's hashes keeps for it:
// the leaf's own hash and those of the subtrees that it completes, in the order
// of tlog.StoredHashes.
func (t *tree) add(leaf Hash) []Hash {
	stored := []Hash{leaf}
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.edge) - 1
		leaf = tlog.NodeHash(t.edge[last], leaf)
		t.edge = t.edge[:last]
		stored = append(stored, leaf)
	}
	t.edge = append(t.edge, leaf)
	t.size++
	return stored
}

// root is the tree's root.
func (t *tree) root() Hash {
	if t.size == 0 {
		empty, err := tlog.TreeHash(0, nil)
		if err != nil {
			panic("audit: the empty tree has no hash") // a constant of tlog
		}
		return empty
	}
	h := t.edge[len(t.edge)-1]
	for _, left := range slices.Backward(t.edge[:len(t.edge)-1]) {
		h = tlog.NodeHash(left, h)
	}
	return h
}

func (t *tree) clone() tree { return tree{t.size, slices.Clone(t.edge)} }

// edgeIndexes are the places in a store of hashes of the edge of a tree of a size.
func edgeIndexes(size int64) (out []int64) {
	for done := int64(0); done < size; {
		level := bits.Len64(uint64(size-done)) - 1
		out = append(out, tlog.StoredHashIndex(level, done>>level))
		done += 1 << level
	}
	return out
}

// treeAt is the tree of a size, from a store of hashes.
func treeAt(size int64, r tlog.HashReader) (tree, error) {
	edge, err := r.ReadHashes(edgeIndexes(size))
	return tree{size, edge}, err
}
