package pool

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"runtime/debug"
)

// Open maps a pool. It reads pool.json and checks that every file is there with the
// size that it says, so that no view can reach beyond a file; Verify reads contents.
// A path without pool.json is an error for which errors.Is(err, fs.ErrNotExist) holds;
// what is no longer as it was written is ErrDamaged.
func Open(path string) (*Pool, error) {
	if err := littleEndian(); err != nil {
		return nil, err
	}
	m, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("open pool %s: %w", path, err)
	}
	return &Pool{m: m}, nil
}

func open(path string) (*mapping, error) {
	dir, _, err := openOwn(path, true)
	if err != nil {
		return nil, err
	}
	dir.Close()
	data, err := readDocument(filepath.Join(path, documentName))
	if err != nil {
		return nil, err
	}
	doc, err := decode(data)
	if err != nil {
		return nil, damaged(err)
	}
	sum := sha256.Sum256(data)
	m := &mapping{path: path, id: hex.EncodeToString(sum[:]), doc: doc, refs: 1, verified: map[[2]int]bool{}}
	for _, t := range doc.Tables {
		data, err := mapTable(filepath.Join(path, t.File), t.Bytes)
		if err != nil {
			m.unmap()
			return nil, fmt.Errorf("table %q: %w", t.Name, err)
		}
		m.data = append(m.data, data)
	}
	return m, nil
}

func readDocument(path string) ([]byte, error) {
	f, info, err := openOwn(path, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("this is no pool: it has no %s (%w)", documentName, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info.Size() > maxDocument {
		return nil, damaged(fmt.Errorf("%s has more than %d bytes", documentName, maxDocument))
	}
	return io.ReadAll(io.LimitReader(f, maxDocument))
}

func mapTable(path string, size int64) ([]byte, error) {
	f, info, err := openOwn(path, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, damaged(fmt.Errorf("its file %s is gone", filepath.Base(path)))
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info.Size() != size {
		return nil, damaged(fmt.Errorf("its file %s has %d bytes instead of %d", filepath.Base(path), info.Size(), size))
	}
	return mapFile(f, size)
}

// damaged is an error that is ErrDamaged and says in what.
func damaged(what error) error { return fmt.Errorf("%w: %w", what, ErrDamaged) }

// littleEndian refuses a machine that would read the bytes of a value in another order.
func littleEndian() error {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return errors.New("pools are for machines that keep the least byte of a number first, and this one does not")
	}
	return nil
}

// Verify reads the named columns of a table, or all of it, and holds them against
// their checksums; what was found good is not read again. Without columns it is the
// whole file against its SHA-256, otherwise the columns and the frame of the file
// against CRC32C, which finds accidents and not forgers. What differs, and what can
// no longer be read, is ErrDamaged.
func (p *Pool) Verify(ctx context.Context, table string, columns ...string) error {
	q, err := p.Acquire()
	if err != nil {
		return err
	}
	defer q.Close()
	t, ok := q.Table(table)
	if !ok {
		return fmt.Errorf("verify pool %s: it has no table %q", p.m.path, table)
	}
	if len(columns) == 0 {
		return t.once(ctx, -1, t.verifyFile)
	}
	if err := t.once(ctx, -2, t.verifyFrame); err != nil {
		return err
	}
	for _, c := range columns {
		i := t.index(c)
		if i < 0 {
			return fmt.Errorf("verify pool %s: table %q has no column %q", p.m.path, table, c)
		}
		err := t.once(ctx, i, func(ctx context.Context) error { return t.verifyColumn(ctx, i) })
		if err != nil {
			return err
		}
	}
	return nil
}

// VerifyAll is Verify of all tables.
func (p *Pool) VerifyAll(ctx context.Context) error {
	for _, name := range p.Tables() {
		if err := p.Verify(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// once checks a part of the table unless it, or the whole file, was found good.
func (t Table) once(ctx context.Context, part int, check func(context.Context) error) error {
	m := t.p.m
	m.mu.Lock()
	good := m.verified[[2]int{t.i, part}] || m.verified[[2]int{t.i, -1}]
	m.mu.Unlock()
	if good {
		return ctx.Err()
	}
	if err := guard(func() error { return check(ctx) }); err != nil {
		return fmt.Errorf("verify pool %s: table %q: %w", m.path, t.Name(), err)
	}
	m.mu.Lock()
	m.verified[[2]int{t.i, part}] = true
	m.mu.Unlock()
	return nil
}

// guard turns the fault of a page that cannot be read, as when the disk fails or
// somebody cut the file, into an error.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			if _, fault := r.(interface{ Addr() uintptr }); !fault {
				panic(r)
			}
			err = damaged(errors.New("its file cannot be read to its end"))
		}
	}()
	return f()
}

func (t Table) verifyFile(ctx context.Context) error {
	h := sha256.New()
	err := inSteps(ctx, t.p.m.data[t.i], func(b []byte) { h.Write(b) })
	if err == nil && hex.EncodeToString(h.Sum(nil)) != t.entry().SHA256 {
		err = damaged(errors.New("its file is not the one that was written"))
	}
	return err
}

func (t Table) verifyFrame(context.Context) error {
	data, body := t.p.m.data[t.i], t.entry().Body
	if checksum(checksum(0, data[:body.Offset]), data[body.Offset+body.Length:]) != t.entry().Frame {
		return damaged(errors.New("its file does not describe it as it was written"))
	}
	return nil
}

func (t Table) verifyColumn(ctx context.Context, i int) error {
	f := t.entry().Fields[i]
	for _, b := range []*buffer{&f.Values, f.Validity} {
		if b == nil {
			continue
		}
		sum := uint32(0)
		if err := inSteps(ctx, t.bytes(b.span), func(b []byte) { sum = checksum(sum, b) }); err != nil {
			return err
		}
		if sum != b.CRC {
			return damaged(fmt.Errorf("column %q is not as it was written", f.Name))
		}
	}
	return nil
}

// inSteps hands bytes over piece by piece until the context ends.
func inSteps(ctx context.Context, b []byte, f func([]byte)) error {
	for len(b) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(len(b), 1<<20)
		f(b[:n])
		b = b[n:]
	}
	return ctx.Err()
}
