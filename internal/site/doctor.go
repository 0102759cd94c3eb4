package site

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"

	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/dataset"
	"hmsp.center/hmsp/federation"
	"hmsp.center/hmsp/identity"
	"hmsp.center/hmsp/internal/member"
)

// A Finding is one check of the doctor: what was found, and if something is
// wrong, the problem and its mend.
type Finding struct{ Name, Found, Problem, Mend string }

// minimumDisk is the free space below which the doctor warns: one large study.
const minimumDisk = 2 << 30

// Doctor checks what a site needs to take part.
func Doctor(ctx context.Context, home string, cat catalog.Catalog, now func() time.Time) []Finding {
	m, err := member.Open(home)
	if err != nil {
		return []Finding{{Name: "keys", Problem: err.Error(), Mend: "name the site's folder with --home, or make one with `hmsp site init`"}}
	}
	out := []Finding{{Name: "keys", Found: fmt.Sprintf("%s %s (%s)", m.Identity.Role(), m.Identity.Name(), m.Identity.Public().Fingerprint())}}
	if m.Identity.Role() != identity.Site {
		out[0].Problem, out[0].Mend = "this is not a site's folder", "name the site's folder with --home"
	}
	out = append(out, disk(home), rules(home))
	if err := m.Joined(); err != nil {
		return append(out, Finding{Name: "charter", Problem: err.Error(), Mend: "get the signed charter and join it"})
	}
	charter := Finding{Name: "charter", Found: m.Charter.Name + " " + m.Charter.Digest()}
	if err := m.Charter.Verify(); err != nil {
		charter.Problem, charter.Mend = err.Error(), "get the charter again from whoever keeps it"
	}
	out = append(out, charter, proxy(m))
	out = append(out, reach(ctx, m, now)...)
	return append(out, data(ctx, m, cat)...)
}

// rules reads the policy in force.
func rules(home string) Finding {
	f := Finding{Name: "policy"}
	p, err := member.ReadPolicy(home)
	if err != nil {
		f.Problem, f.Mend = err.Error(), "mend "+filepath.Join(home, member.PolicyFile)+", or put the default in force with `hmsp policy set --default`; until then every study is refused"
		return f
	}
	f.Found = fmt.Sprintf("%d rules, digest %.12s", len(p.Rules()), p.Digest())
	return f
}

func disk(home string) Finding {
	f := Finding{Name: "disk"}
	probe := filepath.Join(home, ".doctor")
	if err := os.WriteFile(probe, []byte("x"), 0o600); err != nil {
		f.Problem, f.Mend = err.Error(), "let this account write to "+home
		return f
	}
	os.Remove(probe)
	var st syscall.Statfs_t
	if err := syscall.Statfs(home, &st); err != nil {
		f.Problem, f.Mend = err.Error(), "check the file system of "+home
		return f
	}
	free := st.Bavail * uint64(st.Bsize)
	f.Found = fmt.Sprintf("%.1f GiB free", float64(free)/(1<<30))
	if free < minimumDisk {
		f.Problem, f.Mend = "less than 2 GiB are free", "free space on the disk of "+home
	}
	return f
}

func proxy(m *member.Member) Finding {
	f := Finding{Name: "proxy", Found: "none: the hub is reached directly"}
	if m.Config.Proxy != "" {
		f.Found = m.Config.Proxy + " (" + member.ConfigFile + ")"
	} else if p := httpproxy.FromEnvironment().HTTPSProxy; p != "" {
		f.Found = "from HTTPS_PROXY"
	}
	return f
}

// reach asks the hub for its health: name, line, proxy, certificate, clock and
// charter all show in one request.
func reach(ctx context.Context, m *member.Member, now func() time.Time) []Finding {
	hub := Finding{Name: "hub", Found: m.Charter.Hub.URL}
	c, err := m.Connect(now, nil)
	if err != nil {
		hub.Problem, hub.Mend = err.Error(), "mend "+filepath.Join(m.Home, member.ConfigFile)
		return []Finding{hub}
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	h, err := c.Health(ctx)
	if err != nil {
		hub.Problem, hub.Mend = err.Error(), "see the problem; the hub's administrator can tell whether the hub runs"
		return []Finding{hub, {Name: "certificate", Found: "not checked: no connection"}, {Name: "clock", Found: "not checked: no connection"}}
	}
	out := []Finding{hub, {Name: "certificate", Found: "trusted, TLS 1.3 with hybrid post-quantum key agreement"}}
	skew := now().Sub(time.Unix(h.Time, 0)).Round(time.Second)
	clock := Finding{Name: "clock", Found: fmt.Sprintf("%s from the hub's", skew)}
	if skew.Abs() > federation.MaxSkew {
		clock.Problem, clock.Mend = fmt.Sprintf("the clocks are %s apart, at most %s are allowed", skew.Abs(), federation.MaxSkew), "set this machine's clock by a time server"
	}
	same := Finding{Name: "same charter", Found: h.Charter}
	if h.Charter != m.Charter.Digest() {
		same.Problem, same.Mend = "the hub serves another charter than the one that was joined", "compare the digests by telephone, and join the charter in force with --replace"
	}
	return append(out, clock, same)
}

func data(ctx context.Context, m *member.Member, cat catalog.Catalog) []Finding {
	r := Registry{Home: m.Home, Loader: dataset.Loader{Formats: cat.Formats, MaxRows: m.Charter.Rules.MaxRows}}
	names, err := r.List()
	if err != nil {
		return []Finding{{Name: "data", Problem: err.Error(), Mend: "check " + filepath.Join(m.Home, datasetsDir)}}
	}
	if len(names) == 0 {
		return []Finding{{Name: "data", Problem: "no dataset is registered", Mend: "register one with `hmsp dataset add`"}}
	}
	var out []Finding
	for _, n := range names {
		f := Finding{Name: "data " + n}
		k, err := r.Open(ctx, n, m.Charter.Dictionary)
		if err == nil {
			f.Found = fmt.Sprintf("%d rows of %d people", k.Profile.Rows, k.Profile.People)
			k.Close()
		}
		if err != nil {
			f.Problem, f.Mend = err.Error(), "mend the source or its mapping, and register it again with `hmsp dataset add --replace`"
		}
		out = append(out, f)
	}
	return out
}
