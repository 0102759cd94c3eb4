# Golden numbers of the description, and the tables that they are of: data sets
# of R's package datasets. Run in this folder: Rscript golden.R
# Made with R 4.2.2. Every digit is written, so that quantiles compare bit by bit.
options(stringsAsFactors = FALSE)
probs <- c(0.05, 0.1, 0.25, 1/3, 0.5, 0.75, 0.95)
g17 <- function(x) ifelse(is.na(x), "NA", sprintf("%.17g", x))
row <- function(data, by, variable, group, x) {
  n <- sum(!is.na(x)); y <- x[!is.na(x)]
  skew <- mean((y - mean(y))^3) / mean((y - mean(y))^2)^1.5
  c(data, by, variable, group, n, sum(is.na(x)), g17(mean(y)), g17(var(y)), g17(sd(y)), g17(skew),
    g17(quantile(y, probs, names = FALSE)))
}
out <- list()
add <- function(data, d, by) {
  write.csv(d, paste0(data, ".csv"), row.names = FALSE, quote = FALSE, na = "")
  d <- read.csv(paste0(data, ".csv"))  # what the test reads
  for (v in names(d)[sapply(d, is.numeric)]) {
    if (v == by) next
    out[[length(out) + 1]] <<- row(data, "", v, "", d[[v]])
    if (by != "") for (g in sort(unique(d[[by]])))
      out[[length(out) + 1]] <<- row(data, by, v, as.character(g), d[[v]][d[[by]] == g])
  }
}
add("iris", transform(iris, Species = as.character(Species)), "Species")
add("airquality", airquality, "Month")
add("quakes", quakes, "")
add("precip", data.frame(precip = as.numeric(precip), shifted = as.numeric(precip) - 30, tiny = 1e6 + as.numeric(precip) / 1e6), "")
m <- do.call(rbind, out)
colnames(m) <- c("data", "by", "variable", "group", "n", "missing", "mean", "var", "sd", "skewness", paste0("q", seq_along(probs)))
write.csv(m, "golden.csv", row.names = FALSE, quote = FALSE)
