package glm

import "hmsp.center/hmsp/analysis/internal/formula"

// A state is what every site knows between rounds. Without a design the round
// counts; with a design and Step 0 it starts; then Beta are the coefficients
// (of the scaled columns; 0 where aliased) at which the sums are taken.
type state struct {
	Design   *formula.Design `json:"design,omitempty"`
	Step     int             `json:"step"`
	Beta     []float64       `json:"beta,omitempty"`
	Previous []float64       `json:"previous,omitempty"` // coefficients before the last step
	Moves    []float64       `json:"moves,omitempty"`    // largest change of a coefficient, per step
	Aliased  []bool          `json:"aliased,omitempty"`
	Pivots   []float64       `json:"pivots,omitempty"`  // of the last solution
	Inverse  []float64       `json:"inverse,omitempty"` // upper triangle of (X'WX)^-1 at Previous; 0 where aliased
	Deviance float64         `json:"deviance"`          // at Previous
	Halvings int             `json:"halvings,omitempty"`
	End      string          `json:"end,omitempty"`   // why the iteration has ended
	Final    float64         `json:"final,omitempty"` // the deviance at the end

	Saturated    float64 `json:"saturated"`
	Alpha        float64 `json:"alpha"` // the null model's intercept
	NullDeviance float64 `json:"nullDeviance"`
	NullStep     int     `json:"nullStep"`
	NullEnd      bool    `json:"nullEnd,omitempty"`
}

// Reasons to end.
const (
	converged  = "converged"
	exhausted  = "iterations exhausted"
	separation = "separation"
	stuck      = "step halving failed"
)

// layout says where the sums of a round stand in the vector.
type layout struct{ tri, score, deviance, null, saturated, len int }

// The null model's four coordinates.
const (
	nullY = iota
	nullMean
	nullWeight
	nullDeviance
	nullLen
)

func layoutOf(columns int, start bool) layout {
	l := layout{tri: 0, score: columns * (columns + 1) / 2}
	l.deviance = l.score + columns
	l.null = l.deviance + 1
	l.saturated = l.null + nullLen
	l.len = l.saturated
	if start {
		l.len++
	}
	return l
}
