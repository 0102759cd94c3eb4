package site

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"hmsp.center/hmsp/audit"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/disclosure/difference"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/execute"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/secure"
	"hmsp.center/hmsp/table"
)

// door is the one way out of a site for one study. Nothing else reads a
// dataset for a study, and the engine takes a vector from nowhere else.
type door struct {
	run      *run
	people   *table.Table        // the cohort, once it was read
	data     io.Closer           // what people is a view of
	oneRow   bool                // every patient has one row by the way it is made
	sets     map[string][][]byte // of an exact study: what the differencing guard admitted
	grant    *ledger.Grant       // of a private study: what the ledger gave
	question string              // that was paid for
	consent  string              // names who permits the purpose, where consents are asked
}

// Compute is the door: read, protect, table, admit or reserve, Local, range check,
// noise, spend, encode. The vector it returns is masked, sealed and sent by the
// engine, which keeps it first and sends it again verbatim. Computed again after a
// crash, it is the same vector: its noise is named by the question.
func (d *door) Compute(ctx context.Context, q engine.Question) ([]uint64, error) {
	t, err := d.cohort(ctx) // read, filter; consent and protection take their seat here
	if err != nil {
		return nil, err
	}
	private := d.run.plan.Budget != nil
	if private {
		t, err = t.OneRowPerPatient(), d.reserve(q) // durable, before anything is computed
	} else if q.Round == 0 {
		err = d.admit(ctx, t, q.Tasks)
	}
	if err != nil {
		return nil, d.told(q.Round, err)
	}
	var words []uint64
	for _, task := range q.Tasks {
		v, err := execute.Local(ctx, t, task.Run, task.State, task.Bounds, task.Grid) // Local and the range check
		if err != nil {
			return nil, d.private(q.Round, task.Name, err)
		}
		if private {
			source, err := d.noise(q.Round, task)
			if err == nil {
				err = task.Private.Noise(task.State, v.Words, source) // on the integers
			}
			if err != nil {
				return nil, d.private(q.Round, task.Name, err)
			}
		}
		words = append(words, v.Words...) // encoded: exact integers in the ring
	}
	if private {
		if err := d.spend(q); err != nil { // durable, before anything leaves
			return nil, d.told(q.Round, err)
		}
	}
	return words, nil
}

// Agree consents to a set of contributors if no comparison with earlier sums would
// show one site's part, and gives the position of the audit log.
func (d *door) Agree(ctx context.Context, study string, round int, contributors []string) ([]byte, error) {
	p, s := d.run.plan, d.run.site
	var err error
	if p.Budget != nil {
		err = s.ledger.ConfirmRound(study, round, contributors)
	} else if round == 0 { // the contributors stay the same from here on
		if err = d.readmit(ctx); err == nil {
			err = s.guard.Agree(d.run.patients(), d.sets, contributors)
		}
	}
	if err != nil {
		return nil, d.told(round, err)
	}
	err = s.book(audit.SetConfirmed, study, "", map[string]string{"round": audit.FormatCount(round), "contributors": audit.FormatMembers(contributors)})
	if err != nil {
		return nil, d.told(round, err)
	}
	log, err := s.checkpoint()
	if err != nil {
		return nil, d.told(round, err)
	}
	return log, nil
}

// readmit finds again, after a restart, what the guard admitted.
func (d *door) readmit(ctx context.Context) error {
	if d.sets != nil {
		return nil
	}
	t, err := d.cohort(ctx)
	if err != nil {
		return err
	}
	b, err := engine.NewBundle(d.run.plan)
	if err != nil {
		return err
	}
	return d.admit(ctx, t, b.Tasks())
}

// cohort reads the columns that the study may see, for the patients it may see.
func (d *door) cohort(ctx context.Context) (table.Table, error) {
	if d.people != nil {
		return *d.people, nil
	}
	s, p := d.run.site, d.run.plan
	what := "dataset " + strings.Join(p.Study.Datasets(), ", ")
	if err := s.oneAccount(p); err != nil {
		return table.Table{}, err
	}
	before, err := s.digest(p.Study.Datasets()...)
	if err != nil {
		return table.Table{}, d.private(0, what, err)
	}
	t, shape, read, err := s.read(ctx, p)
	if err != nil {
		return table.Table{}, d.private(0, what, err)
	}
	data, kept := both{read}, false
	defer func() {
		if !kept {
			data.Close()
		}
	}()
	after, err := s.digest(p.Study.Datasets()...)
	if err != nil {
		return table.Table{}, d.private(0, what, err)
	}
	if err := d.snapshot(before, after); err != nil {
		return table.Table{}, err
	}
	if t, err = d.consenting(ctx, t, &data); err != nil {
		return table.Table{}, err
	}
	// Of a private study no refusal may tell how many there are: its noise covers few.
	if n := t.People(); p.Budget == nil && n < s.member.Config.MinimumCohort {
		return table.Table{}, engine.Reason{Kind: engine.ReasonCohort, Text: fmt.Sprintf("fewer than %d patients of this site are in the cohort", s.member.Config.MinimumCohort)}
	}
	d.people, d.data, kept = &t, data, true
	d.oneRow = shape == dataset.History || t.Patients == nil
	return t, nil
}

// told turns an error of the site's books into what may be told outside.
func (d *door) told(round int, err error) error {
	if r := (engine.Reason{}); errors.As(err, &r) || errors.Is(err, context.Canceled) {
		return err
	}
	if r := (*difference.Refused)(nil); errors.As(err, &r) {
		return engine.Reason{Kind: engine.ReasonDifference, Text: r.Error()}
	}
	if r := (*ledger.DeltaRefused)(nil); errors.As(err, &r) {
		return engine.Reason{Kind: engine.ReasonBudget, Text: r.Error()}
	}
	if r := (*ledger.OtherRound)(nil); errors.As(err, &r) {
		return engine.Reason{Kind: engine.ReasonDifference, Text: "this question was answered before, and what it asks of whom is not the same now: its later rounds went another way, or patients' consents changed; it is not answered twice for one price: ask again, and it is paid for anew"}
	}
	if r := (*ledger.OtherSet)(nil); errors.As(err, &r) {
		return engine.Reason{Kind: engine.ReasonDifference, Text: "this question was answered before with other contributors, and the same noise over other sites would show one site's part: ask again, and it is paid for anew"}
	}
	d.run.site.log.Error("books", "study", d.run.plan.Study.Name, "round", round, "error", err.Error())
	return engine.Reason{Kind: engine.ReasonInternal, Text: "the site's books could not be kept; its own log says why"}
}

// private turns an error into what may be told outside. Errors about data count
// and name lines of the site's file, which is for the site's own log only.
func (d *door) private(round int, what string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	d.run.site.log.Error("cannot compute", "study", d.run.plan.Study.Name, "round", round, "at", what, "error", err.Error())
	if r := (*dataset.Refused)(nil); errors.As(err, &r) {
		return engine.Reason{Kind: engine.ReasonData, Text: what + ": the site's data do not fit the dictionary; the site's own log and `hmsp dataset show` say where"}
	}
	if c := (*Changed)(nil); errors.As(err, &c) {
		return engine.Reason{Kind: engine.ReasonData, Text: what + ": changed since it was registered; the site has to register it anew"}
	}
	if errors.Is(err, os.ErrNotExist) {
		return engine.Reason{Kind: engine.ReasonData, Text: what + ": not registered or not readable at this site"}
	}
	return engine.Reason{Kind: engine.ReasonData, Text: what + ": could not be computed on this site's data; the site's own log says why"}
}

// snapshot holds a study to one state of its data, while they are read and over
// restarts: the rounds of a study must all see the same data.
func (d *door) snapshot(before, after string) error {
	x := d.run
	x.mu.Lock()
	defer x.mu.Unlock()
	if before != after || x.record.Data != "" && x.record.Data != after {
		return engine.Reason{Kind: engine.ReasonData, Text: "the dataset changed while the study ran; submit the study again"}
	}
	x.record.Data = after
	return x.site.keep(x.plan.Digest, x.record)
}

// release ends the use of the data, when the study is over.
func (d *door) release() {
	if d.data != nil {
		d.data.Close()
		d.data, d.people = nil, nil
	}
}

// digest names all that registered datasets are read from: the content of their
// pools, and their registrations.
func (s *Site) digest(names ...string) (string, error) {
	h := sha256.New()
	for _, name := range names {
		d, err := s.Dataset(name)
		if err != nil {
			return "", err
		}
		d.Pool = "" // a name that says nothing
		registration, err := manifest.Canonical(d)
		if err != nil {
			return "", err
		}
		id, err := s.registry().id(name)
		if err != nil {
			return "", err
		}
		h.Write(secure.Frame("dataset", registration, []byte(id)))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
