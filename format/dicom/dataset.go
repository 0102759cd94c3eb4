package dicom

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
)

// A dataSet is what is kept of a data set.
type dataSet struct {
	order  binary.ByteOrder
	values []value
	text   charset
}

// A value is an attribute's, as it stands in the file, or the items of a sequence.
type value struct {
	tag   tag
	data  []byte
	items []*dataSet
}

// The attributes that are read (PS3.6).
const (
	syntaxUID         tag = 0x00020010
	characterSet      tag = 0x00080005
	sopClass          tag = 0x00080016
	sopInstance       tag = 0x00080018
	studyDate         tag = 0x00080020
	seriesDate        tag = 0x00080021
	acquisitionDate   tag = 0x00080022
	contentDate       tag = 0x00080023
	acquisitionAt     tag = 0x0008002a
	studyTime         tag = 0x00080030
	seriesTime        tag = 0x00080031
	acquisitionTime   tag = 0x00080032
	contentTime       tag = 0x00080033
	modality          tag = 0x00080060
	manufacturer      tag = 0x00080070
	institution       tag = 0x00080080
	model             tag = 0x00081090
	patientName       tag = 0x00100010
	patientID         tag = 0x00100020
	birthDate         tag = 0x00100030
	patientSex        tag = 0x00100040
	thickness         tag = 0x00180050
	between           tag = 0x00180088
	study             tag = 0x0020000d
	series            tag = 0x0020000e
	instanceNumber    tag = 0x00200013
	position          tag = 0x00200032
	orientation       tag = 0x00200037
	planePosition     tag = 0x00209113
	planeOrientation  tag = 0x00209116
	samplesPerPixel   tag = 0x00280002
	photometric       tag = 0x00280004
	planarity         tag = 0x00280006
	frameCount        tag = 0x00280008
	rows              tag = 0x00280010
	columns           tag = 0x00280011
	pixelSpacing      tag = 0x00280030
	bitsAllocated     tag = 0x00280100
	bitsStored        tag = 0x00280101
	highBit           tag = 0x00280102
	representation    tag = 0x00280103
	burnedIn          tag = 0x00280301
	intercept         tag = 0x00281052
	slope             tag = 0x00281053
	redTable          tag = 0x00281101 // descriptor; green and blue follow
	redData           tag = 0x00281201 // likewise
	modalityTable     tag = 0x00283000
	tableDescriptor   tag = 0x00283002
	tableData         tag = 0x00283006
	pixelMeasures     tag = 0x00289110
	valueTransform    tag = 0x00289145
	frameOffsets      tag = 0x3004000c
	sharedGroups      tag = 0x52009229
	perFrameGroups    tag = 0x52009230
	floatPixels       tag = 0x7fe00008
	doublePixels      tag = 0x7fe00009
	pixelData         tag = 0x7fe00010
	imagerSpacing     tag = 0x00181164
	transferSyntaxEnd tag = 0x00030000
)

// keep says which values are kept.
func keep(t tag) bool {
	switch t {
	case syntaxUID, characterSet, sopClass, sopInstance, studyDate, seriesDate, acquisitionDate, contentDate, acquisitionAt, studyTime,
		seriesTime, acquisitionTime, contentTime, modality, manufacturer, institution, model, patientName, patientID, birthDate, patientSex,
		thickness, between, imagerSpacing, study, series, instanceNumber, position, orientation, samplesPerPixel, photometric, planarity,
		frameCount, rows, columns, pixelSpacing, bitsAllocated, bitsStored, highBit, representation, burnedIn, intercept, slope,
		redTable, redTable + 1, redTable + 2, redData, redData + 1, redData + 2, tableDescriptor, tableData, frameOffsets:
		return true
	}
	return false
}

// inside says which sequences are looked into.
func inside(t tag) bool {
	switch t {
	case modalityTable, sharedGroups, perFrameGroups, planePosition, planeOrientation, pixelMeasures, valueTransform:
		return true
	}
	return false
}

// find is the first value of an attribute; nil where there is none.
func (s *dataSet) find(t tag) *value {
	if s == nil {
		return nil
	}
	for i := range s.values {
		if s.values[i].tag == t {
			return &s.values[i]
		}
	}
	return nil
}

// bytes is a value as it stands in the file.
func (s *dataSet) bytes(t tag) []byte {
	if v := s.find(t); v != nil {
		return v.data
	}
	return nil
}

// first is the first item of a sequence.
func (s *dataSet) first(t tag) *dataSet {
	if v := s.find(t); v != nil && len(v.items) > 0 {
		return v.items[0]
	}
	return nil
}

// ascii is a text of the default repertoire: UIDs, codes, dates, numbers.
func (s *dataSet) ascii(t tag) string { return trim(string(s.bytes(t))) }

// words is a text in the character set of the data set.
func (s *dataSet) words(t tag) (string, error) {
	text, err := s.text.decode(s.bytes(t))
	return trim(text), err
}

// trim drops the padding of a value (PS3.5 section 6.2).
func trim(s string) string { return strings.Trim(s, " \x00") }

// number is an unsigned 16-bit value.
func (s *dataSet) number(t tag) (int, bool) {
	if b := s.bytes(t); len(b) >= 2 {
		return int(s.order.Uint16(b)), true
	}
	return 0, false
}

// decimals are the numbers of a DS or IS with values parted by backslashes; nil if there
// are not n, or n is 0 and there are none.
func (s *dataSet) decimals(t tag, n int) []float64 {
	text := s.ascii(t)
	if text == "" {
		return nil
	}
	parts := strings.Split(text, `\`)
	if n > 0 && len(parts) != n {
		return nil
	}
	out := make([]float64, len(parts))
	for i, p := range parts {
		x, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
		out[i] = x
	}
	return out
}

// words16 are values of 16 bits.
func (s *dataSet) words16(t tag) []uint16 {
	b := s.bytes(t)
	out := make([]uint16, len(b)/2)
	for i := range out {
		out[i] = s.order.Uint16(b[2*i:])
	}
	return out
}
