package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"sync"
	"time"
)

// What is measured with its memory runs in a process of its own: this program, called
// as `hmsp bench child WORK`. It reads its orders from standard input, as JSON on one
// line, and answers in the same way on standard output.

// Child does the work of such a process.
func Child(ctx context.Context, work string, in io.Reader, out io.Writer) error {
	works := map[string]func(context.Context, *orders) (any, error){
		"register": registering, "ask": asking, "evaluate": evaluating, "duckdb": withDuckDB,
		"hold": holding, "copy": copying, "first": analysing, "study": studying,
	}
	do, ok := works[work]
	if !ok {
		return fmt.Errorf("bench child: there is no work %q", work)
	}
	lines := bufio.NewReader(in)
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("bench child: read orders: %w", err)
	}
	answer, err := do(ctx, &orders{line: line, more: lines, out: out})
	if err != nil {
		return err
	}
	return say(out, answer)
}

// orders are what a child was told.
type orders struct {
	line []byte
	more io.Reader
	out  io.Writer
}

func (o *orders) into(v any) error { return json.Unmarshal(o.line, v) }

// ready says that the work is done, and waits until nobody looks any more.
func (o *orders) ready(answer any) error {
	if err := say(o.out, answer); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, o.more)
	return err
}

func say(out io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = out.Write(append(b, '\n'))
	return err
}

// limited keeps the runtime of a child to the memory of a site, as `hmsp site start
// --memory` does.
func limited(memory int64) {
	if memory > 0 {
		debug.SetMemoryLimit(memory / 2)
	}
}

// A child is a process at work.
type child struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	answer *bufio.Reader
	said   bytes.Buffer // on standard error
	watch  sync.WaitGroup
	stop   chan struct{}
	peak   cost
}

// start gives a child its orders.
func (c Config) start(ctx context.Context, work string, orders any) (*child, error) {
	self := c.Self
	if self == "" {
		var err error
		if self, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	ch := &child{cmd: exec.CommandContext(ctx, self, "bench", "child", work), stop: make(chan struct{})}
	ch.cmd.Stderr = &ch.said
	var err error
	if ch.stdin, err = ch.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := ch.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	ch.answer = bufio.NewReader(out)
	if err := ch.cmd.Start(); err != nil {
		return nil, err
	}
	ch.watch.Go(ch.look)
	if err := say(ch.stdin, orders); err != nil {
		return nil, errors.Join(err, ch.end())
	}
	return ch, nil
}

// look watches the child's memory.
func (ch *child) look() {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if anonymous, resident, ok := memoryOf(ch.cmd.Process.Pid); ok {
			ch.peak.Anonymous, ch.peak.Resident = max(ch.peak.Anonymous, anonymous), max(ch.peak.Resident, resident)
		}
		select {
		case <-tick.C:
		case <-ch.stop:
			return
		}
	}
}

// ready waits for the child's answer.
func (ch *child) ready(into any) error {
	line, err := ch.answer.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%s said no more: %w", ch.cmd.Args[len(ch.cmd.Args)-1], err)
	}
	return json.Unmarshal(line, into)
}

// end lets the child go.
func (ch *child) end() error {
	ch.stdin.Close()
	close(ch.stop)
	ch.watch.Wait() // before the number can be another process's
	if err := ch.cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(ch.said.Bytes()))
	}
	return nil
}

// let has a child do its work, and says what memory that took.
func (c Config) let(ctx context.Context, work string, orders, answer any) (peak cost, err error) {
	ch, err := c.start(ctx, work, orders)
	if err != nil {
		return peak, err
	}
	err = ch.ready(answer)
	if failed := ch.end(); failed != nil { // says more
		err = failed
	}
	if ctx.Err() != nil { // which kills it
		err = ctx.Err()
	}
	return ch.peak, err
}
