package idx

import (
	"encoding/binary"
	"errors"
	"io"
	"math"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/images"
	"hmsp.center/hmsp/radiomics"
)

// A file is an IDX file that is being read.
type file struct {
	*images.File
	path  string
	kind  byte
	sizes []int // of each dimension
}

// width is how many bytes a value of a type has; 0 if there is no such type.
func width(kind byte) int {
	switch kind {
	case 0x08, 0x09: // unsigned and signed bytes
		return 1
	case 0x0b: // int16
		return 2
	case 0x0c, 0x0d: // int32, float32
		return 4
	case 0x0e: // float64
		return 8
	}
	return 0
}

func (f *file) wrong(text, mend string) error {
	return &format.Error{File: f.path, Text: text, Mend: mend}
}

func (f *file) broken(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return f.wrong("the file holds fewer values than its sizes say", "copy it again")
	}
	return &format.Error{File: f.path, Text: "the file is damaged, or cannot be read", Mend: "copy it again", Cause: err}
}

// open reads the head of a file of images; all says that they are wanted at once.
func open(path string, all bool) (*file, error) {
	f, err := begin(path)
	if err != nil {
		return nil, err
	}
	switch n := len(f.sizes); {
	case n == 1:
		err = f.wrong("this is a file of labels", "name the file of images beside it")
	case n != 3 && (n != 4 || f.sizes[3] != 1 && f.sizes[3] != 3):
		err = f.wrong("the file has no images of rows and columns, with one channel or three", "name a file of images (idx3)")
	case f.sizes[1]*f.sizes[2] > 1<<24: // each is below 2^28
		err = f.wrong("an image has more than 16 million pixels", "check how the file was made")
	case all && f.values() > radiomics.MaxVoxels:
		err = f.wrong("the images have more than 268 million values", "split the file")
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// begin reads the magic number and the sizes. What the file cannot hold is refused.
func begin(path string) (*file, error) {
	in, err := images.Open(path, 64<<10)
	if err != nil {
		return nil, err
	}
	f := &file{File: in, path: path}
	if err := f.head(); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *file) head() error {
	const says = "this does not begin like an IDX file"
	var b [4]byte
	if _, err := io.ReadFull(f, b[:]); err != nil || b[0] != 0 || b[1] != 0 || width(b[2]) == 0 || b[3] < 1 || b[3] > 4 {
		return f.wrong(says, "set format to what it is")
	}
	f.kind = b[2]
	for range b[3] {
		if _, err := io.ReadFull(f, b[:]); err != nil {
			return f.broken(err)
		}
		n := binary.BigEndian.Uint32(b[:])
		if n < 1 || n > radiomics.MaxVoxels {
			return f.wrong("a size is zero or more than 268 million", "check how the file was made")
		}
		f.sizes = append(f.sizes, int(n))
	}
	most := f.Size
	if f.Packed { // deflate gives 1032 bytes a byte at most
		most *= 1032
	}
	if f.values() > float64(most)/float64(width(f.kind)) {
		return f.broken(io.EOF)
	}
	return nil
}

// values is how many there are; a float, as the product may be too large.
func (f *file) values() float64 {
	n := 1.0
	for _, k := range f.sizes {
		n *= float64(k)
	}
	return n
}

func (f *file) channels() int {
	if len(f.sizes) == 4 {
		return f.sizes[3]
	}
	return 1
}

// image reads the next image.
func (f *file) image() (radiomics.Image, error) {
	m := radiomics.Image{Shape: []int{f.sizes[1], f.sizes[2]}, Spacing: []float64{0, 0}, Channels: f.channels()}
	n := f.sizes[1] * f.sizes[2] * m.Channels
	b, err := images.ReadAtMost(f, int64(n*width(f.kind)))
	if err != nil {
		return m, f.broken(err)
	}
	m.Values = make([]float32, n)
	for i := range m.Values {
		m.Values[i] = float32(number(f.kind, b))
		b = b[width(f.kind):]
	}
	return m, nil
}

// number is the value that b begins with.
func number(kind byte, b []byte) float64 {
	switch kind {
	case 0x09:
		return float64(int8(b[0]))
	case 0x0b:
		return float64(int16(binary.BigEndian.Uint16(b)))
	case 0x0c:
		return float64(int32(binary.BigEndian.Uint32(b)))
	case 0x0d:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	case 0x0e:
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	return float64(b[0])
}

// end says whether the file ends where its sizes say, and whole.
func (f *file) end() error {
	var b [1]byte
	switch n, err := f.Read(b[:]); {
	case n > 0:
		return f.wrong("the file holds more values than its sizes say", "copy it again")
	case err != nil && err != io.EOF: // of the checksum
		return f.broken(err)
	}
	return nil
}

func (f *file) close() error { return f.Close() }

// labels reads those of n images; nil where there is no file of them.
func labels(path string, n int) ([]int64, error) {
	path = labelsOf(path)
	if path == "" {
		return nil, nil
	}
	f, err := begin(path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	if len(f.sizes) != 1 || f.kind > 0x0c {
		return nil, f.wrong("this is no file of labels, which are one whole number an image", "check the files beside the images")
	}
	if f.sizes[0] != n {
		return nil, f.wrong("there are not as many labels as images", "take both files from one source")
	}
	b, err := images.ReadAtMost(f, int64(n*width(f.kind)))
	if err != nil {
		return nil, f.broken(err)
	}
	out := make([]int64, n)
	for i := range out {
		out[i] = int64(number(f.kind, b[i*width(f.kind):]))
	}
	return out, f.end()
}
