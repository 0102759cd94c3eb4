package bed

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/genotype"
)

// magic begins a file that is variant by variant; the third byte is 0 of the other order.
const magic = "\x6c\x1b\x01"

// A File is an open set of .bed, .bim and .fam. It may be read by several at once, until
// it is closed.
type File struct {
	path   string
	data   []byte // the .bed, mapped
	bim    *bim
	info   genotype.Info
	stride int // bytes of a variant
}

// Open maps the .bed at path and the .bim and .fam beside it. What is wrong with them is a
// *format.Error.
func Open(path string) (*File, error) {
	f := &File{path: path}
	if err := f.open(); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (f *File) open() error {
	data, err := mapped(f.path)
	if err != nil {
		return err
	}
	f.data = data
	if err := f.header(); err != nil {
		return err
	}
	fam, ok := beside(f.path, ".fam")
	if !ok {
		return f.alone(".fam")
	}
	samples, notes, err := readFam(fam)
	if err != nil {
		return err
	}
	bim, ok := beside(f.path, ".bim")
	if !ok {
		return f.alone(".bim")
	}
	if f.bim, err = openBim(bim); err != nil {
		return err
	}
	f.stride = (len(samples) + 3) / 4
	f.info = genotype.Info{Samples: samples, Variants: int64(f.bim.lines), Notes: notes}
	if want := int64(len(magic)) + int64(f.bim.lines)*int64(f.stride); int64(len(f.data)) != want {
		return f.wrong(fmt.Sprintf("the file has %d bytes, and %d variants of %d samples take %d", len(f.data), f.bim.lines, len(samples), want),
			"copy .bed, .bim and .fam again from the same place: one of them is of another set, or the .bed is not whole")
	}
	return nil
}

// header checks the first bytes: guarded, as any page of a mapped file.
func (f *File) header() error {
	return f.guard(func() error {
		switch {
		case strings.EqualFold(filepath.Ext(f.path), ".bim"), strings.EqualFold(filepath.Ext(f.path), ".fam"):
			return f.wrong("this file belongs to a .bed", "name the .bed that lies beside it")
		case len(f.data) < len(magic) || string(f.data[:2]) != magic[:2] || f.data[2] > magic[2]:
			return f.wrong("this is no genotype file of PLINK: its first bytes are others", "name a .bed that PLINK wrote; interval files of that name hold no genotypes")
		case f.data[2] != magic[2]:
			return f.wrong("this file is sample by sample (individual-major), as early versions of PLINK wrote it", "write it again with PLINK 1.9: plink1.9 --bfile NAME --make-bed")
		case !strings.EqualFold(filepath.Ext(f.path), ".bed"):
			return f.wrong("the name of this genotype file does not end in .bed, so its .bim and .fam cannot be found", "name it NAME.bed beside NAME.bim and NAME.fam")
		}
		return nil
	})
}

func (f *File) wrong(text, mend string) error {
	return &format.Error{File: f.path, Text: text, Mend: mend}
}

func (f *File) alone(ext string) error {
	name := strings.TrimSuffix(filepath.Base(f.path), filepath.Ext(f.path)) + ext
	return f.wrong(fmt.Sprintf("there is no %s beside this file", name), "put .bed, .bim and .fam of one set into one folder, with the same name")
}

// beside is the file of the same name with another ending, if there is one.
func beside(path, ext string) (string, bool) {
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	for _, p := range [2]string{stem + ext, stem + strings.ToUpper(ext)} {
		if _, err := os.Stat(p); err == nil {
			return p, true
		}
	}
	return "", false
}

// Info is what the files say; neither build nor reference alleles are among it.
func (f *File) Info() genotype.Info { return f.info }

// Variants is the number of variants.
func (f *File) Variants() int { return int(f.info.Variants) }

// Variant is the one of line i of the .bim, from 0: Alt is A1, Ref is A2.
func (f *File) Variant(i int) (genotype.Variant, error) {
	if err := f.usable(i); err != nil {
		return genotype.Variant{}, err
	}
	line, err := f.bim.line(i)
	if err != nil {
		return genotype.Variant{}, err
	}
	v, err := parseVariant(line)
	if err != nil {
		return v, f.bim.wrong(i, err)
	}
	return v, nil
}

// Calls reads the calls of variant i into c, whose memory is used again.
func (f *File) Calls(i int, c *genotype.Calls) error {
	return f.codes(i, func(codes []byte, n int) { decode(c, codes, n) })
}

// Counts counts the genotypes of variant i where they lie.
func (f *File) Counts(i int) (out genotype.Counts, err error) {
	err = f.codes(i, func(codes []byte, n int) { out = count(codes, n) })
	return out, err
}

// codes has the codes of variant i looked at, of n samples.
func (f *File) codes(i int, look func(codes []byte, n int)) error {
	if err := f.usable(i); err != nil {
		return err
	}
	at, n := len(magic)+i*f.stride, len(f.info.Samples)
	return f.guard(func() error {
		codes := f.data[at : at+f.stride]
		if over := n % 4; over != 0 && codes[len(codes)-1]>>(2*over) != 0 { // padding is 0
			return f.wrong(fmt.Sprintf("variant %d has calls of more samples than the .fam lists", i+1), "copy .bed and .fam again from the same place: the .fam is not whole")
		}
		look(codes, n)
		return nil
	})
}

func (f *File) usable(i int) error {
	if f.data == nil {
		return f.wrong("the file is closed", "")
	}
	if i < 0 || i >= f.Variants() {
		return f.wrong(fmt.Sprintf("there is no variant %d of %d", i+1, f.Variants()), "")
	}
	return nil
}

// guard turns the fault of a page that cannot be read into an error.
func (f *File) guard(read func() error) error { return guard(f.path, read) }

func guard(path string, read func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch r := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			err = &format.Error{File: path, Text: "the file cannot be read to its end: it was cut while it was read, or the disk fails", Mend: "check the disk, and leave files alone while they are read"}
		default:
			panic(r)
		}
	}()
	return read()
}

// Close lets go of the files; what was read of them stays. A second Close does nothing.
func (f *File) Close() error {
	data := f.data
	f.data = nil
	var err error
	if data != nil {
		err = unmap(data)
	}
	if f.bim != nil {
		if e := f.bim.close(); err == nil {
			err = e
		}
	}
	return err
}

// mapped maps a file that is there and not empty.
func mapped(path string) ([]byte, error) {
	file, err := format.OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && int64(int(info.Size())) != info.Size() {
		return nil, &format.Error{File: path, Text: "the file is larger than this machine can address", Mend: "use a machine of 64 bits"}
	}
	var data []byte
	if err == nil {
		data, err = mapFile(file, int(info.Size()))
	}
	if err != nil {
		return nil, &format.Error{File: path, Text: "the file cannot be mapped", Mend: "check the disk", Cause: err}
	}
	return data, nil
}
