package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/atomicfile"
	"hmsp.center/hmsp/cohort"
	"hmsp.center/hmsp/dp/account"
	"hmsp.center/hmsp/dp/ledger"
	"hmsp.center/hmsp/internal/site"
	"hmsp.center/hmsp/internal/store"
	"hmsp.center/hmsp/law/policy"
	"hmsp.center/hmsp/plot"
)

func ledgerCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "ledger", Short: "The privacy ledger of a site: what studies may spend of its patients' privacy, and what they spent",
		Example: "  hmsp ledger show --home north\n  hmsp ledger explain lung-survival --home north"}
	c.AddCommand(ledgerShow(a), ledgerExplain(a))
	return c
}

// A book is a ledger as the commands read it.
type book struct {
	Site string `json:"site"`
	// Live is false where the site runs and has the ledger open: it is the copy then
	// that the site writes after each change.
	Live     bool          `json:"live"`
	Now      time.Time     `json:"now"`
	Accounts []accountView `json:"accounts"`
	ledger.Snapshot
	studies map[string]string // names, by digest
}

// An accountView is a balance with rho stated as epsilon at the site's delta.
type accountView struct {
	ledger.Balance
	EpsilonLimit    float64 `json:"epsilon_limit"`
	EpsilonSpent    float64 `json:"epsilon_spent"`
	EpsilonLeft     float64 `json:"epsilon_left"`
	EpsilonSpentPLD float64 `json:"epsilon_spent_pld"` // by privacy loss distributions: the closest
}

// readBook reads a site's ledger, whether the site runs or not.
func (a *app) readBook(home string) (*book, error) {
	m, err := siteHome(home, policy.Read)
	if err != nil {
		return nil, err
	}
	b := &book{Site: m.Identity.Name(), Now: a.now().UTC(), studies: map[string]string{}}
	if err := b.read(home); err != nil {
		return nil, err
	}
	for _, x := range b.Balances {
		w := accountView{Balance: x, EpsilonLimit: account.EpsilonOfRho(x.Limit, x.Delta), EpsilonSpent: account.EpsilonOfRho(x.Spent, x.Delta), EpsilonLeft: account.EpsilonOfRho(x.Left, x.Delta)}
		if w.EpsilonSpentPLD, err = account.PLD().Epsilon(b.Events(x.Dataset, b.Now), x.Delta); err != nil {
			return nil, fmt.Errorf("epsilon of what was spent of %s: %w", x.Dataset, err)
		}
		b.Accounts = append(b.Accounts, w)
	}
	records, _, err := site.Studies(home)
	if err != nil {
		return nil, err
	}
	for digest, r := range records {
		b.studies[digest] = r.Study.Study.Name
	}
	return b, nil
}

// read takes the ledger itself, or the published copy while the site has it open.
func (b *book) read(home string) (err error) {
	limits, err := ledger.ReadLimits(home)
	if err != nil {
		return input(err)
	}
	datasets, err := site.Registry{Home: home}.List()
	if err != nil {
		return err
	}
	kept, err := store.ReadLedger(filepath.Join(home, store.LedgerFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		b.Live, b.Snapshot = true, ledger.NothingSpent(limits, datasets...)
		return nil
	case errors.Is(err, store.ErrInUse):
		if b.Snapshot, err = ledger.ReadSnapshot(home); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("the site has its ledger open and has not published it yet: try again in some seconds")
		}
		return err
	case err != nil:
		return err
	}
	defer kept.Close()
	l, err := ledger.Open(ledger.Config{Store: kept, Limits: limits, Cost: account.RhoOf, Epsilon: account.EpsilonOfRho, Parts: cohort.Disjoint, Now: func() time.Time { return b.Now }})
	if err != nil {
		return err
	}
	b.Live = true
	b.Snapshot, err = l.Snapshot(b.Now, datasets...)
	return err
}

// name is how a study is called: by its name where the home has its record.
func (b *book) name(digest string) string {
	if n := b.studies[digest]; n != "" {
		return n
	}
	return digest[:min(len(digest), 12)]
}

func ledgerShow(a *app) *cobra.Command {
	var home, dataset, svg string
	var asJSON bool
	c := &cobra.Command{Use: "show", Short: "Show limits, what was spent and what is left, and every study that was paid for",
		Long: `Amounts are rho of zero-concentrated differential privacy, in any 365 days; the
epsilon beside them is at the site's delta. Limits are set in budget.yaml in the
site's home. Nobody's personal balance exists.`,
		Example: "  hmsp ledger show --home north\n  hmsp ledger show --home north --dataset lung --svg spending.svg",
		Args:    noArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			b, err := a.readBook(home)
			if err != nil {
				return err
			}
			if dataset != "" {
				if err := b.only(dataset); err != nil {
					return err
				}
			}
			if svg != "" {
				if err := b.draw(svg); err != nil {
					return err
				}
			}
			if asJSON {
				e := json.NewEncoder(a.out)
				e.SetIndent("", "  ")
				return e.Encode(b)
			}
			a.showBook(b)
			return nil
		}}
	homeFlag(c, &home)
	c.Flags().StringVar(&dataset, "dataset", "", "only this dataset")
	c.Flags().StringVar(&svg, "svg", "", "write the year's spending as a picture to this `file`; of one dataset")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// only leaves the account of one dataset.
func (b *book) only(dataset string) error {
	name := b.Limits.Account(dataset)
	var accounts []accountView
	var known []string
	for _, x := range b.Accounts {
		known = append(known, x.Dataset)
		if x.Dataset == name {
			accounts = append(accounts, x)
		}
	}
	if accounts == nil {
		return inputf("the ledger of %s knows no dataset %q: it has %s", b.Site, dataset, strings.Join(append(known, "none else"), ", "))
	}
	b.Accounts, b.Balances = accounts, nil
	var entries []ledger.Entry
	for _, e := range b.Entries {
		if b.Limits.Account(e.Dataset) == name {
			entries = append(entries, e)
		}
	}
	b.Entries = entries
	for _, x := range accounts {
		b.Balances = append(b.Balances, x.Balance)
	}
	return nil
}

// draw writes the picture of one account's year.
func (b *book) draw(path string) error {
	if len(b.Accounts) != 1 {
		return inputf("a picture shows one dataset and the ledger has %d: name one with --dataset", len(b.Accounts))
	}
	return atomicfile.Write(path, plot.SVG(b.figure(b.Accounts[0]), plot.Options{}), 0o644)
}

// day is how dates are written.
const day = "2006-01-02"

func (a *app) showBook(b *book) {
	a.printf("privacy ledger of %s\n", b.Site)
	switch {
	case !b.Live && b.At.IsZero():
		a.printf("(the site is running and has booked nothing yet)\n")
	case !b.Live:
		a.printf("(the site is running; this is its copy of %s)\n", b.At.Format("2006-01-02 15:04:05"))
	}
	a.printf("rho in any 365 days, and epsilon at the site's delta\n\n")
	rows := [][]string{{"dataset", "limit", "spent", "reserved", "left", "delta", "next renewal"}}
	for _, x := range b.Accounts {
		next := "-"
		if x.Renews != nil {
			next = x.Renews.Format(day)
		}
		rows = append(rows, []string{x.Dataset, amounts(x.Limit, x.EpsilonLimit), amounts(x.Spent, x.EpsilonSpent), rho(x.Reserved), amounts(x.Left, x.EpsilonLeft), fmt.Sprintf("%.3g", x.Delta), next})
	}
	a.columns(rows)
	for _, x := range b.Accounts {
		a.printf("\n%s: the last 365 days, each column a week\n%s", x.Dataset, b.chart(x))
		if x.Spent > 0 {
			a.printf("together epsilon %.4g by the closest accountant\n", account.Ceil(x.EpsilonSpentPLD))
		}
	}
	a.showCaps(b)
	a.showEntries(b)
}

func (a *app) showCaps(b *book) {
	rows := [][]string{{"who", "name", "limit", "spent", "reserved"}}
	for _, c := range b.Caps {
		limit := "none"
		if c.Limit > 0 {
			limit = rho(c.Limit)
		}
		rows = append(rows, []string{c.Scope, c.Name, limit, rho(c.Spent), rho(c.Reserved)})
	}
	if len(rows) > 1 {
		a.printf("\n")
		a.columns(rows)
	}
}

func (a *app) showEntries(b *book) {
	if len(b.Entries) == 0 {
		a.printf("\nno study was paid for yet\n")
		return
	}
	a.printf("\n")
	rows := [][]string{{"asked", "study", "dataset", "researcher", "purpose", "spent", "of", "state"}}
	for _, e := range b.Entries {
		whole := 0.0
		for _, r := range e.Rounds {
			whole += r.Rho
		}
		rows = append(rows, []string{e.At.Format(day), b.name(e.Study), e.Dataset, e.Researcher, e.Purpose, rho(e.Spent()), rho(whole), standing(e)})
	}
	a.columns(rows)
}

// standing is how an entry stands, in a word or two.
func standing(e ledger.Entry) string {
	s := "settled"
	if e.Running {
		s = "running"
	}
	if e.Sticky() {
		s += ", paid before"
	}
	return s
}

func amounts(r, epsilon float64) string { return fmt.Sprintf("%s (eps %.3g)", rho(r), epsilon) }

func rho(x float64) string { return fmt.Sprintf("%.4g", math.Round(x*1e9)/1e9) }

// columns prints rows with their columns aligned.
func (a *app) columns(rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, c := range r {
			widths[i] = max(widths[i], len([]rune(c)))
		}
	}
	for _, r := range rows {
		var line strings.Builder
		for i, c := range r {
			fmt.Fprintf(&line, "%-*s  ", widths[i], c)
		}
		a.printf("%s\n", strings.TrimRight(line.String(), " "))
	}
}
