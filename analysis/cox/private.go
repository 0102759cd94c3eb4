package cox

import (
	"hmsp.center/hmsp/analysis"
	"hmsp.center/hmsp/table"
)

// StartPrivate implements analysis.PrivateAnalysis by refusing every study. What
// one patient adds to a partial likelihood depends on who else is at risk, so no
// bound on it is both true and small; and with baseline hazards per site, a site's
// own sums are not bounded either. What a private study can ask instead is said.
func (cox) StartPrivate(analysis.Params, table.Schema) (analysis.PrivateRun, analysis.State, error) {
	return nil, nil, analysis.Refuse("analysis", "cox has no private form, because one patient's influence on a partial likelihood has no small bound. "+
		"To compare groups, use kaplan-meier with the same Surv() and the groups after ~: its log-rank test includes the noise. "+
		"For rate ratios adjusted for covariates, use poisson on person-time: event ~ covariates + offset(log(time)). "+
		"Or run cox in a study without `privacy:`")
}
