package pgen

import (
	"io"
	"os"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// Records are an open pgen with its samples: any record can be decoded. For one goroutine.
type records struct {
	path    string
	pvar    string // the file of variants
	samples []genotype.Sample
	index   *index
	data    window
	files   []*os.File
	decoder *decoder
	at      int // the record that is decoded; -1 for none
	before  int // the record whose main track is decoder.before
}

// open opens the files, and reads the samples and the header.
func open(path string) (*records, error) {
	r := &records{path: path, at: -1, before: -1}
	f, err := r.file(path)
	if err != nil {
		return nil, err
	}
	if err := r.begin(f); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *records) begin(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return &format.Error{File: r.path, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
	}
	if r.pvar = first(variantFiles(r.path)); r.pvar == "" {
		return &format.Error{File: r.path, Text: "there is no file of its variants", Mend: "put the .pvar, .pvar.zst or .bim of the same name beside it"}
	}
	psam := first(sampleFiles(r.path))
	if psam == "" {
		return &format.Error{File: r.path, Text: "there is no file of its samples", Mend: "put the .psam or .fam of the same name beside it"}
	}
	if r.samples, err = readSamples(psam); err != nil {
		return err
	}
	head := f
	if outside(f) {
		if head, err = r.file(indexFile(r.path)); err != nil {
			return err
		}
	}
	if r.index, err = readIndex(r.path, f, info.Size(), head, len(r.samples)); err != nil {
		return err
	}
	r.data = window{r: f, size: info.Size()}
	r.decoder = newDecoder(len(r.samples))
	return nil
}

// outside says whether the index is in another file.
func outside(f *os.File) bool {
	var h [3]byte
	n, _ := f.ReadAt(h[:], 0)
	return n == 3 && (mode(h[2]) == outsideMode || mode(h[2]) == extendedOutsideMode)
}

func (r *records) file(path string) (*os.File, error) {
	f, err := format.OpenFile(path)
	if err == nil {
		r.files = append(r.files, f)
	}
	return f, err
}

// Close closes the files.
func (r *records) Close() error {
	var err error
	for _, f := range r.files {
		if e := f.Close(); e != nil && err == nil {
			err = e
		}
	}
	r.files, r.at, r.before = nil, -1, -1
	return err
}

// clone is a copy that decodes by itself, from the same open files.
func (r *records) clone() *records {
	c, x := *r, *r.index
	x.block = block{number: -1}
	c.index, c.data, c.decoder = &x, window{r: r.data.r, size: r.data.size}, newDecoder(len(r.samples))
	c.at, c.before = -1, -1
	return &c
}

// load decodes record i, of a variant with that many ALT alleles.
func (r *records) load(i, alts int) error {
	if r.files == nil {
		return &format.Error{File: r.path, Text: "the file is closed", Mend: "open it again"}
	}
	if r.at == i {
		return nil
	}
	r.at = -1
	kind, _, _, err := r.index.record(i)
	if err == nil && compressed(kind) {
		err = r.loadBefore(i)
	}
	if err != nil {
		return err
	}
	kind, b, err := r.bytes(i)
	if err != nil {
		return err
	}
	if r.index.mode == bedMode {
		r.decoder.bed(b)
		r.at = i
		return nil
	}
	if n, err := r.index.alts(i); err != nil {
		return err
	} else if n != 0 && n != alts {
		return r.index.broken(i+1, "the number of ALT alleles is another than in the file of variants")
	}
	if err := r.decoder.record(b, kind, alts); err != nil {
		return r.index.broken(i+1, err.Error())
	}
	if !compressed(kind) && r.index.based(i) {
		r.decoder.before.copy(r.decoder.calls)
		r.before = i
	}
	r.at = i
	return nil
}

// loadBefore decodes the main track of the record that record i differs from.
func (r *records) loadBefore(i int) error {
	k, err := r.index.base(i)
	if err != nil || k == r.before {
		return err
	}
	r.before = -1
	kind, b, err := r.bytes(k)
	if err != nil {
		return err
	}
	if err := r.decoder.main(&cursor{b}, kind); err != nil {
		return r.index.broken(k+1, err.Error())
	}
	r.decoder.before.copy(r.decoder.calls)
	r.before = k
	return nil
}

// bytes are those of a record, until the next call.
func (r *records) bytes(i int) (byte, []byte, error) {
	kind, at, n, err := r.index.record(i)
	if err != nil {
		return 0, nil, err
	}
	b, err := r.data.read(at, n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return 0, nil, r.index.broken(i+1, "the file ends within the record of a variant")
	}
	if err != nil {
		return 0, nil, &format.Error{File: r.path, Text: "the file cannot be read", Mend: "check the disk", Cause: err}
	}
	return kind, b, nil
}

// readAhead is how much is read where records follow each other.
const readAhead = 256 << 10

// A window is a part of a file in memory.
type window struct {
	r    io.ReaderAt
	size int64
	at   int64
	buf  []byte
}

// read gives n bytes from a place, until the next call. Places that follow each other
// are read together, others alone.
func (w *window) read(at int64, n int) ([]byte, error) {
	end := w.at + int64(len(w.buf))
	if at >= w.at && at+int64(n) <= end {
		return w.buf[at-w.at:][:n], nil
	}
	if at+int64(n) > w.size {
		return nil, io.ErrUnexpectedEOF
	}
	length := n
	if at >= w.at && at <= end {
		length = int(min(int64(max(n, readAhead)), w.size-at))
	}
	w.buf = resized(w.buf, length)
	k, err := w.r.ReadAt(w.buf, at)
	w.at, w.buf = at, w.buf[:k]
	if k < n {
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return w.buf[:n], nil
}
