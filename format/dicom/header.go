package dicom

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/images"
)

// A Header is what a file says of its image, without the pixels. Texts are "" and numbers
// 0 where it does not.
type Header struct {
	TransferSyntax                    string // UIDs
	SOPClass, Instance, Series, Study string
	Patient, Birth, Sex               string // PatientID; dates in ISO 8601; PatientSex as package format writes it
	Name, Institution                 string // they name people and places: never for a table
	Modality, Equipment, BurnedIn     string
	Time                              string // of the acquisition, or the best that there is, in ISO 8601
	Number                            int    // InstanceNumber
	Rows, Columns, Frames             int    // Frames is 1 where none are told
	Samples, Bits, Stored, High       int    // samples a pixel, bits allocated and stored, the highest of them
	Signed, Planar                    bool
	Photometric                       string
	Position                          []float64 // mm of the first voxel, x y z; nil where unknown
	Orientation                       []float64 // of a row, and of a column: direction cosines; nil where unknown
	Spacing                           []float64 // mm between rows, and between columns; nil where unknown
	Thickness                         float64   // mm between slices, or of a slice
	HasPixels                         bool
	set                               *dataSet
	pixels                            element
	wrong                             string // what makes the pixels unreadable
	frames                            []frame
	size                              int64  // of the file
	why                               string // the pixels are not read: refused
}

// slim lets go of what only the pixels need, and of names.
func (h *Header) slim() {
	if h.set != nil {
		h.why = h.refused()
	}
	h.set, h.Name, h.Institution = nil, "", ""
}

// A frame is the place and the scale of one frame.
type frame struct {
	position         []float64
	slope, intercept float64
}

// headBuffer is how much of a file is read at once for its header.
const headBuffer = 16 << 10

// ReadHeader reads the header of a file. What is no DICOM, or is cut off before its pixels,
// is a *format.Error.
func ReadHeader(path string) (Header, error) {
	h, in, err := open(path, headBuffer)
	if err != nil {
		return Header{}, err
	}
	return h, in.close()
}

// An input is a file that stands before its pixels.
type input struct {
	*decoder
	file *images.File
}

func (in *input) close() error { return in.file.Close() }

// open reads the header of a file and stays before its pixels.
func open(path string, buffer int) (Header, *input, error) {
	f, err := images.Open(path, buffer)
	if err != nil {
		return Header{}, nil, err
	}
	return begin(path, f, buffer)
}

// begin reads the header of an open file, which it closes if that fails.
func begin(path string, f *images.File, buffer int) (Header, *input, error) {
	d := &decoder{size: f.Size}
	if f.Packed {
		d.size = -1
	}
	var ok bool
	if d.in, ok = f.Reader.(*bufio.Reader); !ok {
		d.in = bufio.NewReaderSize(f.Reader, buffer)
	}
	h, err := d.header()
	if err != nil {
		f.Close()
		return Header{}, nil, failed(path, err)
	}
	h.size = f.Size
	if most := framesIn(f.Size, d.size < 0); h.Frames > most {
		h.wrong, h.Frames = "there are fewer pixels than rows, columns and frames say", 1
	}
	return h, &input{d, f}, nil
}

// framesIn is how many frames a file can hold: each has a bit at least, and one that is
// worth reading has more pixels than the axis of frames has room for.
func framesIn(size int64, packed bool) int {
	const most, unpacks = 1 << 17, 1032 // DEFLATE's largest ratio
	if packed {
		size = min(size, most) * unpacks
	}
	return int(min(8*min(size, most), most))
}

// errNone is of a file that is no DICOM.
var errNone = errors.New("this does not begin like a DICOM file")

func failed(path string, err error) error {
	var fe *format.Error
	switch {
	case errors.As(err, &fe), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, errNone):
		return &format.Error{File: path, Text: err.Error(), Mend: "export it again as a DICOM part 10 file, or take it out of the folder"}
	case errors.Is(err, errCharset):
		return &format.Error{File: path, Text: err.Error(), Mend: "convert it to UTF-8 (ISO_IR 192)"}
	case errors.Is(err, errCut), errors.Is(err, errItem), errors.Is(err, errDepth), errors.Is(err, errLong), errors.Is(err, errLarge), errors.Is(err, errItems):
		return &format.Error{File: path, Text: "the data set is broken: " + err.Error(), Mend: "copy or export the file again"}
	}
	return &format.Error{File: path, Text: "the file cannot be read", Mend: "check the disk, or copy the file again", Cause: err}
}

// header reads the file meta information and the data set up to the pixels.
func (d *decoder) header() (Header, error) {
	if err := d.begin(); err != nil {
		return Header{}, err
	}
	set := &dataSet{order: d.order}
	pixels, err := d.walk(set, -1, 0, func(t tag) bool { return t >= floatPixels && t <= pixelData })
	if err != nil {
		return Header{}, err
	}
	set.text = charsetOf(set.ascii(characterSet))
	h := Header{TransferSyntax: onlyUID(d.syntax), set: set}
	if pixels != nil {
		h.pixels, h.HasPixels = *pixels, true
	}
	return h, h.fill()
}

// onlyUID is a UID; what is none is not repeated, as it may be anything.
func onlyUID(s string) string {
	if s != "" && !uid(s) {
		return "no UID"
	}
	return s
}

// begin finds out how the data set is written and goes to its first element (PS3.10
// section 7.1). Files without preamble, and those that do not name their transfer syntax,
// are known by their first element.
func (d *decoder) begin() error {
	d.order = binary.LittleEndian
	head, err := d.in.Peek(132 + 8)
	if err != nil && err != io.EOF {
		return err
	}
	magic := len(head) >= 132 && string(head[128:132]) == "DICM"
	if magic {
		if err := d.skip(132); err != nil {
			return err
		}
	}
	if err := d.meta(); err != nil {
		return err
	}
	if d.syntax == deflated {
		d.in, d.size = bufio.NewReaderSize(flate.NewReader(d.in), headBuffer), -1
		d.at = 0
	}
	head, err = d.in.Peek(8)
	if len(head) < 8 {
		switch {
		case len(head) == 0 && magic && err == io.EOF:
			return nil // of file meta information alone
		case magic:
			return errCut
		}
		return errNone
	}
	implicit, big, ok := guess(head)
	d.implicit = implicit
	switch d.syntax {
	case "":
		if !ok && !magic {
			return errNone
		}
	case implicitLittle:
		big = false
	default: // explicit, whatever writers of implicit ones say: the letters tell
		big = d.syntax == explicitBig
	}
	if big {
		d.order = binary.BigEndian
	}
	return nil
}

// guess tells how a data set is written from its first element, which is of group 0008
// or a little above; ok is false if it does not look like one.
func guess(b []byte) (implicit, big, ok bool) {
	implicit = b[4] < 'A' || b[4] > 'Z' || b[5] < 'A' || b[5] > 'Z'
	little := binary.LittleEndian.Uint16(b)
	swapped := binary.BigEndian.Uint16(b)
	big = little > swapped
	group := min(little, swapped)
	return implicit, big, group >= 0x0004 && group <= 0x0020 && group%2 == 0 && (!implicit || binary.LittleEndian.Uint32(b[4:]) < 1<<16)
}

// meta reads the file meta information, group 0002, which is explicit little endian; its
// length is not trusted.
func (d *decoder) meta() error {
	set := &dataSet{order: d.order}
	for {
		b, err := d.in.Peek(8)
		if len(b) < 8 || binary.LittleEndian.Uint16(b) != 2 {
			if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
				return err
			}
			d.syntax = set.ascii(syntaxUID)
			return nil
		}
		d.implicit, _, _ = guess(b)
		e, err := d.next()
		if err != nil {
			return err
		}
		if err := d.content(set, e, 0, nil); err != nil {
			return err
		}
	}
}

// fill reads the attributes.
func (h *Header) fill() error {
	s := h.set
	h.SOPClass, h.Instance, h.Series, h.Study = s.ascii(sopClass), s.ascii(sopInstance), s.ascii(series), s.ascii(study)
	h.Modality, h.BurnedIn, h.Photometric = s.ascii(modality), s.ascii(burnedIn), s.ascii(photometric)
	for to, t := range map[*string]tag{&h.Patient: patientID, &h.Name: patientName, &h.Institution: institution} {
		text, err := s.words(t)
		if err != nil && t == patientID { // the others are of no use here
			return err
		}
		*to = text
	}
	maker, _ := s.words(manufacturer)
	kind, _ := s.words(model)
	h.Equipment = strings.TrimSpace(maker + " " + kind)
	h.Birth = date(s.ascii(birthDate))
	switch s.ascii(patientSex) {
	case "M":
		h.Sex = "male"
	case "F":
		h.Sex = "female"
	case "O":
		h.Sex = "other"
	}
	h.Time = h.when()
	if x := s.decimals(instanceNumber, 1); x != nil && math.Abs(x[0]) < 1<<31 {
		h.Number = int(x[0])
	}
	h.geometry()
	h.pixel()
	return nil
}

// pixel reads the attributes of the Image Pixel module (PS3.3 section C.7.6.3).
func (h *Header) pixel() {
	s := h.set
	h.Rows, _ = s.number(rows)
	h.Columns, _ = s.number(columns)
	h.Samples, _ = s.number(samplesPerPixel)
	h.Bits, _ = s.number(bitsAllocated)
	var told bool
	if h.Stored, told = s.number(bitsStored); !told {
		h.Stored = h.Bits
	}
	if h.High, told = s.number(highBit); !told {
		h.High = h.Stored - 1
	}
	signed, _ := s.number(representation)
	planar, _ := s.number(planarity)
	h.Signed, h.Planar = signed == 1, planar == 1
	h.Frames = 1
	if text := s.ascii(frameCount); text != "" {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 {
			h.wrong = "Number of Frames (0028,0008) is not a number"
			n = 1
		}
		h.Frames = n
	}
}

// sniff knows the magic, and a data set without it if the file is named .dcm.
func sniff(head []byte, name string) int {
	if len(head) >= 132 && bytes.Equal(head[128:132], []byte("DICM")) {
		return 100
	}
	if _, _, ok := guess(append(bytes.Clone(head[:min(len(head), 8)]), make([]byte, 8)...)); ok && strings.EqualFold(filepath.Ext(name), ".dcm") {
		return 60
	}
	return 0
}
