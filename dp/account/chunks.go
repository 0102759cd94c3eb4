package account

import "sync"

// chunks is how many parts work is divided into: a constant, so that sums come out
// the same on any number of processors.
const chunks = 8

// inChunks calls work for each of n things and waits: chunk c does c, c+chunks, ...
// in this order, and chunks run at once as far as there are processors.
func inChunks(n int, work func(chunk, i int)) {
	var wait sync.WaitGroup
	for c := range min(n, chunks) {
		wait.Go(func() {
			for i := c; i < n; i += chunks {
				work(c, i)
			}
		})
	}
	wait.Wait()
}
