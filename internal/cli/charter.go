package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"hmsp.center/hmsp/charter"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/member"
	"hmsp.center/hmsp/law/policy"
	"hmsp.center/hmsp/manifest"
	"hmsp.center/hmsp/table"
)

func charterCommand(a *app) *cobra.Command {
	c := &cobra.Command{Use: "charter", Short: "The consortium's founding document: members, rules, dictionary",
		Example: "  hmsp charter init lung-network --hub hub/hub.member.yaml --dictionary dictionary.yaml --out charter.yaml"}
	c.AddCommand(charterInit(a), charterAdd(a), charterSign(a), charterShow(a))
	return c
}

func charterInit(a *app) *cobra.Command {
	var hub, dictionary, out string
	c := &cobra.Command{Use: "init NAME", Short: "Begin a charter",
		Example: "  hmsp charter init lung-network --hub hub/hub.member.yaml --dictionary dictionary.yaml --out charter.yaml",
		Args:    exactArgs("a name"),
		RunE: func(_ *cobra.Command, args []string) error {
			ch := charter.New(args[0])
			card, err := member.ReadCard(hub)
			if err != nil {
				return input(err)
			}
			if card.Role != identity.Hub {
				return inputf("%s is the card of a %s: --hub takes the card that `hmsp hub init` wrote", hub, card.Role)
			}
			ch.Hub = charter.Hub{Name: card.Name, URL: card.URL, Root: card.Root}
			ch.Members = append(ch.Members, card.Public())
			if dictionary != "" {
				if ch.Dictionary, err = readDictionary(dictionary); err != nil {
					return input(err)
				}
			}
			if err := ch.Valid(); err != nil {
				return input(err)
			}
			if err := writeNew(out, ch, "The charter of a consortium. Add members with `hmsp charter add`, write the\ndictionary, then every site signs with `hmsp charter sign`."); err != nil {
				return err
			}
			a.printf("wrote %s; next: hmsp charter add %s CARD...\n", out, out)
			return nil
		}}
	c.Flags().StringVar(&hub, "hub", "", "card of the hub, as the command hub init wrote it")
	c.Flags().StringVar(&dictionary, "dictionary", "", "file with the variables (hmsp: dictionary/v1)")
	c.Flags().StringVar(&out, "out", "charter.yaml", "file to write")
	_ = c.MarkFlagRequired("hub")
	return c
}

func charterAdd(a *app) *cobra.Command {
	return &cobra.Command{Use: "add CHARTER CARD...", Short: "Add members by their cards; removes all signatures",
		Example: "  hmsp charter add charter.yaml north/north.member.yaml ruth/ruth.member.yaml",
		Args:    atLeastArgs(2, "a charter file", "the members' cards"),
		RunE: func(_ *cobra.Command, args []string) error {
			ch, err := charter.Read(args[0])
			if err != nil {
				return input(err)
			}
			for _, path := range args[1:] {
				card, err := member.ReadCard(path)
				if err != nil {
					return input(err)
				}
				if old, ok := ch.Member(card.Name); ok && old != card.Public() {
					return inputf("%s: the charter has a member %q with other keys: compare the fingerprints (%s there, %s here) and remove the old entry by hand if it is to be replaced", path, card.Name, old.Fingerprint(), card.Public().Fingerprint())
				} else if ok {
					a.printf("%s is a member already\n", card.Name)
					continue
				}
				ch.Members = append(ch.Members, card.Public())
				a.printf("added %s %s (%s)\n", card.Role, card.Name, card.Public().Fingerprint())
			}
			slices.SortStableFunc(ch.Members, func(x, y identity.Public) int { return roleOrder(x.Role) - roleOrder(y.Role) })
			ch.Signatures = nil
			if err := ch.Valid(); err != nil {
				return input(err)
			}
			return manifest.Replace(args[0], ch, "")
		}}
}

func roleOrder(r identity.Role) int {
	return slices.Index([]identity.Role{identity.Hub, identity.Site, identity.Researcher}, r)
}

func charterSign(a *app) *cobra.Command {
	var home string
	c := &cobra.Command{Use: "sign CHARTER", Short: "Sign the charter for this site",
		Example: "  hmsp charter sign charter.yaml --home north",
		Args:    exactArgs("a charter file"),
		RunE: func(_ *cobra.Command, args []string) error {
			ch, err := charter.Read(args[0])
			if err != nil {
				return input(err)
			}
			m, err := member.Open(home)
			if err != nil {
				return input(err)
			}
			if m.Identity.Role() == identity.Site {
				if err := allowed(home, policy.Configure); err != nil {
					return err
				}
			}
			if err := ch.Sign(m.Identity); err != nil {
				return coded{err, exitRefused}
			}
			if err := manifest.Replace(args[0], ch, ""); err != nil {
				return err
			}
			a.printf("%s signed %s, digest %s\n", m.Identity.Name(), ch.Name, ch.Digest())
			if err := ch.CheckSigned(); errors.Is(err, charter.ErrUnsigned) {
				a.printf("%v\n", err)
			} else if err == nil {
				a.printf("every site has signed; each member joins with `hmsp site join` or `hmsp researcher join`\n")
			}
			return nil
		}}
	homeFlag(c, &home)
	return c
}

func charterShow(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{Use: "show CHARTER", Short: "Show members, rules, variables and who has signed",
		Example: "  hmsp charter show charter.yaml",
		Args:    exactArgs("a charter file"),
		RunE: func(_ *cobra.Command, args []string) error {
			ch, err := charter.Read(args[0])
			if err != nil {
				return input(err)
			}
			if asJSON {
				e := json.NewEncoder(a.out)
				e.SetIndent("", "  ")
				return e.Encode(ch)
			}
			a.printf("%s\ndigest  %s\nhub     %s at %s\nrules   %d may collude, %d honest contributors besides, at most %d rows a site\n",
				ch.Name, ch.Digest(), ch.Hub.Name, ch.Hub.URL, ch.Rules.Colluders, ch.Rules.HonestContributors, ch.Rules.MaxRows)
			for _, m := range ch.Members {
				signed := ""
				if m.Role == identity.Site {
					signed = "not signed"
					if slices.ContainsFunc(ch.Signatures, func(s charter.Signature) bool { return s.Member == m.Name }) {
						signed = "signed"
					}
				}
				a.printf("  %-10s %-20s %s  %s\n", m.Role, m.Name, m.Fingerprint(), signed)
			}
			for _, v := range ch.Dictionary {
				a.printf("  %s\n", describeVariable(v))
			}
			if err := ch.Verify(); err != nil {
				a.printf("not in force: %v\n", err)
				return nil
			}
			a.printf("in force: complete, and signed by every site\n")
			return nil
		}}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func describeVariable(v table.Variable) string {
	switch v.Kind {
	case table.Category:
		codes := ""
		for i, l := range v.Levels {
			if i > 0 {
				codes += ", "
			}
			codes += l.Code
			if l.Label != "" {
				codes += " " + l.Label
			}
		}
		return fmt.Sprintf("%-16s %-9s %s", v.Name, v.Kind, codes)
	case table.Flag:
		return fmt.Sprintf("%-16s %s", v.Name, v.Kind)
	}
	return fmt.Sprintf("%-16s %-9s %v to %v %s", v.Name, v.Kind, v.Min, v.Max, v.Unit)
}

// writeNew writes a manifest, refusing to overwrite.
func writeNew(path string, v any, comment string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	err := manifest.Write(path, v, comment)
	if errors.Is(err, fs.ErrExist) {
		return inputf("%s exists: remove it or name another file", path)
	}
	return err
}
