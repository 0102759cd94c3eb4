package researcher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"hmsp.center/hmsp/atomicfile"
	"hmsp.center/hmsp/internal/engine"
	"hmsp.center/hmsp/plan"
	"hmsp.center/hmsp/study"
)

// inquiriesDir is the folder of inquiries that wait for answers. They are files, so
// that an answer reaches whoever asked also where another command of this home
// takes it from the hub.
const inquiriesDir = "inquiries"

// An inquiry is what is kept while answers are waited for.
type inquiry struct {
	Sites   []string                 `json:"sites"`
	Asked   time.Time                `json:"asked"`
	Answers map[string]engine.Answer `json:"answers"`
}

// staleInquiry is when an inquiry that was cut off is forgotten.
const staleInquiry = 24 * time.Hour

// Inquire asks every site of a planned study what it would say to it, and waits for
// the answers of those that serve. heard, where given, is called with the number of
// answers whenever there are more. It returns the answers by site after all have
// answered or wait has passed. The study is signed, but not submitted: no site keeps
// it, and a later submission is signed anew.
func (r *Researcher) Inquire(ctx context.Context, p *plan.Plan, signed *study.Signed, wait time.Duration, heard func(answers int)) (map[string]engine.Answer, error) {
	body, err := signed.Encode()
	if err != nil {
		return nil, err
	}
	if err := r.forgetInquiries(); err != nil {
		return nil, err
	}
	if err := r.keepInquiry(p.Digest, inquiry{Sites: p.Sites, Asked: r.now(), Answers: map[string]engine.Answer{}}); err != nil {
		return nil, err
	}
	defer os.Remove(r.inquiryPath(p.Digest))
	if err := r.toSites(ctx, p.Digest, Record{Sites: p.Sites}, engine.KindInquiry, body); err != nil {
		return nil, err
	}
	return r.answers(ctx, p.Digest, r.now().Add(wait), heard)
}

// answers polls until all have answered, or until end.
func (r *Researcher) answers(ctx context.Context, digest string, end time.Time, heard func(int)) (map[string]engine.Answer, error) {
	for n := 0; ; {
		q, err := r.getInquiry(digest)
		if err != nil {
			return nil, err
		}
		if len(q.Answers) > n && heard != nil {
			heard(len(q.Answers))
		}
		n = len(q.Answers)
		left := end.Sub(r.now())
		if n == len(q.Sites) || left <= 0 {
			return q.Answers, nil
		}
		// Short polls: another command may take the answer from the hub meanwhile.
		if _, err := r.Poll(ctx, min(left, 2*time.Second)); err != nil {
			return nil, err
		}
	}
}

// answered notes a site's answer to an inquiry that waits for it; the first of a
// site counts.
func (r *Researcher) answered(m engine.Message) error {
	a, err := engine.ReadAnswer(m)
	if err != nil {
		return nil
	}
	unlock, err := r.lock()
	if err != nil {
		return err
	}
	defer unlock()
	q, err := r.getInquiry(m.Study)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, twice := q.Answers[m.From]; twice || !slices.Contains(q.Sites, m.From) {
		return nil
	}
	q.Answers[m.From] = a
	return r.keepInquiry(m.Study, q)
}

func (r *Researcher) inquiryPath(digest string) string {
	return filepath.Join(r.member.Home, inquiriesDir, filepath.Base(digest)+".json")
}

func (r *Researcher) keepInquiry(digest string, q inquiry) error {
	b, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("inquiry about study %s: %w", digest, err)
	}
	return atomicfile.Write(r.inquiryPath(digest), b, 0o600)
}

func (r *Researcher) getInquiry(digest string) (q inquiry, err error) {
	b, err := os.ReadFile(r.inquiryPath(digest))
	if err == nil {
		err = json.Unmarshal(b, &q)
	}
	if err == nil && q.Answers == nil {
		q.Answers = map[string]engine.Answer{}
	}
	if err != nil {
		return q, fmt.Errorf("inquiry about study %s: %w", digest, err)
	}
	return q, nil
}

// forgetInquiries makes the folder, and removes what commands that were cut off left.
func (r *Researcher) forgetInquiries() error {
	dir := filepath.Join(r.member.Home, inquiriesDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("inquiries: %w", err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("inquiries: %w", err)
	}
	for _, f := range files {
		if info, err := f.Info(); err == nil && r.now().Sub(info.ModTime()) > staleInquiry {
			os.Remove(filepath.Join(dir, f.Name()))
		}
	}
	return nil
}
