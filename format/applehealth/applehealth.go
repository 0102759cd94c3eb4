// Package applehealth reads what the Health app of an iPhone exports: export.xml, or the
// archive export.zip that holds it.
//
// It serves package dataset through the shell of recordings. It reads the records of
// steps, distance, energy, floors, heart rate, sleep, weight, blood pressure, oxygen,
// glucose, temperature and exercise, and the birth date and sex of the person; the others
// are left out, and counted in a note. Times are those of the clock on the wall where the
// record was made.
//
// It refuses a file that is cut off, records without what they must have, and units that
// it does not know. Exports have gigabytes, so the XML is cut into tags here, without
// text, names of its own and entities: nothing is ever expanded (tags.go).
package applehealth

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/format/internal/recording"
)

// New returns the format.
func New() format.Format { return recording.Format{Decoder: decoder{}} }

type decoder struct{}

// Name is "applehealth".
func (decoder) Name() string { return "applehealth" }

const zipMagic = "PK\x03\x04"

// Sniff looks for the root of the document, and in an archive for its first name.
func (decoder) Sniff(head []byte, filename string) int {
	if bytes.HasPrefix(head, []byte(zipMagic)) {
		const nameAt = 30 // of the first entry (APPNOTE 6.3.10, 4.3.7)
		if len(head) > nameAt && bytes.HasPrefix(head[nameAt:], []byte("apple_health_export/")) {
			return 97
		}
		return 0
	}
	head = recording.Unpacked(head)
	if start := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"); !bytes.HasPrefix(start, []byte("<")) {
		return 0
	}
	if bytes.Contains(head, []byte("<HealthData")) || bytes.Contains(head, []byte("<!DOCTYPE HealthData")) {
		return 97
	}
	return 0
}

// Person reads the element Me, which stands before the records.
func (decoder) Person(ctx context.Context, path string) (recording.Person, error) {
	in, err := open(ctx, path)
	if err != nil {
		return recording.Person{}, err
	}
	defer in.Close()
	t := newTags(path, in)
	for {
		name, err := t.next()
		if err == io.EOF || err == nil && name == record {
			return recording.Person{}, nil
		}
		if err != nil {
			return recording.Person{}, err
		}
		if name == me {
			return personOf(t)
		}
	}
}

func personOf(t *tags) (recording.Person, error) {
	p := recording.Person{Birth: string(t.get("HKCharacteristicTypeIdentifierDateOfBirth"))}
	if p.Birth != "" {
		if _, ok := format.ParseTime(p.Birth, format.ISODate); !ok {
			return p, t.fail("Me", "the date of birth is no date", "export it again")
		}
	}
	switch string(t.get("HKCharacteristicTypeIdentifierBiologicalSex")) {
	case "HKBiologicalSexFemale":
		p.Sex = "female"
	case "HKBiologicalSexMale":
		p.Sex = "male"
	case "HKBiologicalSexOther":
		p.Sex = "other"
	}
	return p, nil
}

// Decode reads the records.
func (decoder) Decode(ctx context.Context, path string, emit func(patient string, s activity.Sample) error) error {
	in, err := open(ctx, path)
	if err != nil {
		return err
	}
	defer in.Close()
	r := &reader{ctx: ctx, tags: newTags(path, in), sources: map[string]uint16{}, emit: emit}
	return r.read()
}

// open opens export.xml, in its archive or alone.
func open(ctx context.Context, path string) (io.ReadCloser, error) {
	in, err := recording.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	start := make([]byte, len(zipMagic))
	n, err := io.ReadFull(in, start)
	if err != nil && err != io.ErrUnexpectedEOF {
		in.Close()
		return nil, err
	}
	if string(start[:n]) != zipMagic {
		return &rest{io.MultiReader(bytes.NewReader(start[:n]), in), in}, nil
	}
	in.Close()
	return openZip(ctx, path)
}

type rest struct {
	io.Reader
	io.Closer
}

// openZip opens export.xml in an archive, whatever its name is in the language of the
// telephone: it is the document whose root is HealthData.
func openZip(ctx context.Context, name string) (io.ReadCloser, error) {
	f, err := format.OpenFile(name)
	if err != nil {
		return nil, err
	}
	in, err := inZip(ctx, name, f)
	if err != nil {
		f.Close()
		if ended := ctx.Err(); ended != nil {
			return nil, ended
		}
		return nil, err
	}
	return in, nil
}

func inZip(ctx context.Context, name string, f *os.File) (io.ReadCloser, error) {
	damaged := func(cause error) error {
		return &format.Error{File: name, Text: "the archive is cut off or damaged", Mend: "export it again", Cause: cause}
	}
	info, err := f.Stat()
	if err != nil {
		return nil, damaged(err)
	}
	archive, err := zip.NewReader(recording.CountedAt(ctx, f), info.Size())
	if err != nil {
		return nil, damaged(err)
	}
	for _, entry := range archive.File {
		if strings.ToLower(path.Ext(entry.Name)) != ".xml" || strings.Contains(path.Base(entry.Name), "_cda") {
			continue
		}
		in, err := entry.Open()
		if err != nil {
			return nil, damaged(err)
		}
		head := make([]byte, 64<<10)
		n, err := io.ReadFull(in, head)
		if err != nil && err != io.ErrUnexpectedEOF {
			in.Close()
			return nil, damaged(err)
		}
		if (decoder{}).Sniff(head[:n], entry.Name) > 0 {
			return &rest{io.MultiReader(bytes.NewReader(head[:n]), &entryReader{ctx, name, in}), closers{in, f}}, nil
		}
		in.Close()
	}
	return nil, &format.Error{File: name, Text: "the archive holds no export of the Health app", Mend: "export it again"}
}

// entryReader names the archive in an error of an entry.
type entryReader struct {
	ctx  context.Context
	name string
	in   io.Reader
}

func (r *entryReader) Read(b []byte) (int, error) {
	n, err := r.in.Read(b)
	if err == nil || err == io.EOF {
		return n, err
	}
	if ended := r.ctx.Err(); ended != nil {
		return n, ended
	}
	return n, &format.Error{File: r.name, Text: "the archive is cut off or damaged", Mend: "export it again", Cause: err}
}

type closers []io.Closer

func (c closers) Close() error {
	var all []error
	for _, one := range c {
		all = append(all, one.Close())
	}
	return errors.Join(all...)
}
