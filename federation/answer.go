package federation

// The hub's answers as JSON, each with the one decoder that clients read it
// with. A decoder refuses unknown fields, trailing bytes and values out of
// range, with KindForeign: whoever answers so is no hub of this version.

// A NoticeList answers a poll.
type NoticeList struct {
	Messages []Notice `json:"messages"`
}

// A PresenceList answers who was last heard from when.
type PresenceList struct {
	Members []Presence `json:"members"`
}

// MaxAnswer is the longest JSON answer, in bytes.
const MaxAnswer = 1 << 20

func answer[T any](b []byte, ok func(T) bool) (T, error) {
	var v T
	if len(b) > MaxAnswer || strict(b, &v) != nil || !ok(v) {
		return *new(T), Refuse(KindForeign)
	}
	return v, nil
}

// DecodeStatus reads a Status.
func DecodeStatus(b []byte) (Status, error) {
	return answer(b, func(s Status) bool {
		known := s.State == Partial || s.State == Complete || s.State == Delivered
		return known && s.Received >= 0 && s.Received <= s.Size
	})
}

// DecodeHealth reads a Health.
func DecodeHealth(b []byte) (Health, error) {
	return answer(b, func(h Health) bool {
		return h.Version != "" && len(h.Version) <= 32 && h.Time > 0 && h.Time < 1<<40 && validDigest(h.Charter)
	})
}

// DecodeNotices reads a NoticeList; every header in it has its form.
func DecodeNotices(b []byte) ([]Notice, error) {
	l, err := answer(b, func(l NoticeList) bool {
		for _, n := range l.Messages {
			if !n.valid() {
				return false
			}
		}
		return len(l.Messages) <= MaxNotices
	})
	return l.Messages, err
}

// DecodePresence reads a PresenceList.
func DecodePresence(b []byte) ([]Presence, error) {
	l, err := answer(b, func(l PresenceList) bool {
		for _, p := range l.Members {
			if p.Seen < 0 || p.Seen >= 1<<40 || len(p.Member) > 40 {
				return false
			}
		}
		return true
	})
	return l.Members, err
}
