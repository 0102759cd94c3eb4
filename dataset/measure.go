package dataset

import (
	"context"

	"hmsp.center/hmsp/quality"
)

// Measure profiles what was kept. Now is the time of the check, in seconds of
// wall-clock time.
func (k *Kept) Measure(ctx context.Context, now int64) (quality.Profile, error) {
	o := quality.Options{Dataset: k.Dataset, Now: now, Counts: map[string]quality.Counts{}}
	for _, v := range k.Profile.Variables {
		o.Counts[v.Variable] = quality.Counts{Good: v.Present, Missing: v.Missing, Wrong: v.WrongType, Unknown: v.UnknownCodes, UnitUnknown: v.UnknownUnits, Outside: v.OutOfRange}
	}
	o.Checks = k.Profile.Checks
	if k.Shape == History {
		h, err := k.History(ctx, k.Variables.Names()...)
		if err != nil {
			return quality.Profile{}, err
		}
		return quality.OfHistory(ctx, h, o)
	}
	t, err := k.Rows(ctx, k.Variables)
	if err != nil {
		return quality.Profile{}, err
	}
	return quality.OfTable(ctx, t, o)
}
