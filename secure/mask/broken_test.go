package mask

import (
	"maps"
	"strings"

	"hmsp.center/hmsp/secure"
)

// breakages derives the broken vectors from the good ones.
func breakages(rounds map[string]vector) []broken {
	const plain, wide, lossy = "three sites, 64 bits", "four sites, one may collude, 128 bits", "six sites of a roster of eight, two lost, mixed"
	p, w, l := rounds[plain], rounds[wide], rounds[lossy]
	site := func(v vector, j int) vectorSite {
		for _, s := range v.Sites {
			if s.Site == j {
				return s
			}
		}
		panic("no such site")
	}
	without := func(help map[int]string, gone ...int) map[int]string {
		h := maps.Clone(help)
		for _, i := range gone {
			delete(h, i)
		}
		return h
	}
	with := func(help map[int]string, i int, text string) map[int]string {
		h := maps.Clone(help)
		h[i] = text
		return h
	}
	flip := func(s string, at int) string { // changes the last bit of a hexadecimal digit
		d := s[at]
		return s[:at] + string("1032547698badcfe"[strings.IndexByte("0123456789abcdef", d)]) + s[at+1:]
	}
	order := "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010" // of ristretto255
	sealed, kept := site(p, 1).Sealed[0], site(p, 0).Kept
	help := p.Help[0]
	share1 := strings.Index(help, `"1":"`) + len(`"1":"`) // where site 0's share of site 1 stands
	return []broken{
		{Name: "vector cut by a byte", Round: plain, Step: "parse vector", Bytes: site(p, 0).Y[2:], Want: "31 bytes, the layout has 32"},
		{Name: "vector with a byte more", Round: plain, Step: "parse vector", Bytes: site(p, 0).Y + "00", Want: "33 bytes, the layout has 32"},
		{Name: "vector of another layout", Round: wide, Step: "parse vector", Bytes: site(p, 0).Y, Want: "32 bytes, the layout has 48"},

		{Name: "share cut", Round: plain, Step: "parse share", Bytes: kept[:66], Want: "33 bytes, want 34"},
		{Name: "share equal to the order", Round: plain, Step: "parse share", Bytes: "0000" + order, Want: "not below the group's order"},
		{Name: "share of a site outside the roster", Round: plain, Step: "parse share", Bytes: "00ff" + kept[4:], Want: "outside the roster"},

		{Name: "nonce altered", Round: plain, Step: "open sealed share", Owner: 1, Holder: 0, Bytes: flip(sealed, 0), Want: "does not open"},
		{Name: "value altered", Round: plain, Step: "open sealed share", Owner: 1, Holder: 0, Bytes: flip(sealed, 40), Want: "does not open"},
		{Name: "tag altered", Round: plain, Step: "open sealed share", Owner: 1, Holder: 0, Bytes: flip(sealed, len(sealed)-1), Want: "does not open"},
		{Name: "sealed share cut", Round: plain, Step: "open sealed share", Owner: 1, Holder: 0, Bytes: sealed[:118], Want: "59 bytes, want 60"},
		{Name: "sent back to its sender", Round: plain, Step: "open sealed share", Owner: 0, Holder: 1, Bytes: sealed, Want: "does not open"},
		{Name: "of another owner", Round: plain, Step: "open sealed share", Owner: 2, Holder: 0, Bytes: sealed, Want: "does not open"},
		{Name: "of another round", Round: wide, Step: "open sealed share", Owner: 1, Holder: 0, Bytes: sealed, Want: "does not open"},

		{Name: "below the threshold", Round: lossy, Step: "agree", Holder: 0, Set: secure.Sites{0, 3, 5}, Want: "3 contributors, 4 are needed"},
		{Name: "below the floor", Round: plain, Step: "agree", Holder: 0, Set: secure.Sites{0, 1}, Want: "too few for an exact release"},
		{Name: "with a site of the roster that is no member", Round: lossy, Step: "agree", Holder: 0, Set: secure.Sites{0, 1, 2, 3, 5}, Want: "[1] are no members"},
		{Name: "without the site itself", Round: lossy, Step: "agree", Holder: 0, Set: secure.Sites{2, 3, 5, 6}, Want: "leaves it out"},
		{Name: "out of order", Round: lossy, Step: "agree", Holder: 0, Set: secure.Sites{0, 3, 2, 5}, Want: "ascending order"},

		{Name: "help with a space", Round: plain, Step: "parse help", Text: help + " ", Want: "canonical"},
		{Name: "help with an unknown key", Round: plain, Step: "parse help", Text: strings.Replace(help, "{", `{"more":1,`, 1), Want: "canonical"},
		{Name: "help without shares", Round: plain, Step: "parse help", Text: `{"shares":null}`, Want: "canonical"},
		{Name: "help in capitals", Round: plain, Step: "parse help", Text: strings.Replace(help, help[share1:share1+68], strings.ToUpper(help[share1:share1+68]), 1), Want: "hexadecimal"},
		{Name: "help cut", Round: plain, Step: "parse help", Text: help[:len(help)-1], Want: "unexpected end"},

		{Name: "one helper too few", Round: wide, Step: "open", Help: without(w.Help, 1, 2), Want: "fewer shares than the threshold"},
		{Name: "a share altered at the threshold", Round: wide, Step: "open", Help: with(without(w.Help, 3), 0, flip(w.Help[0], strings.Index(w.Help[0], `"1":"`)+10)), Want: "self mask of site 1"},
		{Name: "the help of another round", Round: plain, Step: "open", Help: with(without(p.Help, 2), 0, w.Help[0]), Want: "self mask of site 0"},
		{Name: "another helper's shares", Round: plain, Step: "open", Help: with(without(p.Help, 2), 0, p.Help[1]), Want: "fewer shares than the threshold"},
		{Name: "a contributor's help missing where sites are lost", Round: lossy, Step: "open", Help: without(l.Help, 5), Want: "fewer shares than the threshold"},
		{Name: "help of a lost site", Round: lossy, Step: "open", Help: with(l.Help, 2, l.Help[0]), Want: "[2], which did not contribute"},

		{Name: "help given without a set", Round: plain, Step: "guard", Text: guardText(1, `,"helped":true`), Want: "contradict"},
		{Name: "helped and renounced", Round: plain, Step: "guard", Text: guardText(1, `,"set":[0,1,2],"helped":true,"renounced":true`), Want: "contradict"},
		{Name: "void and not renounced", Round: plain, Step: "guard", Text: guardText(1, `,"void":true`), Want: "contradict"},
		{Name: "one round twice", Round: plain, Step: "guard", Text: strings.TrimSuffix(guardText(1, ""), "]") + "," + strings.TrimPrefix(guardText(1, ""), "["), Want: "twice"},
	}
}

func guardText(round int, more string) string {
	zero := strings.Repeat("00", 32)
	return `[{"epoch":0,"round":` + string(rune('0'+round)) + `,"question":"` + zero + `","vector":"` + zero + `"` + more + `}]`
}
