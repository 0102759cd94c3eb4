# What R says of the lung trial over the six sites of the demonstration, beside
# the references of the shared data. Run in this folder: Rscript make_golden.R
# (written with R 4.2.2, survival 3.5-3). The entries have the shape of the
# shared references, and models stop where those do, so that one comparison
# serves both: R's standard errors are those of the step before the last.
suppressMessages({library(survival); library(jsonlite)})
sites <- c("east", "lakes", "north", "plains", "south", "west")
d <- do.call(rbind, lapply(sites, function(s) data.frame(site = s, read.csv(file.path("../../../demo/lung", paste0(s, ".csv"))))))
d$sex <- factor(d$sex)
event <- d$status == 2

named <- function(x, n) as.list(setNames(unname(x), n))
cox <- function(f) {
  fit <- function(ties) {
    m <- coxph(f, d, ties = ties, control = coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 50)); s <- summary(m)
    list(n = s$n, events = s$nevent, loglik_null = m$loglik[1], loglik = m$loglik[2], coef = as.list(coef(m)),
         se = named(sqrt(diag(vcov(m))), names(coef(m))), score_test = unname(s$sctest[1]), concordance = unname(s$concordance[1]))
  }
  list(efron = fit("efron"), breslow = fit("breslow"))
}
model <- function(m) list(n = nobs(m), coef = as.list(coef(m)), se = named(sqrt(diag(vcov(m))), names(coef(m))),
  loglik = as.numeric(logLik(m)), aic = AIC(m), df_residual = df.residual(m))
logistic <- function(f) { m <- glm(f, binomial, d, control = glm.control(epsilon = 1e-12, maxit = 50)); c(model(m), list(deviance = deviance(m), null_deviance = m$null.deviance)) }
linear <- function(f) { m <- lm(f, d); s <- summary(m); c(model(m), list(sigma = s$sigma, r_squared = s$r.squared, adj_r_squared = s$adj.r.squared, f_statistic = unname(s$fstatistic[1]), rss = deviance(m))) }
crosstab <- function(a, b) {
  t <- table(a, b); c1 <- suppressWarnings(chisq.test(t, correct = FALSE)); f <- fisher.test(t)
  list(counts = unclass(unname(t)), chisq = unname(c1$statistic), df = unname(c1$parameter), p = c1$p.value, fisher_p = f$p.value)
}
mantel <- function(a, b, s) {
  m <- mantelhaen.test(a, b, s, correct = FALSE)
  list(statistic = unname(m$statistic), p = m$p.value, odds_ratio = unname(m$estimate), low = m$conf.int[1], high = m$conf.int[2])
}
correlation <- function(columns, method) {
  x <- d[complete.cases(d[columns]), columns]
  list(columns = columns, n = nrow(x), r = unname(cor(x, method = method)))
}
restricted <- function(f, tau) { s <- summary(survfit(f, d), rmean = tau)$table; list(tau = tau, strata = rownames(s), rmst = unname(s[, "rmean"]), se = unname(s[, "se(rmean)"])) }
columns <- c("age", "ph.karno", "pat.karno", "wt.loss")

out <- list(
  cox_inst = cox(Surv(time, event) ~ age + sex + ph.ecog + strata(inst)),
  cox_site = cox(Surv(time, event) ~ age + sex + ph.ecog + strata(site)),
  rmst_sex = restricted(Surv(time, event) ~ sex, 365),
  logistic = logistic(event ~ age + sex * ph.ecog),
  linear = linear(ph.karno ~ age + sex + I(age^2)),
  poisson = { m <- glm(ph.ecog ~ age + sex, poisson, d, control = glm.control(epsilon = 1e-12)); c(model(m), list(deviance = deviance(m), null_deviance = m$null.deviance)) },
  sex_by_ecog = crosstab(d$sex, d$ph.ecog),
  sex_by_status_over_sites = mantel(d$sex, d$status, factor(d$site)),
  pearson = correlation(columns, "pearson"),
  spearman = correlation(columns, "spearman"))
writeLines(toJSON(out, digits = 17, auto_unbox = TRUE, na = "null", pretty = TRUE), "golden.json")
