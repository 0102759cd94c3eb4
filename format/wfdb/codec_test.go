package wfdb

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// pack writes samples in a format of signal(5).
func pack(format int, samples []int64) []byte {
	var out []byte
	for i := 0; i < len(samples); {
		v := samples[i]
		next := func(k int) uint32 {
			if i+k < len(samples) {
				return uint32(samples[i+k])
			}
			return 0
		}
		n := 1
		switch format {
		case 16:
			out = binary.LittleEndian.AppendUint16(out, uint16(v))
		case 61:
			out = binary.BigEndian.AppendUint16(out, uint16(v))
		case 24:
			out = append(out, byte(v), byte(v>>8), byte(v>>16))
		case 32:
			out = binary.LittleEndian.AppendUint32(out, uint32(v))
		case 80:
			out = append(out, byte(v+128))
		case 160:
			out = binary.LittleEndian.AppendUint16(out, uint16(v+32768))
		case 212:
			a, b := next(0)&0xfff, next(1)&0xfff
			out, n = append(out, byte(a), byte(a>>8)|byte(b>>8<<4), byte(b)), 2
			if i+1 == len(samples) {
				out = out[:len(out)-1]
			}
		case 310:
			a, b, c := next(0)&0x3ff, next(1)&0x3ff, next(2)&0x3ff
			low, high := a<<1|c&0x1f<<11, b<<1|c>>5<<11
			out, n = append(out, byte(low), byte(low>>8), byte(high), byte(high>>8)), 3
		case 311:
			u := next(0)&0x3ff | next(1)&0x3ff<<10 | next(2)&0x3ff<<20
			out, n = binary.LittleEndian.AppendUint32(out, u), 3
		}
		i += n
	}
	return out
}

func bits(format int) int {
	return map[int]int{16: 16, 61: 16, 24: 24, 32: 32, 80: 8, 160: 16, 212: 12, 310: 10, 311: 10}[format]
}

// What is packed as signal(5) says is unpacked again, and the lowest number stands for none.
func TestCodecs(t *testing.T) {
	for _, format := range []int{16, 61, 24, 32, 80, 160, 212, 310, 311} {
		t.Run(fmt.Sprint(format), func(t *testing.T) {
			half := int64(1) << (bits(format) - 1)
			rapid.Check(t, func(t *rapid.T) {
				want := rapid.SliceOfN(rapid.Int64Range(-half, half-1), 1, 40).Draw(t, "samples")
				codec, in := codecOf(format), bufio.NewReader(bytes.NewReader(pack(format, want)))
				for i, w := range want {
					got, missing, err := codec.next(in)
					if err != nil || got != w || missing != (w == -half) {
						t.Fatalf("sample %d: %d %t %v, want %d", i, got, missing, err, w)
					}
				}
			})
		})
	}
}

// The signals of record 100 are those that numpy unpacks.
func TestNumpy(t *testing.T) {
	python, err := exec.LookPath("/usr/bin/python3")
	if err != nil {
		t.Skip("python3 is not here")
	}
	dir := real(t)
	script := "import numpy as np,sys\nb=np.fromfile(sys.argv[1],np.uint8).reshape(-1,3).astype(np.int32)\n" +
		"a=b[:,0]|(b[:,1]&15)<<8\nc=b[:,2]|(b[:,1]>>4)<<8\nx=np.stack([a,c],1).astype(np.int32)\nx[x>2047]-=4096\nsys.stdout.buffer.write(x.astype('<i2').tobytes())\n"
	want, err := exec.CommandContext(t.Context(), python, "-c", script, filepath.Join(dir, "100.dat")).Output()
	if err != nil {
		t.Skip("numpy is not here")
	}
	data, err := os.ReadFile(filepath.Join(dir, "100.dat"))
	if err != nil {
		t.Fatal(err)
	}
	codec, in := codecOf(212), bufio.NewReader(bytes.NewReader(data))
	n := 0
	for ; ; n++ {
		v, _, err := codec.next(in)
		if err == io.EOF {
			break
		}
		if err != nil || int16(v) != int16(binary.LittleEndian.Uint16(want[2*n:])) {
			t.Fatalf("sample %d: %d, %v", n, v, err)
		}
	}
	if n != 1300000 || len(want) != 2*n {
		t.Errorf("%d samples, want 1300000", n)
	}
}

// record writes a record of two signals, whose second is the first upside down.
func record(t testing.TB, format int, samples []int64) string {
	dir := t.TempDir()
	var frames []int64
	sum := int64(0)
	for _, v := range samples {
		frames = append(frames, v, -v)
		sum += v
	}
	header := fmt.Sprintf("r 2 100 %d\nr.dat %d 100/mV 12 0 0 %d 0 ECG\nr.dat %d 100/mV 12 0 0 %d 0 V5\n", len(samples), format, int16(sum), format, int16(-sum))
	for name, data := range map[string][]byte{"r.hea": []byte(header), "r.dat": pack(format, frames)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "r.hea")
}

// A record is read in every format, and its checksum refuses another sample in any of them.
func TestFormats(t *testing.T) {
	samples := make([]int64, 500)
	for i := range samples {
		samples[i] = int64(i%97) + 3
	}
	for _, format := range []int{16, 61, 24, 32, 80, 160, 212, 310, 311} {
		path := record(t, format, samples)
		if _, err := read(t.Context(), path); err != nil {
			t.Errorf("format %d: %v", format, err)
		}
		dat := strings.TrimSuffix(path, "hea") + "dat"
		data, err := os.ReadFile(dat)
		if err != nil {
			t.Fatal(err)
		}
		for what, damaged := range map[string][]byte{"cut": data[:len(data)-5], "longer": append(bytes.Clone(data), 1, 2, 3, 4, 5, 6, 7, 8), "changed": append([]byte{data[0] ^ 2}, data[1:]...)} {
			if err := os.WriteFile(dat, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := read(t.Context(), path)
			refused(t, what, err)
		}
	}
}
