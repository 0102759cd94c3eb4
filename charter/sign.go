package charter

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hmsp.center/hmsp/identity"
)

// ErrUnsigned is wrapped by the error of CheckSigned and Verify when only
// signatures are missing.
var ErrUnsigned = errors.New("not every site has signed the charter")

// Sign adds a site's signature, in place of an earlier one of the same site. It
// refuses a charter that is not complete, and a signer that the charter does not
// list as a site with these keys. Signatures are kept in the members' order.
func (c *Charter) Sign(id *identity.Identity) error {
	if err := c.Complete(); err != nil {
		return fmt.Errorf("sign charter: %w", err)
	}
	m, ok := c.Member(id.Name())
	switch {
	case !ok:
		return fmt.Errorf("sign charter: %q is no member of %s: add it first", id.Name(), c.Name)
	case m.Role != identity.Site:
		return fmt.Errorf("sign charter: %q is a %s: sites sign the charter", m.Name, m.Role)
	case m != id.Public():
		return fmt.Errorf("sign charter: the charter has other keys for %q than this identity: compare the fingerprints and add the member anew", m.Name)
	}
	text, err := c.Canonical()
	if err != nil {
		return fmt.Errorf("sign charter: %w", err)
	}
	signatures := slices.DeleteFunc(slices.Clone(c.Signatures), func(s Signature) bool { return s.Member == m.Name })
	signatures = append(signatures, Signature{m.Name, identity.NewSignature(id.Sign(identity.ContextCharter, text))})
	order := func(name string) int {
		return slices.IndexFunc(c.Members, func(m identity.Public) bool { return m.Name == name })
	}
	slices.SortStableFunc(signatures, func(a, b Signature) int { return cmp.Compare(order(a.Member), order(b.Member)) })
	c.Signatures = signatures
	return nil
}

// CheckSigned checks that every site has signed, that nobody else has, and that
// each signature fits the charter as it is. The error names who is at fault; it
// wraps ErrUnsigned if only signatures are missing.
func (c *Charter) CheckSigned() error {
	text, err := c.Canonical()
	if err != nil {
		return fmt.Errorf("charter: %w", err)
	}
	var fs faults
	c.signatureFaults(&fs)
	for _, f := range fs {
		return errors.New(f.text)
	}
	for _, s := range c.Signatures {
		m, _ := c.Member(s.Member)
		if err := identity.Verify(m, identity.ContextCharter, text, s.Signature.Bytes()); err != nil {
			return fmt.Errorf("the charter was changed after %q signed it, or the signature is not theirs: %w", m.Name, err)
		}
	}
	if names := c.missing(); len(names) > 0 {
		return fmt.Errorf("%w: missing %s; each runs `hmsp charter sign`", ErrUnsigned, strings.Join(names, ", "))
	}
	return nil
}

// Verify accepts a charter that a consortium can work under: complete, and
// signed by every site.
func (c *Charter) Verify() error {
	if err := c.Complete(); err != nil {
		return fmt.Errorf("charter %s: %w", c.Name, err)
	}
	if err := c.CheckSigned(); err != nil {
		return fmt.Errorf("charter %s: %w", c.Name, err)
	}
	return nil
}
