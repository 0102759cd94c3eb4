# Tail probabilities and quantiles of R 4.2.2: Rscript make_dist.R > dist.csv
o <- function(f, a, b, c, v) cat(sprintf("%s,%.17g,%.17g,%.17g,%.17g\n", f, a, b, c, v))
cat("f,a,b,c,value\n")
for (z in c(0, 0.1, 0.5, 1, 1.96, 3, 5, 8.3, 15, 30, 37)) o("normal", z, 0, 0, 2 * pnorm(z, lower.tail = FALSE))
for (p in c(1e-10, 1e-4, 0.025, 0.3, 0.5, 0.9, 0.975, 0.99995)) o("normalq", p, 0, 0, qnorm(p))
for (df in c(1, 2, 3, 7.5, 10, 30, 120, 5000, 9999, 10001, 1e6)) {
  for (t in c(0, 0.01, 0.7, 1.5, 2.2, 4, 9, 25, 80)) o("t", t, df, 0, 2 * pt(t, df, lower.tail = FALSE))
  for (p in c(0.5, 0.75, 0.9, 0.95, 0.975, 0.995, 0.99995)) o("tq", p, df, 0, qt(p, df))
}
for (df in c(1, 2, 3, 10, 57, 400)) for (x in c(0.001, 0.5, 1, 3.84, 10, 40, 150, 600)) o("chisq", x, df, 0, pchisq(x, df, lower.tail = FALSE))
for (d1 in c(1, 2, 5, 19)) for (d2 in c(1, 3, 12, 100, 7779, 1e6)) for (x in c(0.01, 0.5, 1, 2.5, 7, 40, 300)) o("f", x, d1, d2, pf(x, d1, d2, lower.tail = FALSE))
for (k in c(0, 1, 5, 20, 170, 1e5)) o("lfact", k, 0, 0, lgamma(k + 1))
