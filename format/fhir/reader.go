package fhir

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"sync"

	"hmsp.center/hmsp/format"
)

// A reader gives the rows of a source in its order. One goroutine cuts the source
// into jobs; several turn jobs into rows; Next takes the rows of one job after the
// other.
type reader struct {
	ctx     context.Context
	stop    context.CancelFunc
	wait    sync.WaitGroup
	source  *source
	plan    *plan
	options format.Options
	jobs    chan *job // to the workers
	order   chan *job // the same, to Next
	now     *job
	rows    []int // given of each table
	free    chan []byte
	done    error

	guard   sync.Mutex
	skipped map[string]int64
}

// A job is a chunk of NDJSON, or some files of one document each.
type job struct {
	chunk chunk
	files []file
	out   chan result // closed when the job is done
}

// jobFiles is how many bytes of small files make one job.
const jobFiles = 1 << 20

func newReader(ctx context.Context, s *source, p *plan, o format.Options) *reader {
	workers := runtime.GOMAXPROCS(0)
	r := &reader{source: s, plan: p, options: o, jobs: make(chan *job), order: make(chan *job, 2*workers),
		rows: make([]int, len(p.names)), free: make(chan []byte, 2*workers), skipped: map[string]int64{}}
	r.ctx, r.stop = context.WithCancel(ctx)
	s.ctx = r.ctx
	r.wait.Go(r.cut)
	for range workers {
		r.wait.Go(r.work)
	}
	return r
}

// cut makes the jobs.
func (r *reader) cut() {
	defer close(r.order)
	defer close(r.jobs)
	var files []file
	var size int64
	send := func() error {
		if len(files) == 0 {
			return nil
		}
		j := &job{files: files}
		files, size = nil, 0
		return r.send(j)
	}
	for _, f := range r.source.files {
		var err error
		if f.lines {
			if err = send(); err == nil {
				err = r.source.chunks(f, &r.source.read, r.buffer, func(c chunk) error { return r.send(&job{chunk: c}) })
			}
		} else if files, size = append(files, f), size+f.size; size >= jobFiles {
			err = send()
		}
		if err != nil {
			r.fail(err)
			return
		}
	}
	if err := send(); err != nil {
		r.fail(err)
	}
}

func (r *reader) send(j *job) error {
	j.out = make(chan result, 4)
	for _, c := range []chan *job{r.order, r.jobs} {
		select {
		case c <- j:
		case <-r.ctx.Done():
			return r.ctx.Err()
		}
	}
	return nil
}

// fail puts an error behind the jobs that were made.
func (r *reader) fail(err error) {
	j := &job{out: make(chan result, 1)}
	j.out <- result{err: err}
	close(j.out)
	select {
	case r.order <- j:
	case <-r.ctx.Done():
	}
}

func (r *reader) buffer() []byte {
	select {
	case b := <-r.free:
		return b
	default:
		return make([]byte, 0, chunkBytes)
	}
}

// recycle keeps a buffer for a later chunk, unless a long line made it large.
func (r *reader) recycle(b []byte) {
	if cap(b) > 4*chunkBytes {
		return
	}
	select {
	case r.free <- b:
	default:
	}
}

// work does jobs.
func (r *reader) work() {
	w := &worker{source: r.source, plan: r.plan, skipped: map[string]int64{}}
	w.emitNow = func() { w.emit(w.now.table, w.now.fill) }
	w.row = row{source: r.source, terms: &terms{}, scope: &scope{medications: &medications{limit: r.source.drugs.limit}}}
	lined := len(r.source.files) == 1 && r.source.files[0].lines
	for _, c := range r.plan.columns {
		w.builders = append(w.builders, &builder{columns: c, maxRows: r.options.BatchRows, maxSize: r.options.MaxBytes / 2, lined: lined})
	}
	for j := range r.jobs {
		w.give = func(out result) bool {
			select {
			case j.out <- out:
				return true
			case <-r.ctx.Done():
				return false
			}
		}
		var err error
		if j.files != nil {
			err = w.documents(j.files)
		} else {
			err = w.lines(j.chunk)
			r.recycle(j.chunk.text)
		}
		if err != nil {
			w.give(result{err: err})
		}
		r.guard.Lock()
		for kind, n := range w.forget() { // before the reader can see the end
			r.skipped[kind] += n
		}
		r.guard.Unlock()
		close(j.out)
	}
}

// Columns describes the columns of a table.
func (r *reader) Columns(table string) []format.Column {
	if i := slices.Index(r.plan.names, table); i >= 0 {
		return r.plan.columns[i]
	}
	return nil
}

// Next takes the next batch of the job at hand.
func (r *reader) Next() (string, format.Batch, error) {
	for r.done == nil {
		if err := r.ctx.Err(); err != nil {
			r.done = err
			break
		}
		if r.now == nil {
			var ok bool
			select {
			case r.now, ok = <-r.order:
			case <-r.ctx.Done():
				continue
			}
			if !ok {
				r.done = io.EOF
				break
			}
		}
		select {
		case out, ok := <-r.now.out:
			switch {
			case !ok:
				r.now = nil
			case out.err != nil:
				r.done = out.err
			default:
				out.batch.First = r.rows[out.table] + 1
				r.rows[out.table] += out.batch.Rows
				return r.plan.names[out.table], out.batch, nil
			}
		case <-r.ctx.Done():
		}
	}
	return "", format.Batch{}, r.done
}

// Notes says what was left out, when everything has been read.
func (r *reader) Notes() []string {
	r.guard.Lock()
	defer r.guard.Unlock()
	out := slices.Clone(r.source.notes)
	for _, kind := range slices.Sorted(maps.Keys(r.skipped)) {
		what := "refer to no patient"
		if kind == "Patient" {
			what = "have no id"
		}
		out = append(out, fmt.Sprintf("%d resources of type %s %s and are left out", r.skipped[kind], kind, what))
	}
	return out
}

func (r *reader) Progress() (read, of int64) {
	return min(r.source.read.Load(), r.source.size), r.source.size
}

func (r *reader) Close() error {
	r.stop()
	r.wait.Wait()
	if r.done == nil || r.done == io.EOF {
		r.done = os.ErrClosed
	}
	return nil
}
