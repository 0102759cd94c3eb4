// Package researcher is the role of who asks: it signs and submits studies,
// hears how far they are, and takes results only with the signatures of all who
// contributed. It holds no data of a site.
package researcher

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"time"

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
