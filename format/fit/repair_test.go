package fit

import (
	"bytes"
	"encoding/binary"

	"github.com/muktihari/fit/kit/hash/crc16"
)

// repaired gives data a header with its size and a checksum that fits, so that the fuzzer
// reaches the messages.
func repaired(data []byte) []byte {
	if len(data) < 15 {
		return data
	}
	out := bytes.Clone(data)
	out[0] = 14
	copy(out[8:], ".FIT\x00\x00")
	body := out[14:]
	if len(body) > 2 {
		body = body[:len(body)-2]
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(body)))
	sum := crc16.New()
	sum.Write(out[:14+len(body)])
	return binary.LittleEndian.AppendUint16(out[:14+len(body)], sum.Sum16())
}
