package fit

import (
	"context"

	"github.com/muktihari/fit/profile/basetype"
	"github.com/muktihari/fit/profile/untyped/fieldnum"
	"github.com/muktihari/fit/profile/untyped/mesgnum"
)

// epoch is 1989-12-31T00:00:00 in seconds since 1970, and firstDate the smallest time
// that is a date; below it are seconds since the device was switched on (FIT profile,
// date_time).
const (
	epoch     = 631065600
	firstDate = 0x10000000
)

// A zone is what a sequence says of its local time; the best source counts.
type zone struct {
	seconds int64 // local time minus UTC
	rank    int   // 0 none, 1 of the device's settings, 2 of the record itself
}

// localTimes reads a whole file for the zone of each of its sequences.
func localTimes(ctx context.Context, path string) ([]zone, error) {
	var out []zone
	err := each(ctx, path, func(sequence int, m *message) error {
		for len(out) <= sequence {
			out = append(out, zone{})
		}
		out[sequence].message(m)
		return nil
	}, func() error { return nil })
	return out, err
}

func (z *zone) message(m *message) {
	switch m.Num {
	case mesgnum.Activity:
		z.stamps(m, fieldnum.ActivityTimestamp, fieldnum.ActivityLocalTimestamp)
	case mesgnum.MonitoringInfo:
		z.stamps(m, fieldnum.MonitoringInfoTimestamp, fieldnum.MonitoringInfoLocalTimestamp)
	case mesgnum.DeviceSettings:
		offsets := m.FieldValueByNum(fieldnum.DeviceSettingsTimeOffset).SliceUint32()
		active := int(m.FieldValueByNum(fieldnum.DeviceSettingsActiveTimeZone).Uint8())
		if active < len(offsets) && offsets[active] != basetype.Uint32Invalid && offsets[active] != 0 { // 0 is written by devices that are elsewhere
			z.set(int64(int32(offsets[active])), 1)
		}
	}
}

func (z *zone) stamps(m *message, utc, local byte) {
	u, l := m.FieldValueByNum(utc).Uint32(), m.FieldValueByNum(local).Uint32()
	if u >= firstDate && u != basetype.Uint32Invalid && l >= firstDate && l != basetype.Uint32Invalid {
		z.set(int64(l)-int64(u), 2)
	}
}

// set takes a zone as it is told in quarters of an hour, since the two times may have
// been taken some seconds apart.
func (z *zone) set(seconds int64, rank int) {
	const quarter, most = 900, 15 * 3600
	if seconds < -most || seconds > most || rank <= z.rank {
		return
	}
	up := seconds + most + quarter/2
	z.seconds, z.rank = up-up%quarter-most, rank
}
