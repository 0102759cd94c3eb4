// Package hmsp is the front door of the product: the command line over a
// catalogue of plug-ins. Our own main hands it the standard catalogue; a
// hospital that adds an analysis builds a main with a longer list.
package hmsp

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"hmsp.center/hmsp/catalog"
	"hmsp.center/hmsp/internal/cli"
)

// Main runs the command line and exits the process with its code.
func Main(c catalog.Catalog) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, c, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
