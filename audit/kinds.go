package audit

import (
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
)

// The kinds of entries. The catalogue says what each means and which facts it has.
const (
	Started            = "started"
	CharterJoined      = "charter.joined"
	StudyReceived      = "study.received"
	StudyDecided       = "study.decided"
	BudgetReserved     = "budget.reserved"
	BudgetRefused      = "budget.refused"
	RoundContributed   = "round.contributed"
	SetConfirmed       = "set.confirmed"
	ReceiptSigned      = "receipt.signed"
	BudgetSettled      = "budget.settled"
	StudyEnded         = "study.ended"
	DisclosureApplied  = "disclosure.applied"
	PolicyChanged      = "policy.changed"
	DatasetRegistered  = "dataset.registered"
	InquiryAnswered    = "inquiry.answered"
	CheckpointSeen     = "checkpoint.seen"
	CheckpointRefused  = "checkpoint.refused"
	LogRotated         = "log.rotated"
	MemberSeen         = "member.seen"
	EnvelopeAccepted   = "envelope.accepted"
	EnvelopesForgotten = "envelopes.forgotten"
	ConsentState       = "consent.state"
	ConsentCohort      = "consent.cohort"
)

// A Form is what the text of a fact looks like. There is none for free text.
type Form string

const (
	Digest  Form = "digest"  // 64 lower-case hexadecimal digits
	ID      Form = "id"      // 32 to 64 lower-case hexadecimal digits
	Member  Form = "member"  // a name in the charter
	Members Form = "members" // names in the charter, sorted, with commas between
	Label   Form = "label"   // a name that a person gave to a dataset, an analysis or a rule
	Count   Form = "count"   // a whole number from 0, in decimal
	Amount  Form = "amount"  // a number from 0, in the shortest decimal of a float64
	Word    Form = "word"    // one of the words that the fact lists
)

// A Fact is one key of a kind.
type Fact struct {
	Key      string
	Form     Form
	Words    []string // Word: which
	Optional bool
}

// A Kind is one entry of the catalogue.
type Kind struct {
	Name  string
	Means string
	Study bool // it is about a study, which the entry names
	Facts []Fact
}

// Kinds is the catalogue.
func Kinds() []Kind { return slices.Clone(catalogue[:]) }

func need(key string, f Form) Fact          { return Fact{Key: key, Form: f} }
func may(key string, f Form) Fact           { return Fact{Key: key, Form: f, Optional: true} }
func word(key string, words ...string) Fact { return Fact{Key: key, Form: Word, Words: words} }
func mayWord(key string, words ...string) Fact {
	return Fact{Key: key, Form: Word, Words: words, Optional: true}
}

var catalogue = [...]Kind{
	{Started, "the process began, with this program and charter", false, []Fact{need("version", Label), may("charter", Digest)}},
	{CharterJoined, "a charter was pinned", false, []Fact{need("charter", Digest)}},
	{StudyReceived, "a study arrived; who: the researcher", true, []Fact{may("dataset", Label), may("lead", Member)}},
	{StudyDecided, "the site's decision over a study; who: the steward, where one decided", true, []Fact{word("decision", "permit", "ask", "refuse"), may("rule", Label), may("policy", Digest), may("reason", Label)}},
	{BudgetReserved, "privacy was set aside before anything was computed", true, []Fact{need("dataset", Label), may("reservation", Digest), may("round", Count), may("epsilon", Amount), may("delta", Amount), may("rho", Amount), may("question", Digest)}},
	{BudgetRefused, "the budget did not cover what was asked", true, []Fact{need("dataset", Label), may("round", Count), may("epsilon", Amount), may("delta", Amount), may("rho", Amount), may("left_epsilon", Amount), may("left_rho", Amount)}},
	{RoundContributed, "the site's masked vector of a round was made; digest: of the masked vector", true, []Fact{need("round", Count), need("digest", Digest), may("words", Count), mayWord("noise", "drawn", "sticky", "none"), may("snapshot", Digest)}},
	{SetConfirmed, "the site agreed to whose vectors a round's sum is made of", true, []Fact{need("round", Count), need("contributors", Members)}},
	{ReceiptSigned, "the site endorsed a result's receipt", true, []Fact{need("receipt", Digest)}},
	{BudgetSettled, "what was reserved is spent or given back", true, []Fact{need("dataset", Label), may("reservation", Digest), may("round", Count), word("outcome", "spent", "returned", "sticky"), may("epsilon", Amount), may("delta", Amount), may("rho", Amount)}},
	{StudyEnded, "a study is over at this site; reason: a kind of docs/errors.md", true, []Fact{word("status", "completed", "refused", "failed", "cancelled", "expired"), may("reason", Label)}},
	{DisclosureApplied, "a rule of disclosure control acted on a result", true, []Fact{need("analysis", Label), need("rule", Label), need("suppressed", Count)}},
	{PolicyChanged, "another policy is in force", false, []Fact{need("to", Digest), may("from", Digest)}},
	{DatasetRegistered, "a dataset was registered, replaced or removed", false, []Fact{need("dataset", Label), word("change", "added", "replaced", "removed"), may("digest", Digest)}},
	{InquiryAnswered, "someone asked what the site would say to a study", true, []Fact{word("decision", "permit", "ask", "refuse"), may("dataset", Label), may("rule", Label)}},
	{CheckpointSeen, "another member's checkpoint fits those kept before", false, []Fact{need("member", Member), need("size", Count), need("root", Digest)}},
	{CheckpointRefused, "another member's checkpoint contradicts one kept before", false, []Fact{need("member", Member), need("size", Count), need("root", Digest), need("earlier_size", Count), need("earlier_root", Digest)}},
	{LogRotated, "the log goes on in another file", false, []Fact{need("file", Count)}},
	{MemberSeen, "the hub heard from a member for the first time", false, []Fact{need("member", Member)}},
	{EnvelopeAccepted, "the hub has a sealed message whole", false, []Fact{need("id", ID), need("from", Member), need("to", Member), need("bytes", Count), need("digest", Digest)}},
	{EnvelopesForgotten, "the hub forgot messages of one sender to one recipient that nobody fetched in time", false, []Fact{need("from", Member), need("to", Member), need("count", Count)}},
	{ConsentState, "another register of consents is in force for a dataset", false, []Fact{need("dataset", Label), need("state", Digest), need("rules", Digest), need("changes", Digest)}},
	{ConsentCohort, "consent was applied to a study's cohort", true, []Fact{need("dataset", Label), word("purpose", "research", "quality", "public-health", "education"), need("day", Label), need("state", Digest), need("cohort", Digest)}},
}

// kind looks a kind up.
func kind(name string) (Kind, bool) {
	for _, k := range catalogue {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

var (
	digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
	idForm     = regexp.MustCompile(`^[0-9a-f]{32,64}$`)
	memberForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)
	labelForm  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._+-]{0,62}[A-Za-z0-9])?$`)
	whoForm    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._@-]{0,63}$`)
)

// maxMembers is how many names a fact of form Members holds.
const maxMembers = 1000

// allows says whether text has the fact's form. The text itself is never
// repeated in an error: it may be what must not be told.
func (f Fact) allows(text string) bool {
	switch f.Form {
	case Digest:
		return digestForm.MatchString(text)
	case ID:
		return idForm.MatchString(text)
	case Member:
		return memberForm.MatchString(text)
	case Members:
		names := strings.Split(text, ",")
		if text == "" {
			names = nil
		}
		return len(names) <= maxMembers && slices.IsSorted(names) && len(slices.Compact(slices.Clone(names))) == len(names) &&
			!slices.ContainsFunc(names, func(n string) bool { return !memberForm.MatchString(n) })
	case Label:
		return labelForm.MatchString(text)
	case Count:
		n, err := strconv.ParseInt(text, 10, 64)
		return err == nil && n >= 0 && strconv.FormatInt(n, 10) == text
	case Amount:
		x, err := strconv.ParseFloat(text, 64)
		return err == nil && x >= 0 && FormatAmount(x) == text
	case Word:
		return slices.Contains(f.Words, text)
	}
	return false
}

// FormatAmount is the text of a fact of form Amount.
func FormatAmount(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// FormatCount is the text of a fact of form Count.
func FormatCount[T ~int | ~int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// FormatMembers is the text of a fact of form Members.
func FormatMembers(names []string) string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(names))), ",")
}

// FormatWho makes the name of an account fit for Who: what an operating system
// allows beyond letters, digits and ._@- becomes "_".
func FormatWho(account string) string {
	who := plain(account, "._@-")
	if who != "" && !whoForm.MatchString(who) {
		who = "_" + who[1:]
	}
	return who
}

// FormatLabel makes a name that a person chose, as of a rule of a policy, fit for
// a fact of form Label: what a label cannot hold becomes "_". It is not for text
// that came of data.
func FormatLabel(name string) string {
	label := strings.Trim(plain(name, "._+-"), "._+-")
	if label == "" {
		return "unnamed"
	}
	return label
}

// plain puts "_" for every character but letters, digits and those of more, and
// keeps the first 64.
func plain(text, more string) string {
	out := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z' {
			if !strings.ContainsRune(more, r) {
				return '_'
			}
		}
		return r
	}, text)
	return out[:min(len(out), 64)]
}

// ProgramVersion is the version of this program as a fact of form Label.
func ProgramVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version
	if version = version[:min(len(version), 64)]; !labelForm.MatchString(version) {
		return "development"
	}
	return version
}

// checkFacts refuses what the kind does not list, and names what is missing.
func (k Kind) checkFacts(facts map[string]string) error {
	known := 0
	for _, f := range k.Facts {
		text, ok := facts[f.Key]
		switch {
		case ok && !f.allows(text):
			return fmt.Errorf("entry %s: the fact %s is not a %s%s", k.Name, f.Key, f.Form, f.choice())
		case !ok && !f.Optional:
			return fmt.Errorf("entry %s: the fact %s is missing", k.Name, f.Key)
		case ok:
			known++
		}
	}
	if known != len(facts) {
		return fmt.Errorf("entry %s: it has a fact that its kind does not list (kinds.go); nothing else may stand in the log", k.Name)
	}
	return nil
}

func (f Fact) choice() string {
	if f.Form != Word {
		return ""
	}
	return " of " + strings.Join(f.Words, ", ")
}
