package dicom

import (
	"encoding/binary"
)

// colour brings pixels in luma and chroma to red, green and blue, and looks up those of a
// palette (PS3.3 sections C.7.6.3.1.2 and C.7.6.3.1.5). What is grey stays.
func (s stored) colour() (stored, error) {
	h := s.header
	switch {
	case h.Photometric == "PALETTE COLOR" && h.Samples == 1:
		return s.palette()
	case h.Samples == 3 && !s.rgb && (h.Photometric == "YBR_FULL" || h.Photometric == "YBR_FULL_422") && s.width == 1:
		out := make([]byte, len(s.data))
		for i := 0; i+2 < len(out); i += 3 {
			y, cb, cr := float64(s.data[i]), float64(s.data[i+1])-128, float64(s.data[i+2])-128
			out[i], out[i+1], out[i+2] = clamp(y+1.402*cr), clamp(y-0.344136*cb-0.714136*cr), clamp(y+1.772*cb)
		}
		s.data, s.rgb = out, true
	}
	return s, nil
}

func clamp(x float64) byte { return byte(min(max(x+0.5, 0), 255)) }

// palette looks up the colours of pixels.
func (s stored) palette() (stored, error) {
	var tables [3][]byte
	first := 0
	for c := range tables {
		d := s.header.set.words16(redTable + tag(c))
		if len(d) != 3 {
			return s, wrong("the palette (0028,1101) is broken")
		}
		n := int(d[0])
		if n == 0 {
			n = 1 << 16
		}
		if first = int(d[1]); s.header.Signed {
			first = int(int16(d[1]))
		}
		raw := s.header.set.bytes(redData + tag(c))
		switch {
		case d[2] == 8 && len(raw) >= n && len(raw) < 2*n:
			tables[c] = raw[:n]
		case len(raw) >= 2*n: // of 16 bits, or of 8 in words
			high := make([]byte, n)
			for i := range high {
				x := s.header.set.order.Uint16(raw[2*i:])
				if d[2] == 16 {
					x >>= 8
				}
				high[i] = byte(x)
			}
			tables[c] = high
		default:
			return s, wrong("the palette (0028,1201) is shorter than it says")
		}
	}
	n := len(s.data) / s.width
	out := make([]byte, 3*n)
	for i := range n {
		k := int(s.at(i)) - first
		for c, t := range tables {
			out[3*i+c] = t[min(max(k, 0), len(t)-1)]
		}
	}
	s.data, s.width, s.rgb = out, 1, true
	s.header.Samples, s.header.Bits, s.header.Stored, s.header.High, s.header.Signed = 3, 8, 8, 7, false
	return s, nil
}

// at is sample i as a number: the bits stored, with their sign.
func (s stored) at(i int) int64 {
	var x uint32
	switch s.width {
	case 1:
		x = uint32(s.data[i])
	case 2:
		x = uint32(binary.LittleEndian.Uint16(s.data[2*i:]))
	default:
		x = binary.LittleEndian.Uint32(s.data[4*i:])
	}
	h := s.header
	up := 31 - h.High
	if h.Bits == 1 {
		return int64(x)
	}
	if h.Signed {
		return int64(int32(x<<up) >> (32 - h.Stored))
	}
	return int64(x << up >> (32 - h.Stored))
}

// values appends the intensities of a frame to out: what is stored after the modality
// transformation (PS3.3 section C.11.1), which colours do not have.
func (s stored) values(out []float32, i int) ([]float32, error) {
	h := s.header
	n := h.Rows * h.Columns * h.Samples
	if h.Samples == 3 && s.width == 1 && h.Stored == 8 {
		for _, x := range s.data[i*n : (i+1)*n] {
			out = append(out, float32(x))
		}
		return out, nil
	}
	if h.Samples == 3 {
		for k := i * n; k < (i+1)*n; k++ {
			out = append(out, float32(s.at(k)))
		}
		return out, nil
	}
	if table := h.set.first(modalityTable); table != nil {
		return s.lookup(out, table, i*n, n)
	}
	f := h.of(i)
	if s.width == 1 && h.Stored == 8 && !h.Signed && h.High == 7 {
		for _, x := range s.data[i*n : (i+1)*n] {
			out = append(out, float32(float64(x)*f.slope+f.intercept))
		}
		return out, nil
	}
	for k := i * n; k < (i+1)*n; k++ {
		out = append(out, float32(float64(s.at(k))*f.slope+f.intercept))
	}
	return out, nil
}

// lookup is the modality transformation by a table (PS3.3 section C.11.1.1.1).
func (s stored) lookup(out []float32, set *dataSet, from, n int) ([]float32, error) {
	d, data := set.words16(tableDescriptor), set.words16(tableData)
	if len(d) != 3 {
		return nil, wrong("the modality table (0028,3000) is broken")
	}
	size := int(d[0])
	if size == 0 {
		size = 1 << 16
	}
	if len(data) < size {
		return nil, wrong("the modality table (0028,3000) is shorter than it says")
	}
	first := int64(d[1])
	if s.header.Signed {
		first = int64(int16(d[1]))
	}
	for k := from; k < from+n; k++ {
		out = append(out, float32(data[min(max(s.at(k)-first, 0), int64(size-1))]))
	}
	return out, nil
}
