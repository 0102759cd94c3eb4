package engine

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"hmsp.center/hmsp/law"
	"hmsp.center/hmsp/quality"
)

var update = flag.Bool("update", false, "write testdata again")

// every is one message of each kind, with bodies that use every field.
func every() []Message {
	b32 := bytes.Repeat([]byte{7}, 32)
	by := map[string][]byte{"north": b32, "east": {1, 2, 3}}
	set := setBody{Members: []string{"east", "north"}, Vectors: by, Commits: by, Signature: b32}
	left := 0.5
	bodies := map[Kind]any{
		KindDecision:     decisionBody{Accept: true, Reason: Reason{ReasonRefused, "no <consent>"}, Key: b32, Data: []byte{9}, Signature: b32},
		KindRoster:       rosterBody{Seats: []seat{{"east", b32, []byte{9}, b32}}},
		KindKeys:         keysBody{Enc: by},
		KindRound:        roundBody{State: b32, Enc: by},
		KindContribution: contributionBody{Shares: by, Commit: b32},
		KindSet:          set,
		KindConfirm:      confirmBody{b32, []byte("log")},
		KindQuorum:       quorumBody{Confirms: by, Logs: by, Shares: by},
		KindUnmask:       unmaskBody{Help: []byte(`{"shares":{}}`)},
		KindCheck:        checkBody{},
		KindEndorse:      endorseBody{b32},
		KindWithdraw:     withdrawBody{Reason: Reason{ReasonCheating, "two sets"}, Evidence: &set},
		KindProgress:     Progress{Phase: "computing", Round: 2, Sites: map[string]string{"east": "computing"}},
		KindAnswer:       Answer{Verdict: law.Ask, Reasons: []law.Reason{{Rule: "setting-ask", Text: "a steward decides"}}, Dataset: true, Rho: 0.02, Left: &left, Repeat: true, Quality: []quality.Public{{Hmsp: quality.PublicVersion, Dataset: "clinic", Variables: []quality.PublicVariable{{Name: "age"}}}}},
	}
	var out []Message
	for _, k := range []Kind{KindStudy, KindDecision, KindRoster, KindKeys, KindRound, KindContribution, KindSet, KindConfirm, KindQuorum,
		KindUnmask, KindCheck, KindRelease, KindEndorse, KindOutcome, KindWithdraw, KindProgress, KindCancel, KindInquiry, KindAnswer} {
		m := Message{Study: strings.Repeat("ab", 32), Kind: k, From: "east", To: "north", Epoch: 1, Round: 2}
		if v, ok := bodies[k]; ok {
			m.Body = body(v)
		}
		switch k {
		case KindRound, KindContribution, KindRelease, KindInquiry:
			m.Blob = blob([]uint64{1, 1 << 63})
		case KindProgress:
			m.Seq = 3
		}
		out = append(out, m)
	}
	return out
}

// The bytes of a version's messages never change (testdata/messages-v4.golden);
// neither do their names.
func TestMessageEncodingIsThatOfItsVersion(t *testing.T) {
	var got strings.Builder
	fmt.Fprintln(&got, Protocol)
	for _, m := range every() {
		b, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "%s %s %q\n", m.Kind, m.ID(), b)
		back, err := DecodeMessage(b)
		if err != nil {
			t.Fatalf("%s: %v", m.Kind, err)
		}
		if back.Blob = append([]byte(nil), back.Blob...); !reflect.DeepEqual(back, m) {
			t.Errorf("%s came back as %+v", m.Kind, back)
		}
	}
	golden(t, "messages-v4.golden", got.String())
}

// golden holds a text against a file of testdata, which -update writes anew.
func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the encoding changed: a change needs a new version.\ngot\n%s", got)
	}
}

// What version 2 brought is in its golden file, so that it cannot go unseen.
func TestGoldenMessagesHaveWhatIsNew(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "messages-v4.golden"))
	if err != nil {
		t.Fatal(err)
	}
	for kind, field := range map[Kind]string{KindDecision: `\"data\":\"CQ==\"`, KindRoster: `\"data\":\"CQ==\"`, KindConfirm: `\"log\":\"bG9n\"`, KindQuorum: `\"logs\":{\"east\"`} {
		if i := strings.Index(string(b), "\n"+string(kind)+" "); i < 0 || !strings.Contains(strings.SplitN(string(b)[i+1:], "\n", 2)[0], field) {
			t.Errorf("the golden %s lacks %s", kind, field)
		}
	}
}

func TestDecodeMessageRefuses(t *testing.T) {
	good := func(head string) []byte {
		return append([]byte(messageMagic), append([]byte{0, 0, 0, byte(len(head))}, head...)...)
	}
	const ok = `{"study":"a","kind":"keys","from":"b","to":"c","epoch":0,"round":0}`
	if _, err := DecodeMessage(good(ok)); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"empty":            nil,
		"no length":        []byte(messageMagic),
		"other magic":      append([]byte("hmsp2\n"), good(ok)[6:]...),
		"header too long":  append([]byte(messageMagic), 0xff, 0xff, 0xff, 0xff),
		"no JSON":          good(`{`),
		"two values":       good(ok + `{}`),
		"unknown field":    good(`{"study":"a","kind":"keys","from":"b","to":"c","epoch":0,"round":0,"x":1}`),
		"unknown kind":     good(`{"study":"a","kind":"bribe","from":"b","to":"c","epoch":0,"round":0}`),
		"no sender":        good(`{"study":"a","kind":"keys","from":"","to":"c","epoch":0,"round":0}`),
		"negative round":   good(`{"study":"a","kind":"keys","from":"b","to":"c","epoch":0,"round":-1}`),
		"round beyond int": good(`{"study":"a","kind":"keys","from":"b","to":"c","epoch":0,"round":9223372036854775808}`),
		"space":            good(`{"study":"a", "kind":"keys","from":"b","to":"c","epoch":0,"round":0}`),
		"other order":      good(`{"kind":"keys","study":"a","from":"b","to":"c","epoch":0,"round":0}`),
		"other case":       good(`{"Study":"a","kind":"keys","from":"b","to":"c","epoch":0,"round":0}`),
		"field twice":      good(`{"study":"a","kind":"keys","from":"b","from":"b","to":"c","epoch":0,"round":0}`),
	} {
		if m, err := DecodeMessage(b); err == nil {
			t.Errorf("%s: taken as %+v", name, m)
		}
	}
}

func FuzzDecodeMessage(f *testing.F) {
	for _, m := range every() {
		b, err := m.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := DecodeMessage(b)
		if err != nil {
			return
		}
		again, err := m.Encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("taken, but its one encoding is %q (%v)", again, err)
		}
		// Reading a body never panics, whatever it is.
		ReadOutcome(m)
		ReadProgress(m)
		ReadDecision(m)
		ReadWithdrawal(m)
		ReadAnswer(m)
	})
}

func someEvents() []Event {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m := every()[5]
	return []Event{
		{Kind: EventBegin, At: at, Seed: bytes.Repeat([]byte{1}, 32)},
		{Kind: EventDecided, At: at, Accept: true, Data: []byte{9, 9}},
		{Kind: EventDecided, At: at, Reason: Reason{ReasonBudget, "nothing is left"}},
		{Kind: EventMessage, At: at, Message: &m},
		{Kind: EventEncapsulated, At: at, Epoch: 1, Enc: map[string][]byte{"a": {1}}, Secret: map[string][]byte{"a": {2}}},
		{Kind: EventComputed, At: at, Round: 1, Words: []uint64{1, 2, 1 << 60}},
		{Kind: EventAgreed, At: at, Round: 1, Log: []byte("log")},
		{Kind: EventFailed, At: at, Reason: Reason{ReasonData, "no such column"}},
		{Kind: EventTick, At: at},
		{Kind: EventCancel, At: at, Reason: Reason{ReasonCancelled, "stop"}},
	}
}

func TestEventComesBackAsItWas(t *testing.T) {
	for _, e := range someEvents() {
		b, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeEvent(b)
		if err != nil || !reflect.DeepEqual(back, e) {
			t.Errorf("%s came back as %+v (%v)", e.Kind, back, err)
		}
	}
}

// The bytes of a journal's version never change (testdata/events-v2.golden): a site
// that is restarted reads what it wrote before.
func TestEventEncodingIsThatOfItsVersion(t *testing.T) {
	var got strings.Builder
	for _, e := range someEvents() {
		b, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "%s %q\n", e.Kind, b)
	}
	golden(t, "events-v2.golden", got.String())
}

func TestDecodeEventRefuses(t *testing.T) {
	event := func(head string, data ...byte) []byte {
		return append(append([]byte(eventMagic), 0, 0, 0, byte(len(head))), append([]byte(head), data...)...)
	}
	const at = `"at":"2026-01-01T00:00:00Z"`
	if e, err := DecodeEvent(event(`{"event":"agreed",` + at + `,"round":1,"log":"bG9n"}`)); err != nil || string(e.Log) != "log" || e.Round != 1 {
		t.Fatal(e, err)
	}
	for name, b := range map[string][]byte{
		"empty":               nil,
		"an earlier version":  append([]byte("hmsp-event1\n"), event(`{"event":"tick",` + at + `}`)[len(eventMagic):]...),
		"header too long":     append([]byte(eventMagic), 0, 0, 1, 0, '{', '}'),
		"unknown kind":        event(`{"event":"consented",` + at + `}`),
		"unknown field":       event(`{"event":"agreed",` + at + `,"checkpoint":"bG9n"}`),
		"log that is no text": event(`{"event":"agreed",` + at + `,"log":7}`),
		"log not in base64":   event(`{"event":"agreed",` + at + `,"log":"b!"}`),
		"tag that is a list":  event(`{"event":"decided",` + at + `,"accept":true,"data":{"a":"b"}}`),
		"half a word":         event(`{"event":"computed",`+at+`}`, 1, 2, 3),
		"no message":          event(`{"event":"message",` + at + `}`),
		"two values":          event(`{"event":"tick",` + at + `}{}`),
	} {
		if e, err := DecodeEvent(b); err == nil {
			t.Errorf("%s: taken as %+v", name, e)
		}
	}
}

// Bodies of decisions, rosters, confirmations, quorums and receipts that are not
// in order are no message of this version.
func TestBodiesThatAreRefused(t *testing.T) {
	reads := map[Kind]func(Message) error{
		KindDecision: func(m Message) error { _, err := read[decisionBody](m); return err },
		KindRoster:   func(m Message) error { _, err := read[rosterBody](m); return err },
		KindConfirm:  func(m Message) error { _, err := read[confirmBody](m); return err },
		KindQuorum:   func(m Message) error { _, err := read[quorumBody](m); return err },
		KindRelease:  func(m Message) error { _, err := read[releaseBody](m); return err },
	}
	for kind, bodies := range map[Kind][2][]string{ // good, bad
		KindDecision: {{`{"accept":true,"key":"AA==","data":"AA==","signature":"AA=="}`, `{"accept":false,"reason":{"kind":"budget","text":"x"}}`},
			{`{"accept":true,"data":"A"}`, `{"accept":true,"data":1}`, `{"accept":true,"tag":"AA=="}`, `{"accept":"yes"}`}},
		KindRoster: {{`{"seats":[{"site":"a","key":"AA==","data":"AA==","signature":"AA=="}]}`},
			{`{"seats":[{"site":"a","data":"!"}]}`, `{"seats":{"a":"AA=="}}`, `{"seats":[{"site":"a","rows":7}]}`}},
		KindConfirm: {{`{"signature":"AA==","log":"AA=="}`, `{"signature":"AA=="}`},
			{`{"signature":"AA==","log":"A"}`, `{"signature":"AA==","log":["AA=="]}`, `{"signature":"AA==","logs":"AA=="}`, `{"signature":"AA=="} 1`}},
		KindQuorum: {{`{"confirms":{"a":"AA=="},"logs":{"a":"AA=="},"shares":{}}`},
			{`{"logs":"AA=="}`, `{"logs":{"a":{"size":1}}}`, `{"logs":{"a":"A"}}`, `{"log":{"a":"AA=="}}`, `null null`}},
		KindRelease: {{`{"receipt":{"logs":[{"member":"a","checkpoint":"x"}],"privacy":{"epsilon":1},"disclosure":[{"rule":"r"}]}}`},
			{`{"receipt":{"logs":{"a":"x"}}}`, `{"receipt":{"logs":[{"site":"a"}]}}`, `{"receipt":{"privacy":{"epsilon":"1"}}}`, `{"receipt":{"privacy":{"sigma":1}}}`, `{"receipt":{"disclosure":[{"hidden":1}]}}`}},
	} {
		for i, list := range bodies {
			for _, b := range list {
				if err := reads[kind](Message{Kind: kind, From: "east", Body: []byte(b)}); (err == nil) != (i == 0) {
					t.Errorf("%s %s: %v", kind, b, err)
				} else if err != nil && !strings.HasPrefix(err.Error(), string(kind)+" message from east") {
					t.Errorf("%s: %v", kind, err)
				}
			}
		}
	}
}

func FuzzDecodeEvent(f *testing.F) {
	for _, e := range someEvents() {
		b, err := e.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := DecodeEvent(b)
		if err != nil {
			return
		}
		b2, err := e.Encode()
		if err != nil {
			t.Fatalf("decoded, but does not encode: %v", err)
		}
		again, err := DecodeEvent(b2)
		if err != nil {
			t.Fatalf("encoded, but does not decode: %v", err)
		}
		b3, err := again.Encode()
		if err != nil || !bytes.Equal(b2, b3) {
			t.Fatalf("not stable: %q, %q", b2, b3)
		}
	})
}

// A reason of a stranger cannot forge a terminal's lines or fill a receipt.
func TestReasonsFromOutsideAreTidied(t *testing.T) {
	for in, want := range map[Reason]Reason{
		{"", ""}:                               {ReasonInternal, "no reason was given"},
		{"made up", "x"}:                       {ReasonInternal, "x"},
		{ReasonData, "a\x1b[2Jb\nc\u202e"}:     {ReasonData, "a [2Jb c"},
		{ReasonData, "  \t"}:                   {ReasonData, "no reason was given"},
		{ReasonData, strings.Repeat("é", 400)}: {ReasonData, strings.Repeat("é", 250)},
	} {
		if got := in.tidy(); got != want || got != got.tidy() {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	b, _ := json.Marshal(withdrawBody{Reason: Reason{"x", "\x1b]0;owned\x07"}})
	if why, err := ReadWithdrawal(Message{Body: b}); err != nil || why.Text != "]0;owned" {
		t.Errorf("%q, %v", why, err)
	}
}

// An answer to an inquiry is a verdict, names of rules and amounts, or nothing.
func TestAnswersFromOutside(t *testing.T) {
	ok := `{"verdict":"refuse","reasons":[{"rule":"purposes","text":"no\u001b[2J"}],"dataset":true,"rho":0.1}`
	a, err := ReadAnswer(Message{Kind: KindAnswer, Body: []byte(ok)})
	if err != nil || a.Verdict != law.Refuse || a.Reasons[0].Text != "no [2J" || a.Left != nil {
		t.Errorf("%+v, %v", a, err)
	}
	many := strings.Repeat(`{"rule":"a","text":""},`, maxReasons)
	for _, bad := range []string{`{}`, `{"verdict":"maybe","dataset":true}`, `{"verdict":"permit","dataset":true,"rho":-1}`, `{"verdict":"permit","dataset":true,"left":-0.5}`, `{"verdict":"permit","dataset":true,"more":1}`,
		`{"verdict":"ask","reasons":[{"rule":"a b","text":""}],"dataset":true}`, `{"verdict":"ask","reasons":[` + many + `{"rule":"a","text":""}],"dataset":true}`, `[]`, ``} {
		if a, err := ReadAnswer(Message{Kind: KindAnswer, Body: []byte(bad)}); err == nil {
			t.Errorf("%s: taken as %+v", bad, a)
		}
	}
}
