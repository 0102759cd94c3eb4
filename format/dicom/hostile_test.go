package dicom

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"
)

// explicit is an element in explicit VR little endian.
func explicit(t tag, vr, data string) string {
	b := binary.LittleEndian.AppendUint16(nil, uint16(t>>16))
	b = append(binary.LittleEndian.AppendUint16(b, uint16(t)), vr...)
	if long(vr) {
		b = binary.LittleEndian.AppendUint32(append(b, 0, 0), uint32(len(data)))
	} else {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(data)))
	}
	return string(b) + data
}

// A small file can tell of two thousand million frames, or unfold to millions of items:
// neither is held.
func TestManyFrames(t *testing.T) {
	size := explicit(patientID, "LO", "p1") + explicit(samplesPerPixel, "US", "\x01\x00") + explicit(photometric, "CS", "MONOCHROME2 ")
	grid := explicit(rows, "US", "\x01\x00") + explicit(columns, "US", "\x01\x00") + explicit(bitsAllocated, "US", "\x08\x00")
	pixels := explicit(pixelData, "OW", strings.Repeat("\x00", 100))
	part10 := func(syntax, set string) []byte {
		return []byte(strings.Repeat("\x00", 128) + "DICM" + explicit(syntaxUID, "UI", syntax) + set)
	}
	var packed bytes.Buffer
	z, _ := flate.NewWriter(&packed, flate.BestSpeed)
	items := strings.Repeat("\xfe\xff\x00\xe0\x00\x00\x00\x00", 3<<20)
	z.Write([]byte(size + grid + explicit(perFrameGroups, "SQ", items) + pixels))
	z.Close()
	for says, b := range map[string][]byte{
		"fewer pixels than rows, columns and frames": part10(explicitLittle+"\x00", size+explicit(frameCount, "IS", "2000000000")+grid+pixels),
		"more than a million items":                  part10(deflated, packed.String()),
		"not known (no UID)":                         part10("Mary Smith", size+grid+pixels),
	} {
		path := put(t, t.TempDir(), "x.dcm", b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Read(t.Context(), path)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "Smith") {
			t.Errorf("%v, want %q", err, says)
		}
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 400 {
			t.Errorf("%s: took %d MiB", says, took)
		}
	}
}
