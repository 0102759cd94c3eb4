# Data and results for the tests of package poisson, from R's own `datasets`.
# Run in this folder: Rscript make_golden.R   (written with R 4.2.2)
library(jsonlite)
frames <- list(InsectSprays = InsectSprays, warpbreaks = warpbreaks, infert = infert,
  esoph = transform(esoph, agegp = as.character(agegp), alcgp = as.character(alcgp), tobgp = as.character(tobgp)))
for (n in names(frames)) write.csv(frames[[n]], paste0(n, ".csv"), row.names = FALSE, na = "")
fit <- function(data, formula, contrast = NULL, level = 0.95) {
  m <- glm(as.formula(formula), poisson, frames[[data]], contrasts = contrast, epsilon = 1e-12, maxit = 50)
  s <- summary(m); k <- s$coefficients; ci <- confint.default(m, level = level)[rownames(k), , drop = FALSE]
  list(data = data, formula = formula, contrast = contrast, level = level, iterations = m$iter,
       names = names(coef(m)), aliased = names(coef(m))[is.na(coef(m))], kept = rownames(k),
       estimate = k[, 1], se = k[, 2], statistic = k[, 3], p = k[, 4], low = ci[, 1], high = ci[, 2], vcov = unname(vcov(m, complete = FALSE)),
       glance = list(null.deviance = m$null.deviance, df.null = m$df.null, logLik = as.numeric(logLik(m)), AIC = AIC(m), BIC = BIC(m),
         deviance = deviance(m), df.residual = df.residual(m), nobs = nobs(m)))
}
out <- list(
  fit("InsectSprays", "count ~ spray"),
  fit("InsectSprays", "count ~ 0 + spray"),
  fit("InsectSprays", "count ~ spray", list(spray = "contr.sum")),
  fit("warpbreaks", "breaks ~ wool * tension"),
  fit("warpbreaks", "breaks ~ wool + tension", list(tension = "contr.helmert"), level = 0.9),
  fit("warpbreaks", "breaks ~ 1"),
  fit("infert", "parity ~ age + education + case"),
  fit("infert", "parity ~ age + offset(log(age))"),
  fit("infert", "parity ~ 0 + education + offset(log(age))"),
  fit("infert", "parity ~ offset(log(age)) + offset(0.1 * spontaneous)"),
  fit("esoph", "ncases ~ agegp + alcgp + tobgp + offset(log(ncontrols + 1))"))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null"), "golden.json")
