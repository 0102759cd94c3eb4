# Data and results for the tests of package logistic, from R's own `datasets`.
# Run in this folder: Rscript make_golden.R   (written with R 4.2.2)
library(jsonlite)
frames <- list(infert = infert, mtcars = mtcars, airquality = airquality)
for (n in names(frames)) write.csv(frames[[n]], paste0(n, ".csv"), row.names = FALSE, na = "")
fit <- function(data, formula, contrast = NULL, level = 0.95) {
  m <- glm(as.formula(formula), binomial, frames[[data]], contrasts = contrast, epsilon = 1e-12, maxit = 50)
  s <- summary(m); k <- s$coefficients; ci <- confint.default(m, level = level)[rownames(k), , drop = FALSE]
  list(data = data, formula = formula, contrast = contrast, level = level, iterations = m$iter,
       names = names(coef(m)), aliased = names(coef(m))[is.na(coef(m))], kept = rownames(k),
       estimate = k[, 1], se = k[, 2], statistic = k[, 3], p = k[, 4], low = ci[, 1], high = ci[, 2], vcov = unname(vcov(m, complete = FALSE)),
       glance = list(null.deviance = m$null.deviance, df.null = m$df.null, logLik = as.numeric(logLik(m)), AIC = AIC(m), BIC = BIC(m),
         deviance = deviance(m), df.residual = df.residual(m), nobs = nobs(m)))
}
# R's glm looks for aliased columns with the tolerance epsilon/1000, which at
# 1e-12 finds none: fit without the third column and write the NA by hand.
alias <- fit("infert", "case ~ spontaneous + I(spontaneous > 0)", level = 0.9)
alias$formula <- "case ~ spontaneous + I(spontaneous > 0) + I(2 * spontaneous)"
alias$aliased <- "I(2 * spontaneous)"
alias$names <- c(alias$names[1:3], alias$aliased)
out <- list(
  fit("infert", "case ~ spontaneous + induced"),
  fit("infert", "case ~ age + parity + education + spontaneous + induced"),
  fit("infert", "case ~ education * spontaneous", list(education = "contr.sum")),
  fit("infert", "case ~ 0 + factor(spontaneous) + log(age)"),
  fit("infert", "case ~ spontaneous + offset(0.5 * induced)"),
  fit("infert", "case ~ 0 + spontaneous + offset(0.5 * induced)"),
  fit("infert", "case ~ 1"),
  alias,
  fit("infert", "parity > 2 ~ age + I(age^2)"),
  fit("mtcars", "am ~ wt"),
  fit("mtcars", "vs ~ wt + disp"),
  fit("airquality", "I(Ozone > 31) ~ Temp + Wind + Solar.R"))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null"), "golden.json")
