package mask

import (
	"testing"

	"hmsp.center/hmsp/secure/securetest"
)

func TestScheme(t *testing.T) { securetest.Sums(t, Scheme{}) }
