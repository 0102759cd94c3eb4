# Golden numbers of contingency tables, from R's own data sets and the examples
# of fisher.test and mantelhaen.test. Run in this folder: Rscript golden.R
# Made with R 4.2.2.
library(jsonlite)
one <- function(name, x, level = 0.95) {
  d <- dim(x); y <- if (length(d) == 3) apply(x, 1:2, sum) else x
  o <- list(name = name, dim = I(d), counts = as.vector(unclass(x)), level = level)
  cs <- suppressWarnings(chisq.test(y, correct = FALSE)); cy <- suppressWarnings(chisq.test(y))
  o$chisq <- unname(cs$statistic); o$df <- unname(cs$parameter); o$p <- cs$p.value
  f <- tryCatch(fisher.test(y, conf.level = level, workspace = 2e7), error = function(e) NULL) # too large for R, too
  if (!is.null(f)) o$fisher <- f$p.value
  if (all(d[1:2] == 2)) {
    o$yates <- unname(cy$statistic); o$yates_p <- cy$p.value
    o$or <- c(f$estimate, f$conf.int)
    z <- qnorm((1 + level) / 2); n <- as.numeric(y)
    l <- log(n[1] * n[4] / (n[2] * n[3])); s <- sqrt(sum(1 / n)); o$wald <- exp(l + c(0, -1, 1) * z * s)
    a <- y[1, 1]; b <- y[1, 2]; c <- y[2, 1]; e <- y[2, 2]
    l <- log(e / (c + e)) - log(b / (a + b)); s <- sqrt(1 / e - 1 / (c + e) + 1 / b - 1 / (a + b)); o$risk <- exp(l + c(0, -1, 1) * z * s)
  }
  if (length(d) == 3) {
    m <- mantelhaen.test(x, correct = FALSE, conf.level = level); o$cmh <- unname(m$statistic); o$cmh_df <- unname(m$parameter); o$cmh_p <- m$p.value
    if (all(d[1:2] == 2)) { k <- mantelhaen.test(x, correct = TRUE, conf.level = level); o$cmh_yates <- unname(k$statistic); o$cmh_yates_p <- k$p.value; o$mh <- c(m$estimate, m$conf.int) }
  }
  o
}
tea <- matrix(c(3, 1, 1, 3), 2)
convictions <- matrix(c(2, 10, 15, 3), 2)
job <- matrix(c(1, 2, 1, 0, 3, 3, 6, 1, 10, 10, 14, 9, 6, 7, 12, 11), 4)
penicillin <- array(c(0, 0, 6, 5, 3, 0, 3, 6, 6, 2, 0, 4, 5, 6, 1, 0, 2, 5, 0, 0), c(2, 2, 5))
satisfaction <- array(c(1, 2, 0, 0, 3, 3, 1, 2, 11, 17, 8, 4, 2, 3, 5, 2, 1, 0, 0, 0, 1, 3, 0, 1, 2, 5, 7, 9, 1, 1, 3, 6), c(4, 4, 2))
out <- list(
  one("tea tasting", tea), one("ten, two, three, fifteen", matrix(c(10, 3, 2, 15), 2)), one("convictions", convictions, 0.9), one("job satisfaction", job),
  one("HairEyeColor, men", HairEyeColor[, , "Male"]), one("UCBAdmissions", UCBAdmissions), one("Titanic, survival by class", apply(Titanic, c(1, 4), sum)),
  one("Titanic, survival by sex in classes", aperm(apply(Titanic, c(1, 2, 4), sum), c(2, 3, 1))),
  one("penicillin in rabbits", penicillin), one("job satisfaction by gender", satisfaction), one("HairEyeColor by sex", HairEyeColor[, c(1, 2, 3, 4), ]),
  one("one above the expectation", matrix(c(50, 49, 50, 51), 2)))
write(toJSON(out, digits = I(17), auto_unbox = TRUE, pretty = FALSE), "golden.json")
