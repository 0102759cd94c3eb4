package dicom

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"hmsp.center/hmsp/radiomics"
	"hmsp.center/hmsp/table"
)

// A Scan is a volume to be written as a series of CT or MR images, an instance a slice.
type Scan struct {
	Patient     string // PatientID; the name is written alike
	Birth       string // "1980-05-17"; "" where not known
	Sex         string // as package format writes it
	Modality    string // "CT" or "MR"
	Study       string // UIDs; those of the instances are made from Series
	Series      string
	Description string          // of the series
	Time        int64           // of the acquisition: seconds of wall-clock time, or table.NoTime
	Image       radiomics.Image // slices, rows and columns of whole numbers from -32768 to 32767
	Origin      [3]float64      // mm: the patient's x, y, z of the first voxel; rows run along x, columns along y
}

// UID makes a unique identifier of texts, always the same one of the same texts: a UUID
// under 2.25 (PS3.5 section B.2).
func UID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	id := sum[:16]
	id[6] = id[6]&0x0f | 0x80 // version 8, RFC 9562 section 5.8
	id[8] = id[8]&0x3f | 0x80
	return "2.25." + new(big.Int).SetBytes(id).String()
}

// WriteSeries writes a scan, each slice to the file that create gives for its name
// ("0001.dcm").
func WriteSeries(s Scan, create func(name string) (io.WriteCloser, error)) error {
	for k := range s.slices() {
		w, err := create(fmt.Sprintf("%04d.dcm", k+1))
		if err != nil {
			return err
		}
		if err := errors.Join(Write(w, s, k), w.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (s Scan) slices() int {
	if len(s.Image.Shape) != 3 {
		return 1 // Write refuses it
	}
	return s.Image.Shape[0]
}

// Write writes slice k of a scan, from 0, as a CT or MR Image Storage instance in explicit
// VR little endian (PS3.3 sections A.3 and A.4, PS3.10 section 7.1). A scan that is none
// is an error.
func Write(w io.Writer, s Scan, k int) error {
	class, err := s.check(k)
	if err != nil {
		return err
	}
	instance := UID(s.Series, strconv.Itoa(k))
	meta := &encoder{}
	meta.put(0x00020001, "OB", "\x00\x01")
	meta.put(0x00020002, "UI", class)
	meta.put(0x00020003, "UI", instance)
	meta.put(0x00020010, "UI", explicitLittle)
	meta.put(0x00020012, "UI", UID("hmsp.center"))
	meta.put(0x00020013, "SH", "HMSP")
	head := &encoder{}
	head.Write(make([]byte, 128))
	head.WriteString("DICM")
	head.put(0x00020000, "UL", string(binary.LittleEndian.AppendUint32(nil, uint32(meta.Len()))))
	head.Write(meta.Bytes())
	s.attributes(head, class, instance, k)
	if err := s.pixels(head, k); err != nil {
		return err
	}
	_, err = w.Write(head.Bytes())
	return err
}

// check says the storage class of a scan that can be written.
func (s Scan) check(k int) (class string, err error) {
	m := s.Image
	if err := m.Check(); err != nil {
		return "", err
	}
	switch {
	case len(m.Shape) != 3 || m.Channels > 1:
		return "", errors.New("a scan has slices, rows and columns of one channel")
	case k < 0 || k >= m.Shape[0]:
		return "", errors.New("there is no such slice")
	case m.Shape[1] > math.MaxUint16 || m.Shape[2] > math.MaxUint16:
		return "", errors.New("a slice has more than 65535 rows or columns")
	case !uid(s.Study) || !uid(s.Series):
		return "", errors.New("a scan needs the UIDs of its study and its series")
	}
	for _, mm := range m.Spacing {
		if !(mm > 0) {
			return "", errors.New("a scan needs the spacing of its voxels")
		}
	}
	switch s.Modality {
	case "CT":
		return "1.2.840.10008.5.1.4.1.1.2", nil
	case "MR":
		return "1.2.840.10008.5.1.4.1.1.4", nil
	}
	return "", errors.New("only CT and MR are written")
}

// uid says whether a text is a unique identifier (PS3.5 section 9.1).
func uid(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "0123456789.") == ""
}

// attributes writes what comes before the pixels.
func (s Scan) attributes(e *encoder, class, instance string, k int) {
	m := s.Image
	day, clock := "", ""
	if s.Time != table.NoTime {
		at := time.Unix(s.Time, 0).UTC()
		day, clock = at.Format("20060102"), at.Format("150405")
	}
	birth := strings.ReplaceAll(s.Birth, "-", "")
	if date(birth) == "" {
		birth = ""
	}
	z := s.Origin[2] + float64(k)*m.Spacing[0]
	e.put(characterSet, "CS", "ISO_IR 192")
	e.put(0x00080008, "CS", `DERIVED\PRIMARY\AXIAL`)
	e.put(sopClass, "UI", class)
	e.put(sopInstance, "UI", instance)
	e.put(studyDate, "DA", day)
	e.put(seriesDate, "DA", day)
	e.put(acquisitionDate, "DA", day)
	e.put(contentDate, "DA", day)
	e.put(studyTime, "TM", clock)
	e.put(seriesTime, "TM", clock)
	e.put(acquisitionTime, "TM", clock)
	e.put(contentTime, "TM", clock)
	e.put(0x00080050, "SH", "") // accession number
	e.put(modality, "CS", s.Modality)
	e.put(manufacturer, "LO", "hmsp")
	e.put(0x00080090, "PN", "") // referring physician
	e.put(0x0008103e, "LO", s.Description)
	e.put(model, "LO", "simulated")
	e.put(patientName, "PN", s.Patient)
	e.put(patientID, "LO", s.Patient)
	e.put(birthDate, "DA", birth)
	e.put(patientSex, "CS", map[string]string{"male": "M", "female": "F", "other": "O"}[s.Sex])
	if s.Modality == "MR" {
		e.put(0x00180020, "CS", "RM") // scanning sequence: research mode
		e.put(0x00180021, "CS", "NONE")
		e.put(0x00180022, "CS", "")
		e.put(0x00180023, "CS", "3D")
	}
	e.put(thickness, "DS", decimal(m.Spacing[0]))
	if s.Modality == "CT" {
		e.put(0x00180060, "DS", "") // peak kilovoltage
	} else {
		e.put(0x00180080, "DS", "") // repetition time
		e.put(0x00180081, "DS", "") // echo time
	}
	e.put(between, "DS", decimal(m.Spacing[0]))
	if s.Modality == "MR" {
		e.put(0x00180091, "IS", "") // echo train length
	}
	e.put(study, "UI", s.Study)
	e.put(series, "UI", s.Series)
	e.put(0x00200010, "SH", "") // study ID
	e.put(0x00200011, "IS", "1")
	e.put(0x00200012, "IS", "1")
	e.put(instanceNumber, "IS", strconv.Itoa(k+1))
	e.put(position, "DS", decimal(s.Origin[0], s.Origin[1], z))
	e.put(orientation, "DS", `1\0\0\0\1\0`)
	e.put(0x00200052, "UI", UID(s.Series, "frame of reference"))
	e.put(0x00201040, "LO", "")
	e.put(samplesPerPixel, "US", short(1))
	e.put(photometric, "CS", "MONOCHROME2")
	e.put(rows, "US", short(m.Shape[1]))
	e.put(columns, "US", short(m.Shape[2]))
	e.put(pixelSpacing, "DS", decimal(m.Spacing[1], m.Spacing[2]))
	e.put(bitsAllocated, "US", short(16))
	e.put(bitsStored, "US", short(16))
	e.put(highBit, "US", short(15))
	e.put(representation, "US", short(1))
	if s.Modality == "CT" {
		e.put(intercept, "DS", "0")
		e.put(slope, "DS", "1")
		e.put(0x00281054, "LO", "HU")
	}
}

// pixels writes slice k.
func (s Scan) pixels(e *encoder, k int) error {
	n := s.Image.Shape[1] * s.Image.Shape[2]
	data := make([]byte, 0, 2*n)
	for _, v := range s.Image.Values[k*n : (k+1)*n] {
		x := math.RoundToEven(float64(v))
		if !(x >= math.MinInt16 && x <= math.MaxInt16) {
			return errors.New("an intensity does not fit 16 bits")
		}
		data = binary.LittleEndian.AppendUint16(data, uint16(int16(x)))
	}
	e.put(pixelData, "OW", string(data))
	return nil
}

// An encoder writes elements in explicit VR little endian (PS3.5 section 7.1.2), in the
// order in which they are put.
type encoder struct{ bytes.Buffer }

func (e *encoder) put(t tag, vr, v string) {
	if len(v)%2 == 1 {
		pad := " "
		if vr == "UI" || vr == "OB" {
			pad = "\x00"
		}
		v += pad
	}
	b := binary.LittleEndian.AppendUint16(nil, uint16(t>>16))
	b = binary.LittleEndian.AppendUint16(b, uint16(t))
	b = append(b, vr...)
	if long(vr) {
		b = binary.LittleEndian.AppendUint32(append(b, 0, 0), uint32(len(v)))
	} else {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(v)))
	}
	e.Write(b)
	e.WriteString(v)
}

func short(n int) string { return string(binary.LittleEndian.AppendUint16(nil, uint16(n))) }

// decimal are numbers of a DS, of 16 characters at most.
func decimal(x ...float64) string {
	out := make([]string, len(x))
	for i, v := range x {
		if out[i] = strconv.FormatFloat(v, 'f', -1, 64); len(out[i]) > 16 {
			out[i] = strconv.FormatFloat(v, 'g', 9, 64)
		}
	}
	return strings.Join(out, `\`)
}
