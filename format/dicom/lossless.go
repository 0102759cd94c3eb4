package dicom

import "encoding/binary"

// A lossless decodes a frame of JPEG Lossless, process 14 with any predictor (ITU-T T.81
// annex H): Huffman codes of the difference of each sample from what its neighbours
// predict.
type lossless struct {
	rows, columns, precision int
	ids                      []byte        // of the components
	tables                   [4]*huffman   // by destination
	restart                  int           // samples of a component between restarts; 0 means none
	planes                   [][]uint16    // of the components
	bits                     bits          // of the scan at hand
	seen                     map[byte]bool // components that a scan gave
}

// huffman maps the next 16 bits to the length of a code and its value; length 0 is none.
type huffman [1 << 16]struct{ length, value uint8 }

// unLossless gives the samples of a frame of that size, in little endian, those of a pixel
// beside each other.
func unLossless(raw []byte, h Header, width int) ([]byte, error) {
	if int64(h.Rows)*int64(h.Columns)*int64(h.Samples) > 8*int64(len(raw)) { // a sample has a bit at least
		return nil, wrong("a JPEG frame is too short for its rows and columns")
	}
	d := &lossless{seen: map[byte]bool{}}
	if err := d.frame(raw, h, width); err != nil {
		return nil, err
	}
	n := h.Rows * h.Columns
	out := make([]byte, n*h.Samples*width)
	for c, plane := range d.planes {
		for i, x := range plane {
			if at := i*h.Samples + c; width == 1 {
				out[at] = byte(x)
			} else {
				binary.LittleEndian.PutUint16(out[2*at:], x)
			}
		}
	}
	return out, nil
}

// frame reads the marker segments (T.81 section B.2).
func (d *lossless) frame(b []byte, h Header, width int) error {
	broken := wrong("a JPEG Lossless frame is broken")
	if len(b) < 2 || b[0] != 0xff || b[1] != 0xd8 {
		return broken
	}
	for b = b[2:]; ; {
		for len(b) > 1 && b[0] == 0xff && b[1] == 0xff {
			b = b[1:]
		}
		if len(b) < 4 || b[0] != 0xff {
			return broken
		}
		marker, size := b[1], int(b[2])<<8+int(b[3])
		if size < 2 || len(b) < 2+size {
			return broken
		}
		body := b[4 : 2+size]
		b = b[2+size:]
		switch {
		case marker == 0xc4: // tables
			if !d.huffman(body) {
				return broken
			}
		case marker == 0xdd: // restart interval
			if len(body) < 2 {
				return broken
			}
			d.restart = int(body[0])<<8 + int(body[1])
		case marker == 0xc3: // frame header
			if !d.header(body) {
				return broken
			}
			if d.rows != h.Rows || d.columns != h.Columns || len(d.ids) != h.Samples || d.precision > 8*width {
				return wrong("a JPEG frame is of another size than rows, columns and bits say")
			}
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc8 && marker != 0xcc:
			return wrong("a frame is not of JPEG Lossless, as its transfer syntax says")
		case marker == 0xda: // scan
			used, ok := d.scan(body, b)
			if !ok {
				return broken
			}
			if len(d.seen) == len(d.ids) {
				return nil
			}
			b = b[used:]
		}
	}
}

// header is the frame header (T.81 section B.2.2): components are not subsampled.
func (d *lossless) header(b []byte) bool {
	if len(b) < 6 || len(b) != 6+3*int(b[5]) || d.planes != nil {
		return false
	}
	d.precision, d.rows, d.columns = int(b[0]), int(b[1])<<8+int(b[2]), int(b[3])<<8+int(b[4])
	for i := 6; i < len(b); i += 3 {
		if b[i+1] != 0x11 {
			return false
		}
		d.ids = append(d.ids, b[i])
	}
	d.planes = make([][]uint16, len(d.ids))
	return d.precision >= 2 && d.precision <= 16
}

// huffman reads tables (T.81 sections B.2.4.2 and C.2).
func (d *lossless) huffman(b []byte) bool {
	for len(b) >= 17 {
		class, to := b[0]>>4, b[0]&15
		counts, values := b[1:17], b[17:]
		t, code := &huffman{}, 0
		for k, n := range counts {
			for range n {
				if len(values) == 0 || code >= 1<<(k+1) {
					return false
				}
				for i := code << (15 - k); i < (code+1)<<(15-k); i++ {
					t[i].length, t[i].value = uint8(k+1), values[0]
				}
				values = values[1:]
				code++
			}
			code <<= 1
		}
		if class != 0 || to > 3 {
			return false
		}
		d.tables[to] = t
		b = values
	}
	return len(b) == 0
}

// scan reads a scan (T.81 sections B.2.3 and H.2) and says how many bytes it had.
func (d *lossless) scan(head, b []byte) (used int, ok bool) {
	if len(head) < 4 || len(head) != 4+2*int(head[0]) || head[0] == 0 || d.planes == nil {
		return 0, false
	}
	n := int(head[0])
	predictor, shift := int(head[1+2*n]), int(head[3+2*n]&15)
	var planes [][]uint16
	var tables []*huffman
	for i := range n {
		at := -1
		for k, id := range d.ids {
			if id == head[1+2*i] {
				at = k
			}
		}
		to := head[2+2*i] >> 4
		if at < 0 || d.seen[d.ids[at]] || to > 3 || d.tables[to] == nil {
			return 0, false
		}
		d.seen[d.ids[at]] = true
		d.planes[at] = make([]uint16, d.rows*d.columns)
		planes, tables = append(planes, d.planes[at]), append(tables, d.tables[to])
	}
	if predictor < 1 || predictor > 7 || shift >= d.precision || d.restart > 0 && d.restart%d.columns != 0 {
		return 0, false
	}
	d.bits = bits{b: b}
	first := 0 // the first line since a restart
	for y := range d.rows {
		if y > 0 && d.restart > 0 && y*d.columns%d.restart == 0 {
			if !d.bits.marker() {
				return 0, false
			}
			first = y
		}
		for x := range d.columns {
			for c, plane := range planes {
				diff, ok := d.difference(tables[c])
				if !ok {
					return 0, false
				}
				at := y*d.columns + x
				plane[at] = uint16(predict(plane, at, x, y-first, d.columns, predictor, 1<<(d.precision-shift-1)) + diff)
			}
		}
	}
	for _, plane := range planes {
		for i := range plane {
			plane[i] <<= shift
		}
	}
	return d.bits.at, true
}

// predict is T.81 section H.1.2.1 and table H.1.
func predict(p []uint16, at, x, y, columns, predictor, start int) int {
	switch {
	case x == 0 && y == 0:
		return start
	case y == 0:
		return int(p[at-1])
	case x == 0:
		return int(p[at-columns])
	}
	a, b, c := int(p[at-1]), int(p[at-columns]), int(p[at-columns-1])
	switch predictor {
	case 1:
		return a
	case 2:
		return b
	case 3:
		return c
	case 4:
		return a + b - c
	case 5:
		return a + (b-c)>>1
	case 6:
		return b + (a-c)>>1
	}
	return (a + b) >> 1
}

// difference reads a difference (T.81 section H.1.2.2).
func (d *lossless) difference(t *huffman) (int, bool) {
	e := t[d.bits.peek(16)]
	if e.length == 0 || e.value > 16 || !d.bits.take(int(e.length)) {
		return 0, false
	}
	k := int(e.value)
	if k == 0 {
		return 0, true
	}
	if k == 16 {
		return 1 << 15, true
	}
	x := d.bits.peek(k)
	if !d.bits.take(k) {
		return 0, false
	}
	if x < 1<<(k-1) {
		x += 1 - 1<<k
	}
	return x, true
}

// bits are those of entropy-coded data, up to the next marker (T.81 section F.1.2.3).
type bits struct {
	b     []byte
	at    int
	store uint64
	n     int // bits in store
	none  int // of them behind the end of the data
}

func (s *bits) peek(k int) int {
	for s.n <= 48 {
		x := byte(0)
		switch {
		case s.at < len(s.b) && s.b[s.at] != 0xff:
			x = s.b[s.at]
			s.at++
		case s.at+1 < len(s.b) && s.b[s.at+1] == 0: // a stuffed zero
			x = 0xff
			s.at += 2
		default:
			s.none += 8
		}
		s.store, s.n = s.store<<8|uint64(x), s.n+8
	}
	return int(s.store >> (s.n - k) & (1<<k - 1))
}

// take goes on by k bits; false if the data end before.
func (s *bits) take(k int) bool {
	s.n -= k
	return s.n >= s.none
}

// marker passes over a restart marker.
func (s *bits) marker() bool {
	if s.n-s.none >= 8 || s.at+1 >= len(s.b) || s.b[s.at] != 0xff || s.b[s.at+1] < 0xd0 || s.b[s.at+1] > 0xd7 {
		return false
	}
	*s = bits{b: s.b, at: s.at + 2}
	return true
}
