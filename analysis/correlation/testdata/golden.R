# Golden numbers of correlations, and their tables: data sets of R's package
# datasets. Run in this folder: Rscript golden.R. Made with R 4.2.2.
# iris10 is iris in millimetres, so that its ranks are of whole numbers.
g17 <- function(x) ifelse(is.na(x), "NA", sprintf("%.17g", x))
out <- list()
add <- function(data, d, method, use, level = 0.95) {
  write.csv(d, paste0(data, ".csv"), row.names = FALSE, quote = FALSE, na = "")
  d <- read.csv(paste0(data, ".csv"))
  y <- if (use == "complete") d[complete.cases(d), ] else d
  for (i in 1:(ncol(d) - 1)) for (j in (i + 1):ncol(d)) {
    k <- complete.cases(y[, c(i, j)])
    if (method == "pearson") {
      h <- cor.test(y[k, i], y[k, j], conf.level = level); ci <- h$conf.int
    } else {
      h <- suppressWarnings(cor.test(y[k, i], y[k, j], method = "spearman", exact = FALSE)); ci <- c(NA, NA)
    }
    out[[length(out) + 1]] <<- c(data, method, use, level, names(d)[i], names(d)[j], g17(h$estimate), g17(h$statistic), g17(h$p.value), g17(ci[1]), g17(ci[2]), sum(k))
  }
}
add("iris", iris[, 1:4], "pearson", "complete")
add("iris10", round(10 * iris[, 1:4]), "spearman", "complete")
add("airquality", airquality, "pearson", "pairwise", 0.9)
add("airquality", airquality, "pearson", "complete")
add("cars", mtcars[, c("mpg", "cyl", "hp", "gear", "carb", "am")], "pearson", "complete")
add("cars_whole", mtcars[, c("cyl", "hp", "gear", "carb", "am")], "spearman", "complete")
w <- airquality; w$Wind <- round(w$Wind)
add("airquality_whole", w, "spearman", "pairwise")
m <- do.call(rbind, out)
colnames(m) <- c("data", "method", "use", "level", "x", "y", "estimate", "statistic", "p.value", "conf.low", "conf.high", "n")
write.csv(m, "golden.csv", row.names = FALSE, quote = FALSE)
