"""Names of the files of a report, for those who must not load what writes them."""

ALWAYS = (
    "report.html",
    "report.md",
    "pareto.csv",
    "trials.csv",
    "trials.parquet",
    "pareto.png",
    "pareto.svg",
    "manifest.json",
)
TESTED = ("per_class.csv", "confusion.csv")  # where networks were tested
FIRST = "pareto.csv"  # that is written
