# Golden design matrices for the formula package: R's own model.matrix.
# Run with: Rscript make_design.R > design.json   (R 4.2.2, jsonlite)
library(jsonlite)
d <- data.frame(
  y = c(1.5, 2, 3.25, 4, 5.5, 6, 7.75, 8, 2.5, 3, 1, 9),
  x = c(10, 12, 13, 11, 19, 17, 15, 14, 18, 16, 12.5, 20),
  z = c(-1, 0.5, 2, -2, 1, 1.5, -0.5, 0.25, 0, 2, -1.5, 1),
  k = as.integer(c(4, 6, 8, 4, 6, 8, 4, 6, 8, 4, 6, 8)),
  f = as.integer(c(0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0)),
  ph.ecog = as.integer(c(0, 1, 2, 0, 1, 2, 2, 1, 0, 1, 2, 0)),
  a = factor(c("p", "q", "r", "r", "q", "p", "p", "q", "r", "q", "p", "r"), levels = c("p", "q", "r", "unused")),
  b = factor(c("u", "v", "v", "u", "u", "v", "v", "u", "u", "v", "v", "u"), levels = c("u", "v")))
d$`odd name` <- d$z * 2
d$x[3] <- NA; d$a[5] <- NA
write.csv(d, "design.csv", row.names = FALSE, na = "")
cases <- list(
  "y ~ x", "y ~ x + a", "y ~ a", "y ~ 0 + a", "y ~ a - 1", "y ~ a + b", "y ~ 0 + a + b", "y ~ a * b", "y ~ 0 + a * b",
  "y ~ a:b", "y ~ x:a", "y ~ 0 + x:a", "y ~ a + a:x", "y ~ a + a:b", "y ~ b:x + a", "y ~ (a + b + x)^2", "y ~ (a + b + x)^3 - a:b:x",
  "y ~ a*b*x - b", "y ~ x + I(x^2) + I(x*z)", "y ~ log(x) + sqrt(x) + exp(z) + abs(z) + log1p(x) + log2(x) + log10(x)",
  "y ~ factor(k)", "y ~ factor(k) * z", "y ~ factor(ph.ecog) + b", "y ~ I(x > 14)", "y ~ I(x > 14) * b", "y ~ I(a == 'q')", "y ~ I(x / 10) + I((x + z) / 2)",
  "y ~ a / x", "y ~ a / b", "y ~ (a + b) / x", "y ~ 1", "y ~ 0 + x", "y ~ x + a + b - a", "y ~ a + x - x", "y ~ x * z + offset(z)", "log(y) ~ b + a:b", "I(y^2) ~ z",
  "y ~ `odd name` + b:`odd name`", "y ~ b*a", "y ~ x:z + a:x:b", "y ~ a %in% b" , "y ~ I(1e5 * z) + I(0.0001 * x) + I(-x)", "y ~ f * a", "y ~ f:a + 0",
  "y ~ . - x", "y ~ (. - x)^2 - 1", "y > 2 ~ x", "y ~ I(!(x > 14 & z < 1)) + b", "y ~ I(x^-1) + I(2^z)", "y ~ I(f | z > 1)")
cases <- Filter(function(s) !grepl("%in%", s), cases)
out <- lapply(cases, function(s) {
  mf <- model.frame(as.formula(s), d, drop.unused.levels = TRUE)
  X <- model.matrix(attr(mf, "terms"), mf)
  list(formula = s, names = colnames(X), x = lapply(seq_len(nrow(X)), function(i) as.numeric(X[i, ])), terms = attr(terms(mf), "term.labels"))
})
con <- list(c("sum", "y ~ a * b"), c("helmert", "y ~ a * x"), c("sum", "y ~ x + a"), c("helmert", "y ~ 0 + a + b"))
out2 <- lapply(con, function(p) {
  mf <- model.frame(as.formula(p[2]), d, drop.unused.levels = TRUE)
  X <- model.matrix(attr(mf, "terms"), mf, contrasts.arg = list(a = paste0("contr.", p[1])))
  list(formula = p[2], contrast = p[1], names = colnames(X), x = lapply(seq_len(nrow(X)), function(i) as.numeric(X[i, ])), terms = attr(terms(mf), "term.labels"))
})
cat(toJSON(c(out, out2), digits = NA, auto_unbox = FALSE))
