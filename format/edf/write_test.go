package edf

import (
	"bytes"
	"fmt"
	"strings"
)

// A channel is a signal to write: value gives its digital values.
type channel struct {
	label, dimension  string
	physical, digital [2]float64
	samples           int
	value             func(record, k int) int
	lists             func(record int) string // of annotations, instead
}

// A file is what is written: per record so many seconds.
type file struct {
	patient, recording, day, clock, reserved string
	records                                  int
	counted                                  int // in the header, if not records; -1 is unknown
	seconds                                  string
	bytes                                    int // of a sample
	channels                                 []channel
}

// write writes a file as the papers of 1992 and 2003 say.
func (f file) write() []byte {
	var b bytes.Buffer
	put := func(s string, width int) {
		if len(s) > width {
			panic("a field is too long: " + s)
		}
		b.WriteString(s + strings.Repeat(" ", width-len(s)))
	}
	counted := f.records
	if f.counted != 0 {
		counted = f.counted
	}
	version := "0"
	if f.bytes == 3 {
		version = "\xffBIOSEMI"
	}
	put(version, 8)
	put(f.patient, 80)
	put(f.recording, 80)
	put(f.day, 8)
	put(f.clock, 8)
	put(fmt.Sprint(256*(1+len(f.channels))), 8)
	put(f.reserved, 44)
	put(fmt.Sprint(counted), 8)
	put(f.seconds, 8)
	put(fmt.Sprint(len(f.channels)), 4)
	each := func(width int, s func(c channel) string) {
		for _, c := range f.channels {
			put(s(c), width)
		}
	}
	each(16, func(c channel) string { return c.label })
	each(80, func(channel) string { return "" })
	each(8, func(c channel) string { return c.dimension })
	each(8, func(c channel) string { return fmt.Sprint(c.physical[0]) })
	each(8, func(c channel) string { return fmt.Sprint(c.physical[1]) })
	each(8, func(c channel) string { return fmt.Sprint(c.digital[0]) })
	each(8, func(c channel) string { return fmt.Sprint(c.digital[1]) })
	each(80, func(channel) string { return "" })
	each(8, func(c channel) string { return fmt.Sprint(c.samples) })
	each(32, func(channel) string { return "" })
	for r := range f.records {
		for _, c := range f.channels {
			if c.lists != nil {
				text := c.lists(r)
				b.WriteString(text + strings.Repeat("\x00", c.samples*f.bytes-len(text)))
				continue
			}
			for k := range c.samples {
				v := c.value(r, k)
				for i := range f.bytes {
					b.WriteByte(byte(v >> (8 * i)))
				}
			}
		}
	}
	return b.Bytes()
}

// annotated is a channel of annotations, of 120 bytes at least.
func annotated(lists func(record int) string) channel {
	return channel{label: "EDF Annotations", physical: [2]float64{-1, 1}, digital: [2]float64{-32768, 32767}, samples: 60, lists: lists}
}

// analog is a channel whose digital values are a tenth of a unit.
func analog(label, dimension string, samples int, value func(record, k int) int) channel {
	return channel{label: label, dimension: dimension, physical: [2]float64{-3276.8, 3276.7}, digital: [2]float64{-32768, 32767}, samples: samples, value: value}
}
