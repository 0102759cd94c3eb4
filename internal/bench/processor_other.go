//go:build !unix

package bench

import "time"

// processor is the time of day, where processor time is not known.
func processor() time.Duration { return time.Duration(time.Now().UnixNano()) }
