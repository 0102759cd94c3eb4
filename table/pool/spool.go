package pool

import "os"

// A spool keeps what a writer cannot hold: one file without a name, which is gone
// with its writer, in chunks of some rows of one table.
type spool struct {
	f    *os.File
	size int64
	data []byte // once it is complete
}

func newSpool(folder string) (*spool, error) {
	f, err := os.CreateTemp(folder, workPrefix+"*")
	if err != nil {
		return nil, err
	}
	os.Remove(f.Name()) // where Sweep was quicker it is gone already
	return &spool{f: f}, nil
}

func (s *spool) close() {
	if s.data != nil {
		unmapFile(s.data)
		s.data = nil
	}
	s.f.Close()
}

// view maps the complete spool.
func (s *spool) view() (err error) {
	if s.size > 0 {
		s.data, err = mapFile(s.f, s.size)
	}
	return err
}

// A chunk is some rows of a table on the spool: column after column, each at a
// multiple of the alignment.
type chunk struct {
	offset int64
	rows   int
}

// columns are the values of a chunk.
func (s *spool) columns(c chunk, fields []Field) [][]byte {
	out := make([][]byte, len(fields))
	at := c.offset
	for i, f := range fields {
		n := int64(c.rows * f.Kind.width())
		out[i] = s.data[at : at+n : at+n]
		at += padded(n)
	}
	return out
}

// write appends one column of a chunk.
func (s *spool) write(b []byte) error {
	if _, err := s.f.WriteAt(b, s.size); err != nil {
		return err
	}
	s.size += int64(len(b))
	return nil
}

// align goes to the start of the next column.
func (s *spool) align() error {
	var zeros [alignment]byte
	return s.write(zeros[:padded(s.size)-s.size])
}
