package audit

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// originPrefix begins the first line of every checkpoint, before the member's name.
const originPrefix = "hmsp audit/v1 "

// MaxCheckpoint is the longest text of a checkpoint, in bytes.
const MaxCheckpoint = 512

// maxSize is the most entries that a log can have. (tlog's arithmetic does not end
// for sizes from 2^62 on, and a size can come from anyone.)
const maxSize = 1 << 48

// A Checkpoint is a member's signed statement of its log: the root of the tree
// over its first Size entries. Origin is the member's name in the charter, Time
// that of the last entry.
type Checkpoint struct {
	Origin    string
	Size      int64
	Root      Hash
	Time      time.Time
	Signature []byte
}

// Text is what is signed: the body of a note as in C2SP tlog-checkpoint, with
// the time as its one extension line.
//
//	hmsp audit/v1 north
//	17
//	kSZ7...=
//	time 2026-11-24T12:00:00Z
func (c Checkpoint) Text() []byte {
	return fmt.Appendf(nil, "%s%s\n%d\n%s\ntime %s\n", originPrefix, c.Origin, c.Size, c.Root, c.Time.UTC().Format(time.RFC3339Nano))
}

// Encode is the signed note: the text, an empty line, and the signature.
func (c Checkpoint) Encode() []byte {
	return fmt.Appendf(c.Text(), "\n\u2014 %s %s\n", c.Origin, base64.StdEncoding.EncodeToString(c.Signature))
}

// String is Encode.
func (c Checkpoint) String() string { return string(c.Encode()) }

var errCheckpoint = errors.New("is not a checkpoint of an hmsp audit log (origin, size, root, time, signature)")

// ParseCheckpoint reads what Encode wrote, and no other encoding of it. It
// verifies nothing.
func ParseCheckpoint(b []byte) (Checkpoint, error) {
	lines := strings.Split(string(b), "\n")
	if len(b) > MaxCheckpoint || len(lines) != 7 {
		return Checkpoint{}, errCheckpoint
	}
	name, ok := strings.CutPrefix(lines[0], originPrefix)
	at, isTime := strings.CutPrefix(lines[3], "time ")
	sig, isSig := strings.CutPrefix(lines[5], "\u2014 "+name+" ")
	if !ok || !isTime || !isSig || !memberForm.MatchString(name) {
		return Checkpoint{}, errCheckpoint
	}
	c := Checkpoint{Origin: name}
	var errs [4]error
	c.Size, errs[0] = strconv.ParseInt(lines[1], 10, 64)
	c.Root, errs[1] = tlog.ParseHash(lines[2])
	c.Time, errs[2] = time.Parse(time.RFC3339Nano, at)
	c.Signature, errs[3] = base64.StdEncoding.DecodeString(sig)
	if errors.Join(errs[:]...) != nil || c.Size < 0 || c.Size > maxSize || len(c.Signature) == 0 || !bytes.Equal(c.Encode(), b) {
		return Checkpoint{}, errCheckpoint
	}
	return c, nil
}

// Verify says whether the checkpoint's member signed it.
func (c Checkpoint) Verify(verify Verifier) error {
	if err := verify(c.Origin, c.Text(), c.Signature); err != nil {
		return fmt.Errorf("checkpoint of %s at size %d: %w", c.Origin, c.Size, err)
	}
	return nil
}

// Same says whether two checkpoints state the same tree. (Their times are those
// of the last entry, so they are then equal too, unless someone signed twice.)
func (c Checkpoint) Same(d Checkpoint) bool {
	return c.Origin == d.Origin && c.Size == d.Size && c.Root == d.Root
}
