// Package plot draws figures as SVG from results. A Figure is data: an analysis
// says what is to be seen, SVG says how; the same figure serves a file, the
// result page and a report.
package plot

// A Figure is one picture, as data. Kind chooses how the layers are drawn.
type Figure struct {
	Name    string   `json:"name"`  // the file's name: "survival"
	Title   string   `json:"title"` // a sentence with the finding's subject
	Kind    Kind     `json:"kind"`
	X       Axis     `json:"x"`
	Y       Axis     `json:"y"`
	Series  []Series `json:"series"`
	Caption string   `json:"caption,omitempty"` // how to read it; also the text alternative
	AtRisk  *AtRisk  `json:"at_risk,omitempty"` // under a step figure: numbers at risk
}

// AtRisk is the table under survival curves: how many are still under
// observation at each time. Times also become the ticks of the X axis.
type AtRisk struct {
	Times []float64 `json:"times"`
	Rows  []RiskRow `json:"rows"` // in the order of the series
}

// A RiskRow is the line of one curve, one number per time.
type RiskRow struct {
	Name string    `json:"name"`
	N    []float64 `json:"n"`
}

// A Kind is a form of picture.
type Kind string

const (
	Step    Kind = "step"    // step curves with bands and censoring marks (survival)
	Line    Kind = "line"    // lines through points, with bands
	Bar     Kind = "bar"     // bars at X (width to the next edge) or at categories
	Forest  Kind = "forest"  // one row per Label: point X with interval Lo..Hi
	Heat    Kind = "heat"    // a matrix: Labels on both axes, Z row by row
	Scatter Kind = "scatter" // points
)

// An Axis is labelled with name and unit. Log is a base-10 logarithmic scale.
type Axis struct {
	Label  string   `json:"label"`
	Min    *float64 `json:"min,omitempty"`
	Max    *float64 `json:"max,omitempty"`
	Log    bool     `json:"log,omitempty"`
	Labels []string `json:"labels,omitempty"` // categories, in order
}

// A Series is one curve, set of bars or group of rows.
type Series struct {
	Name   string    `json:"name,omitempty"`
	X      []float64 `json:"x,omitempty"`
	Y      []float64 `json:"y,omitempty"`
	Lo     []float64 `json:"lo,omitempty"` // lower limit (of Y; of X in a forest)
	Hi     []float64 `json:"hi,omitempty"`
	Marks  []float64 `json:"marks,omitempty"`  // X positions of censoring marks
	Labels []string  `json:"labels,omitempty"` // of points, rows or bars
	Z      []float64 `json:"z,omitempty"`      // heat: len(Labels)^2 values
}
