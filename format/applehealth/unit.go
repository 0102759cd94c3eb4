package applehealth

import "hmsp.center/hmsp/activity"

// convert gives a value in the unit of its kind.
func convert(k activity.Kind, x float64, unit string) (float64, bool) {
	switch k {
	case activity.Steps, activity.Floors:
		return x, unit == "count"
	case activity.HeartRate, activity.RestingHeartRate:
		if unit == "count/s" {
			return 60 * x, true
		}
		return x, unit == "count/min"
	case activity.Oxygen: // 0.97 "%"
		if x <= 1 {
			x *= 100
		}
		return x, unit == "%"
	case activity.Temperature:
		if unit == "degF" {
			return (x - 32) / 1.8, true
		}
		return x, unit == "degC"
	}
	factor, ok := factorOf(k, unit)
	return x * factor, ok
}

// factorOf is of units that are a multiple of that of the kind.
func factorOf(k activity.Kind, unit string) (float64, bool) {
	switch k {
	case activity.Distance:
		switch unit {
		case "m":
			return 1, true
		case "km":
			return 1000, true
		case "mi":
			return 1609.344, true
		case "ft":
			return 0.3048, true
		case "yd":
			return 0.9144, true
		}
	case activity.Energy, activity.BasalEnergy:
		switch unit {
		case "kcal", "Cal":
			return 1, true
		case "kJ":
			return 1 / 4.184, true
		case "cal":
			return 0.001, true
		}
	case activity.Weight:
		switch unit {
		case "kg":
			return 1, true
		case "g":
			return 0.001, true
		case "lb":
			return 0.45359237, true
		case "st":
			return 14 * 0.45359237, true
		}
	case activity.Systolic, activity.Diastolic:
		switch unit {
		case "mmHg":
			return 1, true
		case "kPa":
			return 7.50061683, true
		}
	case activity.Glucose:
		switch unit {
		case "mg/dL":
			return 1, true
		case "mmol&lt;180.1558800000541&gt;/L", "mmol<180.1558800000541>/L", "mmol/L":
			return 18.01558800000541, true
		}
	case activity.Variability:
		switch unit {
		case "ms":
			return 1, true
		case "s":
			return 1000, true
		}
	case activity.Intensity:
		switch unit {
		case "min":
			return 1, true
		case "s":
			return 1. / 60, true
		case "hr":
			return 60, true
		}
	}
	return 0, false
}
