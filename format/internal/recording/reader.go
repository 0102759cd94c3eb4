package recording

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"slices"

	"hmsp.center/hmsp/activity"
	"hmsp.center/hmsp/format"
	"hmsp.center/hmsp/table"
)

// maxMemory is how much the samples of all people whose files are still being read may
// take. A person's year of everything is about 5 MB.
const maxMemory = 2 << 30

// A reader gives the rows of the people in a source, one after the other.
type reader struct {
	ctx      context.Context
	path     string
	decoder  Decoder
	options  format.Options
	files    []file // still to read
	size     int64
	before   int64 // bytes of the files that were read
	pass     *pass
	notes    []string
	copies   copies
	builders map[string]*builder

	people map[string]*person // whose files are still being read
	given  map[string]bool    // people whose rows were given
	rows   *person            // whose rows are being given
	ready  []string           // people to give after that one
	added  int                // samples since memory was measured

	done error
}

// A person is whose samples are gathered.
type person struct {
	patient   string
	about     Person
	samples   *activity.Accumulator
	named     bool // by a file itself
	summaries []activity.Summary
}

func newReader(ctx context.Context, d Decoder, s *source, builders map[string]*builder, o format.Options) *reader {
	p := &pass{notes: map[string]int{}}
	return &reader{ctx: context.WithValue(ctx, passKey{}, p), path: s.path, decoder: d, options: o, files: s.files, size: s.size, pass: p,
		notes: s.notes, builders: builders, people: map[string]*person{}, given: map[string]bool{}}
}

// Columns describes the columns of a table.
func (r *reader) Columns(table string) []format.Column {
	if b := r.builders[table]; b != nil {
		return b.columns
	}
	return nil
}

// Next reads files until a table has a batch.
func (r *reader) Next() (string, format.Batch, error) {
	for r.done == nil {
		if err := r.ctx.Err(); err != nil {
			r.done = err
			break
		}
		for _, table := range []string{format.PersonTable, format.MeasurementTable} {
			if b := r.builders[table]; b != nil && b.full(r.options) {
				return table, b.take(), nil
			}
		}
		if err := r.step(); err == io.EOF {
			return r.last()
		} else if err != nil {
			r.done = err
		}
	}
	return "", format.Batch{}, r.done
}

// last gives what is left in the builders.
func (r *reader) last() (string, format.Batch, error) {
	for _, table := range slices.Sorted(maps.Keys(r.builders)) {
		if b := r.builders[table]; b.batch.Rows > 0 {
			return table, b.take(), nil
		}
	}
	r.done = io.EOF
	return "", format.Batch{}, io.EOF
}

// step gives one row, or begins the rows of a person, or reads a file.
func (r *reader) step() error {
	switch {
	case r.rows != nil:
		r.give()
	case len(r.ready) > 0:
		r.begin(r.ready[0])
		r.ready = r.ready[1:]
	case len(r.files) > 0:
		return r.decode()
	case len(r.people) > 0:
		r.ready = slices.Sorted(maps.Keys(r.people))
	default:
		return io.EOF
	}
	return nil
}

// begin makes the rows of a person, and lets go of the samples.
func (r *reader) begin(patient string) {
	p := r.people[patient]
	delete(r.people, patient)
	r.given[patient] = true
	if b := r.builders[format.PersonTable]; b != nil {
		b.person(p)
	}
	if r.builders[format.MeasurementTable] != nil {
		p.summaries = p.samples.Summaries()
		r.rows = p
	}
	p.samples = nil
}

// give puts the next rows of a person into the batch.
func (r *reader) give() {
	b := r.builders[format.MeasurementTable]
	for ; len(r.rows.summaries) > 0 && !b.full(r.options); r.rows.summaries = r.rows.summaries[1:] {
		b.measurement(r.rows.patient, r.rows.summaries[0])
	}
	if len(r.rows.summaries) == 0 {
		r.rows = nil
	}
}

// decode reads the next file. The last of an owner ends that person, unless a file said
// that a sample is that person's: then another file may as well.
func (r *reader) decode() error {
	f := r.files[0]
	r.files = r.files[1:]
	if err := r.file(f); err != nil {
		return err
	}
	r.before += f.size
	r.pass.read.Store(r.before)
	if len(r.files) == 0 || r.files[0].owner != f.owner {
		if p := r.people[f.owner]; p != nil && !p.named {
			r.ready = append(r.ready, f.owner)
		}
	}
	return nil
}

func (r *reader) file(f file) error {
	own, other, err := r.copies.of(r, f)
	if err != nil {
		return err
	}
	if own {
		Note(r.ctx, copied)
		return nil
	}
	if d, ok := r.decoder.(Personal); ok {
		about, err := d.Person(r.ctx, f.path)
		if err != nil {
			return r.failed(f, err)
		}
		if about != (Person{}) {
			p, err := r.of(f, f.owner, false)
			if err != nil {
				return err
			}
			p.about = about
		}
	}
	var last *person // most samples are of the person of the one before
	var lastPatient string
	emitted, twice := false, false
	err = r.decoder.Decode(r.ctx, f.path, func(patient string, s activity.Sample) error {
		if other && patient != "" { // the person whom the file names is the same
			twice = true
			return nil
		}
		if last == nil || patient != lastPatient {
			of, err := patient, error(nil)
			if patient == "" {
				of = f.owner
			}
			if last, err = r.of(f, of, patient != ""); err != nil {
				return err
			}
			lastPatient = patient
		}
		emitted = true
		return r.add(last, s)
	})
	if err != nil {
		return r.failed(f, err)
	}
	switch {
	case twice:
		Note(r.ctx, copied)
	case !emitted:
		Note(r.ctx, "files without anything that is read")
	}
	return nil
}

const copied = "files that are copies of another are left out"

// of finds the person, of a name that the file gives or of its owner.
func (r *reader) of(f file, patient string, named bool) (*person, error) {
	if r.given[patient] {
		return nil, &format.Error{File: f.path, Text: "the file is of a person of whom another file of the folder was taken by its name",
			Mend: "keep files that say whose they are, and files that are named for their owner, in two folders"}
	}
	p := r.people[patient]
	if p == nil {
		p = &person{patient: patient, samples: activity.New()}
		r.people[patient] = p
	}
	p.named = p.named || named
	return p, nil
}

// add gives a sample to a person, and looks now and then how much memory that takes.
func (r *reader) add(p *person, s activity.Sample) error {
	const often = 1 << 16
	switch {
	case p.samples.Add(s):
	case s.Time == table.NoTime:
		Note(r.ctx, "readings without a time, which belong to no hour and no day, are left out")
	default:
		Note(r.ctx, "readings that no device can have made are left out")
	}
	if r.added++; r.added < often {
		return nil
	}
	r.added = 0
	size := 0
	for _, p := range r.people {
		size += p.samples.Size()
	}
	if size > maxMemory {
		return &format.Error{File: r.path, Text: "the recordings of all people in this source do not fit into memory", Mend: "keep a file, or a folder, for each person"}
	}
	return r.ctx.Err()
}

// failed is an error of a Decoder, with the file's name.
func (r *reader) failed(f file, err error) error {
	var known *format.Error
	if ended := r.ctx.Err(); ended != nil {
		return ended
	}
	if errors.As(err, &known) {
		return err
	}
	return &format.Error{File: f.path, Text: "the file cannot be read as " + r.decoder.Name(), Mend: "export it again", Cause: err}
}

// Notes says what was left out, when everything has been read.
func (r *reader) Notes() []string { return append(slices.Clone(r.notes), r.pass.told()...) }

// Progress is how many bytes of the files have been read.
func (r *reader) Progress() (read, of int64) { return min(r.pass.read.Load(), r.size), r.size }

// Close lets go of what was gathered.
func (r *reader) Close() error {
	r.done = os.ErrClosed
	r.people, r.rows, r.ready, r.files = nil, nil, nil, nil
	return nil
}
