package simulate

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"hmsp.center/hmsp/simulate/genome"
	"hmsp.center/hmsp/simulate/microbiome"
	"hmsp.center/hmsp/simulate/modality"
	"hmsp.center/hmsp/simulate/person"
	"hmsp.center/hmsp/simulate/record"
)

// batchPeople is how many people a goroutine makes at a time. What is written does
// not depend on it.
const batchPeople = 32

// A siteWriter writes one site in every layout.
type siteWriter struct {
	population *person.Population
	community  *microbiome.Community
	codes      *record.Codes
	site       *record.Site
	layouts    []placed
	owned      []string // the formats in which people have files of their own
	genomes    bool     // carriers are wanted
	dir        string

	carriers []genome.Carrier // of everybody, after run
}

// A batch is some people's bytes, for each file of each layout. Files of their own are
// written when it is made.
type batch struct {
	files    [][][]byte
	people   int
	counts   counts
	carriers []genome.Carrier
	err      error
}

// A job asks for the people from..to-1 and takes them back through done.
type job struct {
	from, to int
	done     chan *batch
}

// run makes batches on all processors and writes them in order. At most three
// batches for each processor are in memory.
func (w *siteWriter) run(ctx context.Context, written func(people int)) (counts, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	workers := runtime.GOMAXPROCS(0)
	jobs, order := make(chan job, workers), make(chan job, workers)
	pool := &sync.Pool{New: func() any { return w.batch() }}
	var wait sync.WaitGroup
	defer wait.Wait() // after stop: nobody is left waiting
	defer stop()
	wait.Go(func() {
		defer close(jobs)
		defer close(order)
		for from := 0; from < w.site.People; from += batchPeople {
			j := job{from, min(from+batchPeople, w.site.People), make(chan *batch, 1)}
			for _, c := range []chan job{order, jobs} {
				select {
				case c <- j:
				case <-ctx.Done():
					return
				}
			}
		}
	})
	for range workers {
		wait.Go(func() {
			m := record.NewMaker(w.population, w.codes, w.site)
			for j := range jobs {
				if ctx.Err() != nil {
					return
				}
				j.done <- w.make(ctx, m, j, pool.Get().(*batch))
			}
		})
	}
	return w.collect(ctx, order, pool, written)
}

func (w *siteWriter) batch() *batch {
	b := &batch{files: make([][][]byte, len(w.layouts))}
	for i, l := range w.layouts {
		b.files[i] = make([][]byte, len(l.Files()))
	}
	return b
}

func (w *siteWriter) make(ctx context.Context, m *record.Maker, j job, b *batch) *batch {
	for i := range b.files {
		for k := range b.files[i] {
			b.files[i][k] = b.files[i][k][:0]
		}
	}
	b.people, b.counts, b.carriers, b.err = j.to-j.from, newCounts(w.site), b.carriers[:0], nil
	for i := j.from; i < j.to && b.err == nil && ctx.Err() == nil; i++ {
		s := modality.NewSubject(m.Record(i), w.community)
		b.counts.count(s.Record)
		for k, l := range w.layouts {
			l.Append(b.files[k], s)
		}
		for _, name := range w.owned {
			b.err = errors.Join(b.err, w.own(name, s, &b.counts))
		}
		if w.genomes {
			b.carriers = append(b.carriers, s.Carrier())
		}
	}
	return b
}

func (w *siteWriter) collect(ctx context.Context, order chan job, pool *sync.Pool, written func(people int)) (counts, error) {
	sum := newCounts(w.site)
	out, err := w.open()
	if err != nil {
		return sum, err
	}
	for j := range order {
		select {
		case <-ctx.Done():
		case b := <-j.done:
			err = b.err
			for i, f := range out {
				if err == nil {
					err = f.append(b.files[i])
				}
			}
			sum.add(b.counts)
			w.carriers = append(w.carriers, b.carriers...)
			written(b.people)
			pool.Put(b)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			break
		}
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = w.tails(out)
	}
	return sum, errors.Join(err, closeAll(out, err == nil))
}

// tails ends the files that have an end.
func (w *siteWriter) tails(out []*folder) error {
	for i, l := range w.layouts {
		t, ok := l.layout.(tailed)
		if !ok {
			continue
		}
		if err := t.Tail(out[i].write); err != nil {
			return err
		}
	}
	return nil
}

func closeAll(folders []*folder, good bool) error {
	errs := make([]error, len(folders))
	var wait sync.WaitGroup
	for i, f := range folders {
		wait.Go(func() { errs[i] = f.close(good) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// open begins every file.
func (w *siteWriter) open() ([]*folder, error) {
	var out []*folder
	for _, l := range w.layouts {
		f := &folder{dir: filepath.Join(w.dir, l.folder(w.site.Name))}
		out = append(out, f)
		if err := f.open(l, *w.site); err != nil {
			return nil, errors.Join(err, closeAll(out, false))
		}
	}
	return out, nil
}

// A folder is the open files of a layout.
type folder struct {
	dir   string
	files []*os.File
	bufs  []*bufio.Writer
	sizes []int64
}

func (f *folder) open(l layout, s record.Site) error {
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return fmt.Errorf("simulate: make a folder: %w", err)
	}
	for _, name := range l.Files() {
		file, err := os.OpenFile(filepath.Join(f.dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			return fmt.Errorf("simulate: make a file: %w", err)
		}
		f.files, f.bufs, f.sizes = append(f.files, file), append(f.bufs, bufio.NewWriterSize(file, 1<<16)), append(f.sizes, 0)
	}
	return f.append(l.Head(s))
}

func (f *folder) append(bytes [][]byte) error {
	for i, b := range bytes {
		if err := f.write(i, b); err != nil {
			return err
		}
	}
	return nil
}

func (f *folder) write(file int, b []byte) error {
	if _, err := f.bufs[file].Write(b); err != nil {
		return fmt.Errorf("simulate: write: %w", err)
	}
	f.sizes[file] += int64(len(b))
	return nil
}

// close makes the files durable, if they are good, and removes those without a byte:
// a bulk export has no file for a type without resources. The files are synced at
// once, for a journal writes many as fast as one.
func (f *folder) close(good bool) error {
	errs := make([]error, len(f.files))
	var wait sync.WaitGroup
	for i := range f.files {
		wait.Go(func() { errs[i] = f.finish(i, good) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("simulate: finish a file: %w", err)
	}
	return nil
}

func (f *folder) finish(i int, good bool) error {
	var err error
	empty := f.sizes[i] == 0
	if good && !empty {
		err = errors.Join(f.bufs[i].Flush(), f.files[i].Sync())
	}
	err = errors.Join(err, f.files[i].Close())
	if good && empty {
		err = errors.Join(err, os.Remove(f.files[i].Name()))
	}
	return err
}
