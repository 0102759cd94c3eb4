package identity

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"

	"hmsp.center/hmsp/atomicfile"
)

// fileVersion names the form of an identity file.
const fileVersion = "identity/v1"

// maxFile is the longest identity file read, in bytes.
const maxFile = 64 << 10

// file is an identity file: JSON with the two 32-byte seeds in base64.
type file struct {
	Hmsp    string `json:"hmsp"`
	Name    string `json:"name"`
	Role    Role   `json:"role"`
	Signing string `json:"signing_seed"`
	Sealing string `json:"sealing_seed"`
}

// Save writes the identity to path, readable by this account only. It refuses a
// path that exists: a lost private key cannot be had again.
func (id *Identity) Save(path string) error {
	seal, err := id.keys().sealing.Bytes()
	if err != nil {
		return fmt.Errorf("save identity of %s: the sealing key cannot be exported", id.Name())
	}
	data, err := json.MarshalIndent(file{
		Hmsp:    fileVersion,
		Name:    id.public.Name,
		Role:    id.public.Role,
		Signing: base64.StdEncoding.EncodeToString(id.keys().signing.Seed()),
		Sealing: base64.StdEncoding.EncodeToString(seal),
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("save identity of %s: %w", id.Name(), err)
	}
	return atomicfile.Create(path, append(data, '\n'), 0o600)
}

// Load reads the identity at path. It refuses a file that other accounts may
// read or write, and anything that Save would not have written; no error holds
// a part of a key.
func Load(path string) (*Identity, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("load identity: %w", err)
	}
	defer f.Close()
	if err := guarded(f, path); err != nil {
		return nil, fmt.Errorf("load identity: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("load identity: %w", err)
	}
	id, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("load identity: %s: %w", path, err)
	}
	return id, nil
}

// guarded refuses an open file of secrets that others may reach. Windows keeps
// access lists instead of modes, and a file there inherits its folder's.
func guarded(f *os.File, path string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a plain file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("%s can be read by other accounts (mode %04o): run `chmod 600 %s`; if others may have read it, make new keys", path, mode, path)
	}
	return nil
}

func decode(data []byte) (*Identity, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("is longer than an identity file can be (%d bytes)", maxFile)
	}
	var f file
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	// The decoder's own error could quote the file, and with it a key.
	if d.Decode(&f) != nil || d.More() {
		return nil, fmt.Errorf("is not an identity file: restore it from a backup, or make new keys")
	}
	if f.Hmsp != fileVersion {
		return nil, fmt.Errorf("hmsp: want %q: the file is of another version or another kind", fileVersion)
	}
	if err := ValidName(f.Name); err != nil {
		return nil, err
	}
	if err := f.Role.Valid(); err != nil {
		return nil, err
	}
	signing, err1 := decodeBase64(f.Signing)
	sealing, err2 := decodeBase64(f.Sealing)
	if err1 != nil || err2 != nil || len(signing) != seedSize || len(sealing) != seedSize {
		return nil, fmt.Errorf("the keys are damaged: restore the file from a backup, or make new keys")
	}
	return fromSeeds(f.Name, f.Role, signing, sealing)
}
