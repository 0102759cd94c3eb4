package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hmsp.center/hmsp/receipt"
)

// A Paragraph is one heading of the receipt in words, with its sentences.
type Paragraph struct {
	Heading   string
	Sentences []string
}

// Words says the receipt for a person who must answer for the data: who asked,
// who took part, what left the sites, who learned what, what protects it and how
// it can be checked.
func Words(r receipt.Receipt) []Paragraph {
	return []Paragraph{
		{"Who asked", asked(r)},
		{"Who contributed", contributed(r)},
		{"What left the sites", left(r)},
		{"Who learned what", learned(r)},
		{"What protects the patients", append(protected(r), published(r)...)},
		{"How this can be checked", checked(r)},
	}
}

// trial says whether one process held all data: a study tried out locally.
func trial(r receipt.Receipt) bool { return r.Rules == receipt.Rules{} }

func asked(r receipt.Receipt) []string {
	began, ended := r.Started.UTC(), r.Ended.UTC()
	until := ended.Format("15:04:05")
	if began.YearDay() != ended.YearDay() || began.Year() != ended.Year() {
		until = ended.Format("2 January 2006, 15:04:05")
	}
	s := []string{fmt.Sprintf("%s submitted the study “%s”. It ran from %s to %s (UTC).", r.Researcher, r.Study.Name, began.Format("2 January 2006, 15:04:05"), until)}
	if r.Study.Purpose != "" {
		s = append(s, "Purpose: "+r.Study.Purpose+".")
	}
	if r.Study.LegalBasis != "" {
		s = append(s, "Legal basis as the researcher stated it: "+r.Study.LegalBasis+".")
	}
	return s
}

func contributed(r receipt.Receipt) []string {
	s := []string{fmt.Sprintf("%s contributed (%d of %d sites asked).", list(r.Contributors), len(r.Contributors), len(r.Contributors)+len(r.Absent))}
	for _, a := range r.Absent {
		line := fmt.Sprintf("%s did not contribute: %s", a.Site, strings.TrimSuffix(a.Reason, "."))
		if !a.Since.IsZero() {
			line += " (since " + a.Since.UTC().Format("2 January 2006, 15:04") + " UTC)"
		}
		s = append(s, line+".")
	}
	if len(r.Absent) > 0 {
		s = append(s, "The result describes the patients of the contributing sites only.")
	}
	return s
}

func left(r receipt.Receipt) []string {
	numbers := 0
	for _, d := range r.Rounds {
		for _, o := range d.Opened {
			numbers += o.Numbers
		}
	}
	how := "No patient's record left a site. In each round every site sent one list of numbers, hidden under random masks that cancel only in the sum over the sites; that sum alone was opened."
	if trial(r) {
		how = "This was a trial on one computer: one process read the data of all sites and computed the same sums that a federation would open."
	}
	return []string{how, fmt.Sprintf("%s opened, %s in all.", count(len(r.Rounds), "sum was", "sums were"), count(numbers, "number", "numbers"))}
}

func learned(r receipt.Receipt) []string {
	if trial(r) {
		return []string{"Whoever ran the trial could read everything."}
	}
	s := []string{}
	var to []string
	for _, d := range r.Rounds {
		for _, m := range d.To {
			if !slices.Contains(to, m) {
				to = append(to, m)
			}
		}
	}
	if len(to) > 0 {
		s = append(s, fmt.Sprintf("The opened sums were seen by %s. %s led the computation.", list(to), r.Lead))
	}
	if !slices.Contains(to, r.Researcher) {
		s = append(s, fmt.Sprintf("%s received the result, and not the sums on the way to it.", r.Researcher))
	}
	return append(s, "The hub passed on sealed messages and could read none of them.")
}

func protected(r receipt.Receipt) []string {
	if trial(r) {
		return []string{"No rule protected the data from whoever ran the trial."}
	}
	s := []string{fmt.Sprintf("A sum opened only when at least %d sites agreed on exactly whose data are in it, so that for each round one set of sites can be opened and no second one.", r.Rules.Shares)}
	if r.Rules.Colluders > 0 {
		s = append(s, fmt.Sprintf("Even if the hub and %s pooled all they saw, they would learn no more about another site than the sum tells.", count(r.Rules.Colluders, "site", "sites")))
	}
	if r.Rules.Honest > 0 {
		s = append(s, fmt.Sprintf("Every site for itself asked for at least %s besides those.", count(r.Rules.Honest, "contributor", "contributors")))
	}
	return s
}

// published says what protects the patients from what the result itself tells.
func published(r receipt.Receipt) []string {
	p := r.Privacy
	if p == nil {
		s := []string{"The sums are exact: no noise was added, so the result reveals whatever these sums reveal."}
		for _, a := range r.Disclosure {
			s = append(s, fmt.Sprintf("Disclosure rule “%s” on %s: %s.", a.Rule, strings.TrimSpace(a.Analysis+" "+a.Table), strings.TrimSuffix(a.Text, ".")))
		}
		return s
	}
	s := []string{
		fmt.Sprintf("Every opened number carries random noise. The study was allowed epsilon %v with delta %v for each %s: whoever sees the result can change their belief about whether one %s took part by a factor of at most e^%v, but for a chance of %v.", p.Epsilon, p.Delta, p.Unit, p.Unit, p.Epsilon, p.Delta),
		fmt.Sprintf("The noise of any %s alone covers this; the others' comes on top.", count(p.Honest, "honest contributor", "honest contributors")),
	}
	best := p.Spent[0]
	for _, a := range p.Spent {
		if a.Epsilon <= best.Epsilon { // of equals, the sharpest comes last
			best = a
		}
	}
	s = append(s, fmt.Sprintf("Spent: epsilon %v at delta %v, by the tightest of %s (%s).", best.Epsilon, best.Delta, count(len(p.Spent), "accountant", "accountants"), best.Accountant))
	return append(s, fmt.Sprintf("Each site's ledger books rho %v (zero-concentrated differential privacy) for it.", p.Rho))
}

func checked(r receipt.Receipt) []string {
	s := []string{}
	switch {
	case trial(r):
	case r.Verified:
		s = append(s, "Every opened sum was checked against what the sites had committed to before; a falsified sum would have been noticed.")
	default:
		s = append(s, "The study did not ask to check the opened sums against the sites' commitments.")
	}
	switch missing := r.Unsigned(); {
	case len(r.Signatures) == 0:
		s = append(s, "Nobody has signed this receipt.")
	case len(missing) == 0:
		s = append(s, fmt.Sprintf("All %d contributors signed this receipt.", len(r.Contributors)))
	default:
		s = append(s, fmt.Sprintf("%d of %d contributors signed this receipt; missing: %s.", len(r.Signatures), len(r.Contributors), list(missing)))
	}
	if n := len(r.Data); n > 0 {
		s = append(s, fmt.Sprintf("It names the data of %s by digests under keys of their own: two receipts with the same one are of the same data.", count(n, "contributor", "contributors")))
	}
	if n := len(r.Logs); n > 0 {
		s = append(s, fmt.Sprintf("Under this receipt stands where the audit log of %s stood; a log that was rewritten since no longer fits it.", count(n, "contributor", "contributors")))
	}
	return append(s, "Digest of the study (SHA-256): "+r.Study.Digest, "Digest of the charter: "+r.Charter, "Digest of the result: "+r.Result)
}

// An Opening is what one analysis opened in one or more rounds alike.
type Opening struct {
	Analysis     string
	First, Last  int    // rounds, counted from 1
	What         string // without a full stop
	Numbers      int    // per round
	RingBits     int
	Rows         *int
	Contributors []string
}

// Rounds writes which rounds these are: "round 3" or "rounds 3–7".
func (o Opening) Rounds() string {
	if o.First == o.Last {
		return fmt.Sprintf("round %d", o.First)
	}
	return fmt.Sprintf("rounds %d–%d", o.First, o.Last)
}

// Openings lists what was opened, in order; rounds in which an analysis opened
// the same kind of sum stand together.
func Openings(r receipt.Receipt) []Opening {
	var out []Opening
	at := map[string]int{} // analysis: its last entry
	for i, d := range r.Rounds {
		for _, o := range d.Opened {
			n := Opening{o.Analysis, i + 1, i + 1, strings.TrimSuffix(o.What, "."), o.Numbers, o.RingBits, o.Rows, d.Contributors}
			if k, ok := at[o.Analysis]; ok && out[k].continues(n) {
				out[k].Last = i + 1
				continue
			}
			at[o.Analysis] = len(out)
			out = append(out, n)
		}
	}
	return out
}

func (o Opening) continues(n Opening) bool {
	return o.Last+1 == n.First && o.What == n.What && o.Numbers == n.Numbers && o.RingBits == n.RingBits &&
		slices.Equal(o.Contributors, n.Contributors) && o.rows() == n.rows()
}

func (o Opening) rows() int {
	if o.Rows == nil {
		return -1
	}
	return *o.Rows
}

// list joins names as a sentence does.
func list(names []string) string {
	switch n := len(names); n {
	case 0:
		return "nobody"
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Took writes how long a study ran: "11 minutes 41 seconds", below a minute to
// the tenth.
func Took(r receipt.Receipt) string {
	d := r.Ended.Sub(r.Started)
	if d < time.Minute {
		return fmt.Sprintf("%.1f seconds", d.Seconds())
	}
	d = d.Round(time.Second)
	hours, minutes, seconds := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case hours > 0:
		return count(hours, "hour", "hours") + " " + count(minutes, "minute", "minutes")
	default:
		return count(minutes, "minute", "minutes") + " " + count(seconds, "second", "seconds")
	}
}
