package fit

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"

	"github.com/muktihari/fit/decoder"
	"github.com/muktihari/fit/kit/hash/crc16"

	"hmsp.center/hmsp/format/internal/recording"
)

func check(ctx context.Context, path string) error {
	f, err := recording.Open(ctx, path)
	if err != nil {
		return err
	}
	defer f.Close()
	return whole(ctx, path, f)
}

// whole checks that a file is complete and unchanged: a chain of sequences, each of a
// header, as many bytes as it says, and their checksum (FIT protocol, sections File Header
// and CRC).
//
// The checksum is over header and data. The library leaves out a header without a checksum
// of its own, and would refuse the whole files of such devices; so it is told to check none.
func whole(ctx context.Context, path string, r io.Reader) error {
	in := bufio.NewReaderSize(r, 1<<16)
	sum := crc16.New()
	buffer := make([]byte, 1<<16)
	for first := true; ; first = false {
		if _, err := in.Peek(1); err == io.EOF && !first {
			return nil
		}
		data, err := header(in, sum)
		if err != nil {
			return refusal(path, err)
		}
		for data > 0 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			part := buffer[:min(data, int64(len(buffer)))]
			if _, err := io.ReadFull(in, part); err != nil {
				return refusal(path, err)
			}
			sum.Write(part)
			data -= int64(len(part))
		}
		if _, err := io.ReadFull(in, buffer[:2]); err != nil {
			return refusal(path, err)
		}
		if binary.LittleEndian.Uint16(buffer) != sum.Sum16() {
			return refusal(path, decoder.ErrCRCChecksumMismatch)
		}
	}
}

// header reads a file header into the sum and says how many bytes of data follow it.
func header(in io.Reader, sum interface {
	io.Writer
	Sum16() uint16
	Reset()
}) (data int64, err error) {
	var h [14]byte
	if _, err := io.ReadFull(in, h[:1]); err != nil {
		return 0, err
	}
	size := int(h[0])
	if size != 12 && size != 14 {
		return 0, decoder.ErrNotFITFile
	}
	if _, err := io.ReadFull(in, h[1:size]); err != nil {
		return 0, err
	}
	data = int64(binary.LittleEndian.Uint32(h[4:]))
	if string(h[8:12]) != ".FIT" || data == 0 {
		return 0, decoder.ErrNotFITFile
	}
	sum.Reset()
	sum.Write(h[:12])
	if own := binary.LittleEndian.Uint16(h[12:]); size == 14 && own != 0 && own != sum.Sum16() {
		return 0, decoder.ErrCRCChecksumMismatch
	}
	sum.Write(h[12:size])
	return data, nil
}
