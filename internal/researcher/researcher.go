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
	Study     *study.Signed     `json:"study"`
	Sites     []string          `json:"sites"`
	Lead      string            `json:"lead"`
	Submitted time.Time         `json:"submitted"`
	Heard     time.Time         `json:"heard,omitzero"`
	Progress  []engine.Progress `json:"progress,omitempty"` // in the order of arrival
	Left      map[string]string `json:"left,omitempty"`     // sites that withdrew, with the reason
	Cancelled bool              `json:"cancelled,omitempty"`
	Outcome   *receipt.Outcome  `json:"outcome,omitempty"`
	Messages  map[string]bool   `json:"messages,omitempty"` // ids that were taken
}

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
	return r, os.MkdirAll(filepath.Join(home, "studies"), 0o700)
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

// Submit sends a planned study to every site it asks. The record is kept first;
// a study whose sending was cut is sent again by Resend.
func (r *Researcher) Submit(ctx context.Context, p *plan.Plan, signed *study.Signed) error {
	rec := Record{Study: signed, Sites: p.Sites, Lead: p.Lead, Submitted: r.now()}
	if err := r.keep(p.Digest, rec); err != nil {
		return err
	}
	return r.Resend(ctx, p.Digest)
}

// Resend sends a study to its sites again; those that have it ignore it.
func (r *Researcher) Resend(ctx context.Context, digest string) error {
	rec, err := r.Get(digest)
	if err != nil {
		return err
	}
	body, err := rec.Study.Encode()
	if err != nil {
		return err
	}
	return r.toSites(ctx, digest, rec, engine.KindStudy, body)
}

// Cancel asks every site to stop.
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
	rec.Cancelled = true
	return r.keep(digest, rec)
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
		study, err := r.take(env)
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
// this researcher is ignored.
func (r *Researcher) take(env federation.Envelope) (string, error) {
	payload, err := federation.Open(r.member.Identity, r.member.Charter, env, r.now())
	if err != nil {
		return "", nil
	}
	m, err := engine.DecodeMessage(payload)
	if err != nil || m.From != env.From || m.To != r.member.Identity.Name() || m.ID() != env.ID {
		return "", nil
	}
	rec, err := r.Get(m.Study)
	if err != nil || rec.Outcome != nil || rec.Messages[m.ID()] || !slices.Contains(rec.Sites, m.From) {
		return "", nil
	}
	if rec.Messages == nil {
		rec.Messages = map[string]bool{}
	}
	rec.Messages[m.ID()], rec.Heard = true, r.now()
	switch m.Kind {
	case engine.KindProgress:
		if p, err := engine.ReadProgress(m); err == nil && m.From == rec.Lead {
			rec.Progress = append(rec.Progress, p)
		}
	case engine.KindWithdraw:
		if why, err := engine.ReadWithdrawal(m); err == nil {
			if rec.Left == nil {
				rec.Left = map[string]string{}
			}
			rec.Left[m.From] = why.Text
			r.gone(m.Study, &rec)
		}
	case engine.KindOutcome:
		if m.From != rec.Lead {
			break
		}
		o, err := engine.ReadOutcome(m)
		if err == nil {
			err = r.Verify(m.Study, o)
		}
		if err != nil {
			o = &receipt.Outcome{HMSP: receipt.OutcomeVersion, Study: receipt.Study{Name: rec.Study.Study.Name, Digest: m.Study}, Status: receipt.Failed,
				Lead: rec.Lead, Reason: fmt.Sprintf("the lead %s sent a result that its contributors did not sign: %v", rec.Lead, err)}
		}
		rec.Outcome = o
	}
	return m.Study, r.keep(m.Study, rec)
}

// gone ends a study at the researcher when every site has left it, the lead
// among them: nobody is there to tell the outcome.
func (r *Researcher) gone(digest string, rec *Record) {
	if len(rec.Left) < len(rec.Sites)-1 {
		return
	}
	var why []string
	for _, s := range rec.Sites {
		if t := rec.Left[s]; t != "" {
			why = append(why, s+": "+t)
		}
	}
	rec.Outcome = &receipt.Outcome{HMSP: receipt.OutcomeVersion, Study: receipt.Study{Name: rec.Study.Study.Name, Digest: digest}, Status: receipt.Failed,
		Lead: rec.Lead, Reason: "every site left the study: " + strings.Join(why, "; ")}
}

// Verify holds an outcome against the charter: for this study, and, where it is
// released, with the signature of every contributor under its receipt.
func (r *Researcher) Verify(digest string, o *receipt.Outcome) error {
	if err := o.Check(); err != nil {
		return err
	}
	if o.Study.Digest != digest {
		return errors.New("the outcome is for another study")
	}
	if o.Status != receipt.Released {
		return nil
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
	return filepath.Join(r.member.Home, "studies", digest+".json")
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
