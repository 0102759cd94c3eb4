# Makes golden.json beside it: Rscript golden.R
# R 4.2.2, survival 3.5-3. Convergence of coxph is set far below its default so
# that the digits are those of the maximum and not of the last step.
suppressMessages({library(survival); library(jsonlite)})
rd <- function(f) read.csv(f, stringsAsFactors = FALSE, na.strings = c("", "NA"))
if (!file.exists("ovarian.csv")) write.csv(ovarian, "ovarian.csv", row.names = FALSE, quote = FALSE)
lung <- rd("lung.csv"); heart <- rd("heart.csv"); veteran <- rd("veteran.csv"); ovarian <- rd("ovarian.csv"); cgd <- rd("cgd.csv")
veteran$celltype <- factor(veteran$celltype, levels = c("squamous", "smallcell", "adeno", "large"))
ctl <- coxph.control(eps = 1e-14, iter.max = 60)

km <- function(f, d, type = "log", level = .95, tau = NULL) {
  m <- survfit(f, d, conf.type = type, conf.int = level); s <- summary(m, censored = TRUE)
  q <- quantile(m, .5)
  g <- if (is.null(m$strata)) "all" else names(m$strata)
  out <- list(time = s$time, n.risk = s$n.risk, n.event = s$n.event, n.censor = s$n.censor, estimate = s$surv,
    std.error = s$std.err, conf.low = s$lower, conf.high = s$upper,
    strata = if (is.null(s$strata)) rep("all", length(s$time)) else as.character(s$strata),
    groups = g, median = as.vector(q$quantile), median.low = as.vector(q$lower), median.high = as.vector(q$upper))
  if (!is.null(tau)) { t <- summary(m, rmean = tau)$table; if (is.null(dim(t))) t <- t(t)
    out$rmst <- as.vector(t[, grep("rmean$", colnames(t))[1]]); out$rmst.se <- as.vector(t[, "se(rmean)"]); out$tau <- tau }
  out }
lr <- function(f, d, rho = 0) { m <- survdiff(f, d, rho = rho)
  sum1 <- function(x) if (is.matrix(x)) rowSums(x) else x
  df <- sum(sum1(m$exp) > 0) - 1
  list(chisq = m$chisq, df = df, p = pchisq(m$chisq, df, lower.tail = FALSE), observed = as.vector(sum1(m$obs)), expected = as.vector(sum1(m$exp))) }
cx <- function(f, d, ties = "efron") { m <- coxph(f, d, ties = ties, control = ctl); s <- summary(m)
  list(term = names(coef(m)), estimate = as.vector(coef(m)), std.error = as.vector(sqrt(diag(vcov(m)))),
    p.value = as.vector(s$coefficients[, 5]), vcov = as.vector(vcov(m)), conf = as.vector(confint(m)),
    n = s$n, nevent = s$nevent, null = m$loglik[1], logLik = m$loglik[2], statistic.log = unname(s$logtest[1]), p.log = unname(s$logtest[3]),
    statistic.sc = unname(m$score), p.sc = unname(s$sctest[3]), statistic.wald = unname(m$wald.test), p.wald = unname(pchisq(m$wald.test, length(coef(m)), lower.tail = FALSE)),
    concordance = unname(s$concordance[1]), AIC = AIC(m), BIC = BIC(m), nobs = nobs(m)) }

o <- list()
S <- Surv(lung$time, lung$status == 2)
lung$sex <- factor(lung$sex)
o$lung_all <- km(Surv(time, status == 2) ~ 1, lung, tau = 365)
o$lung_sex <- km(Surv(time, status == 2) ~ sex, lung, tau = 900)
o$lung_sex_loglog <- km(Surv(time, status == 2) ~ sex, lung, "log-log", .9)
o$lung_sex_plain <- km(Surv(time, status == 2) ~ sex, lung, "plain")
o$lung_week <- km(Surv(ceiling(time / 7) * 7, status == 2) ~ sex, lung)
o$lung_sex_ecog <- km(Surv(time, status == 2) ~ sex + ph.ecog, lung)
o$ovarian <- km(Surv(futime, fustat) ~ rx, ovarian, tau = 600)
o$heart <- km(Surv(start, stop, event) ~ surgery, heart)
o$veteran <- km(Surv(time, status) ~ celltype, veteran)
o$lr_lung <- lr(Surv(time, status == 2) ~ sex, lung)
o$lr_lung_peto <- lr(Surv(time, status == 2) ~ sex, lung, 1)
o$lr_lung_strata <- lr(Surv(time, status == 2) ~ sex + strata(ph.ecog), lung)
o$lr_lung_strata_peto <- lr(Surv(time, status == 2) ~ sex + strata(ph.ecog), lung, 1)
o$lr_ovarian <- lr(Surv(futime, fustat) ~ rx, ovarian)
o$lr_veteran <- lr(Surv(time, status) ~ celltype, veteran)
o$lr_veteran_half <- lr(Surv(time, status) ~ celltype, veteran, .5)
o$lr_lung_two <- lr(Surv(time, status == 2) ~ sex + ph.ecog, lung)
o$heart_score <- list(score = unname(coxph(Surv(start, stop, event) ~ transplant, heart, ties = "exact")$score))

o$cox_lung <- cx(Surv(time, status == 2) ~ age + sex + ph.ecog, lung)
o$cox_lung_breslow <- cx(Surv(time, status == 2) ~ age + sex + ph.ecog, lung, "breslow")
o$cox_lung_inst <- cx(Surv(time, status == 2) ~ age + sex + ph.ecog + strata(inst), lung)
o$cox_lung_inst_age_sex <- cx(Surv(time, status == 2) ~ age * sex + ph.ecog + strata(inst), lung)
lung$sexs <- C(lung$sex, contr.sum); o$cox_lung_sum <- cx(Surv(time, status == 2) ~ age + sexs + ph.ecog, lung)
o$cox_lung_sexstrata <- cx(Surv(time, status == 2) ~ age + ph.ecog + strata(sex), lung)
o$cox_lung_7 <- cx(Surv(ceiling(time / 7), status == 2) ~ age + sex + ph.ecog, lung)
o$cox_lung_7_breslow <- cx(Surv(ceiling(time / 7), status == 2) ~ age + sex + ph.ecog, lung, "breslow")
o$cox_lung_7_strata <- cx(Surv(ceiling(time / 7), status == 2) ~ age + ph.ecog + strata(sex), lung)
for (w in c(14, 30, 60, 90)) { lung$w <- ceiling(lung$time / w); o[[paste0("cox_lung_", w)]] <- cx(Surv(w, status == 2) ~ age + sex + ph.ecog, lung) }
o$cox_veteran <- cx(Surv(time, status) ~ trt + karno, veteran)
o$cox_veteran_full <- cx(Surv(time, status) ~ trt + karno + age + celltype + diagtime, veteran)
o$cox_veteran_prior <- cx(Surv(time, status) ~ trt + celltype + karno + diagtime + age + prior, veteran)
o$cox_heart <- cx(Surv(start, stop, event) ~ age + year + surgery + transplant, heart)
o$cox_cgd <- cx(Surv(tstart, tstop, status) ~ treat + age + steroids + strata(center), cgd)
o$cox_cgd_offset <- cx(Surv(tstart, tstop, status) ~ treat + steroids + offset(age / 50) + strata(center), cgd)
o$cox_ovarian <- cx(Surv(futime, fustat) ~ age + resid.ds + rx, ovarian)
writeLines(toJSON(o, digits = 17, auto_unbox = TRUE, pretty = FALSE, na = "null"), "golden.json")
