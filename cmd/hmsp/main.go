// Command hmsp lets research centres analyse medical data together without
// anyone handing over a patient.
package main

import (
	"hmsp.center/hmsp"
	"hmsp.center/hmsp/catalog/standard"
)

func main() { hmsp.Main(standard.Catalog()) }
