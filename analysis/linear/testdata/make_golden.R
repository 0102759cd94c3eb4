# Data and results for the tests of package linear, from R's own `datasets`.
# Run in this folder: Rscript make_golden.R   (written with R 4.2.2)
library(jsonlite)
frames <- list(longley = longley, mtcars = mtcars, warpbreaks = warpbreaks, airquality = airquality)
for (n in names(frames)) write.csv(frames[[n]], paste0(n, ".csv"), row.names = FALSE, na = "")
fit <- function(data, formula, contrast = NULL, level = 0.95) {
  m <- lm(as.formula(formula), frames[[data]], contrasts = contrast)
  s <- summary(m, correlation = FALSE)
  k <- s$coefficients; ci <- confint(m, level = level)[rownames(k), , drop = FALSE]
  f <- s$fstatistic
  opt <- function(x) if (is.null(x)) NA else unname(x)
  list(data = data, formula = formula, contrast = contrast, level = level,
       names = names(coef(m)), aliased = names(coef(m))[is.na(coef(m))], kept = rownames(k),
       estimate = k[, 1], se = k[, 2], statistic = k[, 3], p = k[, 4], low = ci[, 1], high = ci[, 2],
       vcov = unname(vcov(m, complete = FALSE)),
       glance = list(r.squared = s$r.squared, adj.r.squared = s$adj.r.squared, sigma = s$sigma, statistic = opt(f[1]),
         p.value = if (is.null(f)) NA else pf(f[[1]], f[[2]], f[[3]], lower.tail = FALSE), df = opt(f[2]),
         logLik = as.numeric(logLik(m)), AIC = AIC(m), BIC = BIC(m), deviance = deviance(m), df.residual = df.residual(m), nobs = nobs(m)))
}
out <- list(
  fit("longley", "Employed ~ GNP.deflator + GNP + Unemployed + Armed.Forces + Population + Year"),
  fit("longley", "Employed ~ ."),
  fit("longley", "Employed ~ 0 + GNP + Year"),
  fit("mtcars", "mpg ~ wt + hp + qsec"),
  fit("mtcars", "mpg ~ factor(cyl) * wt", level = 0.9),
  fit("mtcars", "log(mpg) ~ log(hp) + I(wt^2) + am:vs"),
  fit("mtcars", "mpg ~ 0 + factor(gear) + hp"),
  fit("mtcars", "mpg ~ wt + I(2 * wt) + hp"),
  fit("mtcars", "mpg ~ wt + I(wt^2) + I(wt^3)"),
  fit("mtcars", "am ~ wt"),
  fit("warpbreaks", "breaks ~ wool * tension"),
  fit("warpbreaks", "breaks ~ wool * tension", list(wool = "contr.sum", tension = "contr.helmert")),
  fit("warpbreaks", "breaks ~ 1"),
  fit("airquality", "Ozone ~ Solar.R + Wind + Temp + factor(Month)"),
  fit("airquality", "sqrt(Ozone) ~ (Solar.R + Wind + Temp)^2"))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null"), "golden.json")
