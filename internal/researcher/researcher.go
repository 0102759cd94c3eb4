// Package researcher is the role of who asks: it signs and submits studies,
// hears how far they are, and takes results only with the signatures of all who
// contributed. It holds no data of a site.
package researcher

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hmsp.center/hmsp/atomicfile"
	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/receipt"
	"hmsp.center/hmsp/study"
)

// A Hub is what a researcher needs of the way to the hub; client.Client is one.
type Hub interface {
	Send(ctx context.Context, e federation.Envelope) error
	Inbox(ctx context.Context, wait time.Duration) ([]federation.Notice, error)
	Fetch(ctx context.Context, n federation.Notice) (federation.Envelope, error)
	Ack(ctx context.Context, n federation.Notice) error
}

// A Researcher works in a home folder: one file per study in studies/.
type Researcher struct {
	member  *member.Member
	catalog catalog.Catalog
	now     func() time.Time
	hub     Hub
}

// A Record is what a researcher keeps of a study.
type Record struct {
	Study     *study.Signed            `json:"study"`
	Sites     []string                 `json:"sites"`
	Lead      string                   `json:"lead"`
	Submitted time.Time                `json:"submitted"`
	Sent      bool                     `json:"sent,omitempty"` // the hub has it for every site
	Heard     time.Time                `json:"heard,omitzero"`
	Progress  []Report                 `json:"progress,omitempty"` // the latest of each phase and round
	Left      map[string]engine.Reason `json:"left,omitempty"`     // sites that withdrew
	Cancelled bool                     `json:"cancelled,omitempty"`
	Outcome   *receipt.Outcome         `json:"outcome,omitempty"`
}

// A Report is the lead's word on how far a study is; Seq counts its reports.
type Report struct {
	Seq int `json:"seq"`
	engine.Progress
}

// maxReports is how many phases and rounds a record keeps, the latest ones.
const maxReports = 500

// studiesDir is the folder of the records in a home.
const studiesDir = "studies"

// Open opens a researcher's home. hub may be nil: the charter's hub.
func Open(home string, cat catalog.Catalog, now func() time.Time, hub Hub, trouble func(error, time.Duration)) (*Researcher, error) {
	m, err := member.Open(home)
	if err != nil {
		return nil, err
	}
	if m.Identity.Role() != identity.Researcher {
		return nil, fmt.Errorf("%s belongs to the %s %s, not to a researcher", home, m.Identity.Role(), m.Identity.Name())
	}
	if err := m.Joined(); err != nil {
		return nil, err
	}
	r := &Researcher{member: m, catalog: cat, now: now, hub: hub}
	if hub == nil {
		if r.hub, err = m.Connect(now, trouble); err != nil {
			return nil, err
		}
	}
	return r, os.MkdirAll(filepath.Join(home, studiesDir), 0o700)
}

// Charter is the charter that was joined.
func (r *Researcher) Charter() *charter.Charter { return r.member.Charter }

// Plan says what would be run, or what is wrong.
func (r *Researcher) Plan(s *study.Study) (*plan.Plan, *study.Signed, []plan.Problem, error) {
	signed, err := study.Submit(s, r.member.Charter.Digest(), r.member.Identity, r.now(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	p, problems := plan.New(r.member.Charter, signed, r.catalog)
	return p, signed, problems, nil
}

// Submit sends a planned study to every site it asks. The record is kept first:
// sending that was cut goes on with Resend.
func (r *Researcher) Submit(ctx context.Context, p *plan.Plan, signed *study.Signed) error {
	rec := Record{Study: signed, Sites: p.Sites, Lead: p.Lead, Submitted: r.now()}
	if err := r.keep(p.Digest, rec); err != nil {
		return err
	}
	return r.Resend(ctx, p.Digest)
}

// Resend sends a study to its sites unless the hub has it for all of them.
func (r *Researcher) Resend(ctx context.Context, digest string) error {
	rec, err := r.Get(digest)
	if err != nil || rec.Sent || rec.Outcome != nil {
		return err
	}
	body, err := rec.Study.Encode()
	if err != nil {
		return err
	}
	if err := r.toSites(ctx, digest, rec, engine.KindStudy, body); err != nil {
		return fmt.Errorf("%w (the study is kept: `hmsp study watch` sends the rest)", err)
	}
	return r.change(digest, func(rec *Record) (bool, error) {
		rec.Sent = true
		return true, nil
	})
}

// Cancel asks every site to stop. It may be asked again.
func (r *Researcher) Cancel(ctx context.Context, digest string) error {
	rec, err := r.Get(digest)
	if err != nil {
		return err
	}
	if rec.Outcome != nil {
		return fmt.Errorf("study %s is over: it was %s", rec.Study.Study.Name, rec.Outcome.Status)
	}
	if err := r.toSites(ctx, digest, rec, engine.KindCancel, nil); err != nil {
		return err
	}
	return r.change(digest, func(rec *Record) (bool, error) {
		rec.Cancelled = true
		return true, nil
	})
}

func (r *Researcher) toSites(ctx context.Context, digest string, rec Record, k engine.Kind, body []byte) error {
	for _, s := range rec.Sites {
		m := engine.Message{Study: digest, Kind: k, From: r.member.Identity.Name(), To: s, Blob: body}
		payload, err := m.Encode()
		if err != nil {
			return err
		}
		e, err := r.member.Seal(s, m.ID(), payload, r.now())
		if err != nil {
			return err
		}
		err = r.hub.Send(ctx, e)
		if e := (*federation.Error)(nil); errors.As(err, &e) && e.Kind == federation.KindExists {
			err = nil // it has the message already
		}
		if err != nil {
			return fmt.Errorf("send to %s: %w", s, err)
		}
	}
	return nil
}

// Poll takes what waits at the hub, waiting up to wait for something to come.
func (r *Researcher) Poll(ctx context.Context, wait time.Duration) (changed []string, err error) {
	notices, err := r.hub.Inbox(ctx, wait)
	if err != nil {
		return nil, err
	}
	for _, n := range notices {
		env, err := r.hub.Fetch(ctx, n)
		if e := (*federation.Error)(nil); errors.As(err, &e) && e.Kind == federation.KindNotFound {
			continue // another command took it meanwhile
		}
		if err != nil {
			return changed, err
		}
		study, err := r.take(ctx, env)
		if err != nil {
			return changed, err
		}
		if study != "" {
			changed = append(changed, study)
		}
		if err := r.hub.Ack(ctx, n); err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// take opens one envelope and notes what it tells. What is not for a study of
// this researcher, or tells nothing new, is ignored.
func (r *Researcher) take(ctx context.Context, env federation.Envelope) (digest string, err error) {
	payload, err := federation.Open(r.member.Identity, r.member.Charter, env, r.now())
	if err != nil {
		return "", nil
	}
	m, err := engine.DecodeMessage(payload)
	if err != nil || m.From != env.From || m.To != r.member.Identity.Name() || m.ID() != env.ID {
		return "", nil
	}
	err = r.change(m.Study, func(rec *Record) (bool, error) {
		if rec.Outcome != nil || !slices.Contains(rec.Sites, m.From) {
			return false, nil
		}
		news, err := r.hear(ctx, rec, m)
		if news {
			rec.Heard, digest = r.now(), m.Study
		}
		return news, err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return digest, err
}

// hear notes a message of one of the study's sites; news says that it changed
// the record.
func (r *Researcher) hear(ctx context.Context, rec *Record, m engine.Message) (news bool, err error) {
	switch m.Kind {
	case engine.KindProgress:
		p, err := engine.ReadProgress(m)
		return err == nil && m.From == rec.Lead && rec.progress(Report{m.Seq, p}), nil
	case engine.KindWithdraw:
		why, err := engine.ReadWithdrawal(m)
		if err != nil || !rec.Left[m.From].IsZero() {
			return false, nil
		}
		if rec.Left == nil {
			rec.Left = map[string]engine.Reason{}
		}
		rec.Left[m.From] = why
		return true, r.gone(ctx, rec)
	case engine.KindOutcome:
		if m.From != rec.Lead {
			return false, nil
		}
		o, err := engine.ReadOutcome(m)
		if err == nil {
			err = r.Verify(*rec, o)
		}
		if err != nil {
			o = failed(*rec, fmt.Sprintf("the lead %s sent a result that does not hold: %v", rec.Lead, err))
		}
		rec.Outcome = o
		return true, nil
	}
	return false, nil
}

// progress keeps a report, the latest of its phase and round; false for one that
// a later one has overtaken.
func (rec *Record) progress(p Report) bool {
	for s := range p.Sites {
		if !slices.Contains(rec.Sites, s) {
			delete(p.Sites, s)
		}
	}
	if n := len(rec.Progress); n > 0 {
		last := rec.Progress[n-1]
		if p.Seq <= last.Seq {
			return false
		}
		if p.Phase == last.Phase && p.Round == last.Round {
			rec.Progress[n-1] = p
			return true
		}
	}
	rec.Progress = append(rec.Progress, p)
	if n := len(rec.Progress); n > maxReports {
		rec.Progress = slices.Delete(rec.Progress, 0, n-maxReports)
	}
	return true
}

// gone ends a study at the researcher when its lead will not tell the outcome:
// it cannot even plan the study, or the others have waited for it in vain.
func (r *Researcher) gone(ctx context.Context, rec *Record) error {
	lead := rec.Left[rec.Lead]
	if lead.Kind == engine.ReasonIncompatible {
		rec.Outcome = failed(*rec, fmt.Sprintf("%s, which leads this study, cannot run it: %s; submit it again, and another site may lead", rec.Lead, lead.Text))
		return r.toSites(ctx, rec.Study.Digest(), *rec, engine.KindCancel, nil) // the others would wait for the lead
	}
	kinds := map[string]int{}
	for _, s := range rec.Sites {
		if s != rec.Lead && !rec.Left[s].IsZero() {
			kinds[rec.Left[s].Kind]++
			kinds[""]++
		}
	}
	switch others := len(rec.Sites) - 1; {
	case kinds[""] < others || others == 0:
	case kinds[engine.ReasonCancelled] == others:
		rec.Outcome = failed(*rec, "cancelled; the lead "+rec.Lead+" has not answered yet")
		rec.Outcome.Status = receipt.Cancelled
	case kinds[engine.ReasonAbsent] > 0:
		rec.Outcome = failed(*rec, fmt.Sprintf("%s, which leads this study, was not heard from, and the others have left", rec.Lead))
	}
	return nil
}

func failed(rec Record, reason string) *receipt.Outcome {
	s := rec.Study.Study
	return &receipt.Outcome{HMSP: receipt.OutcomeVersion, Status: receipt.Failed, Lead: rec.Lead, Reason: reason,
		Study: receipt.Study{Name: s.Name, Digest: rec.Study.Digest(), Question: s.Question, Purpose: s.Purpose, LegalBasis: s.LegalBasis}}
}

// Verify holds an outcome against the study that was submitted: where it is
// released, every site contributed or is named as absent, and every contributor
// has signed the receipt.
func (r *Researcher) Verify(rec Record, o *receipt.Outcome) error {
	if err := o.Check(); err != nil {
		return err
	}
	if o.Study.Digest != rec.Study.Digest() {
		return errors.New("the outcome is for another study")
	}
	if o.Status != receipt.Released {
		return nil
	}
	all := slices.Clone(o.Contributors)
	for _, a := range o.Absent {
		all = append(all, a.Site)
	}
	slices.Sort(all)
	if !slices.Equal(all, rec.Sites) {
		return errors.New("the receipt does not tell of each site that was asked whether it contributed")
	}
	return VerifyReceipt(r.member.Charter, *o.Receipt)
}

// VerifyReceipt checks that every contributor of a receipt has signed it.
func VerifyReceipt(c *charter.Charter, rc receipt.Receipt) error {
	if rc.Charter != c.Digest() {
		return fmt.Errorf("the receipt is of another charter (%s)", rc.Charter)
	}
	if missing := rc.Unsigned(); len(missing) > 0 {
		return fmt.Errorf("the receipt lacks the signatures of %s", strings.Join(missing, ", "))
	}
	if n := len(rc.Contributors); n < c.MinimumContributors() {
		return fmt.Errorf("the receipt has %d contributors, the charter asks for %d", n, c.MinimumContributors())
	}
	d, err := rc.Digest()
	if err != nil {
		return err
	}
	for _, s := range rc.Signatures {
		m, ok := c.Member(s.Member)
		if !ok || m.Role != identity.Site {
			return fmt.Errorf("the receipt is signed by %q, which is not a site of the charter", s.Member)
		}
		if err := identity.Verify(m, identity.ContextReceipt, d[:], s.Signature); err != nil {
			return err
		}
	}
	return nil
}

func (r *Researcher) path(digest string) string {
	return filepath.Join(r.member.Home, studiesDir, digest+".json")
}

func (r *Researcher) keep(digest string, rec Record) error {
	b, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("record of study %s: %w", digest, err)
	}
	return atomicfile.Write(r.path(digest), b, 0o600)
}

// Get reads the record of a study by its digest.
func (r *Researcher) Get(digest string) (Record, error) {
	var rec Record
	b, err := os.ReadFile(r.path(filepath.Base(digest)))
	if err != nil {
		return rec, fmt.Errorf("study %s: %w", digest, err)
	}
	if err := json.Unmarshal(b, &rec); err != nil {
		return rec, fmt.Errorf("record of study %s: %w", digest, err)
	}
	if rec.Study == nil {
		return rec, fmt.Errorf("record of study %s holds no study: move %s away", digest, r.path(digest))
	}
	return rec, nil
}

// List names the studies of this home, newest first.
func (r *Researcher) List() ([]string, error) {
	files, err := filepath.Glob(r.path("*"))
	if err != nil {
		return nil, err
	}
	at := map[string]time.Time{}
	var out []string
	for _, f := range files {
		d := strings.TrimSuffix(filepath.Base(f), ".json")
		rec, err := r.Get(d)
		if err != nil {
			return nil, err
		}
		at[d] = rec.Submitted
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b string) int { return at[b].Compare(at[a]) })
	return out, nil
}

// Find returns the digest of the study that a name or the beginning of a digest
// means; of several with one name, the newest.
func (r *Researcher) Find(what string) (string, error) {
	all, err := r.List()
	if err != nil {
		return "", err
	}
	for _, d := range all {
		rec, err := r.Get(d)
		if err != nil {
			return "", err
		}
		if rec.Study.Study.Name == what || len(what) >= 6 && strings.HasPrefix(d, what) {
			return d, nil
		}
	}
	return "", fmt.Errorf("no study %q was submitted from here; `hmsp study list` lists them", what)
}
