"""What came out? Tables, a picture and a manifest, from the study file alone."""

from nas_tc._words import short_number
from nas_tc.report.against_baselines import AgainstBaseline, against_baseline, against_own
from nas_tc.report.agreement import draw_agreement
from nas_tc.report.columns import write_csv
from nas_tc.report.curve import write_curve
from nas_tc.report.effects import Effect, Effects, effects
from nas_tc.report.family import Member, family_tree
from nas_tc.report.majority import majority_lines, no_better
from nas_tc.report.page import page_html
from nas_tc.report.per_class import class_table, confusion_table, worst_classes
from nas_tc.report.plot import draw_front
from nas_tc.report.recommended import Recommended, recommended
from nas_tc.report.tables import (
    computed_columns,
    front_of,
    front_table,
    landmarks_of,
    share_of_budget,
    trials_table,
)
from nas_tc.report.write import manifest, write_report
from nas_tc.study.columns import in_metric

__all__ = [
    "AgainstBaseline",
    "Effect",
    "Effects",
    "Member",
    "Recommended",
    "against_baseline",
    "against_own",
    "class_table",
    "computed_columns",
    "confusion_table",
    "draw_agreement",
    "draw_front",
    "effects",
    "family_tree",
    "front_of",
    "front_table",
    "in_metric",
    "landmarks_of",
    "majority_lines",
    "manifest",
    "no_better",
    "page_html",
    "recommended",
    "share_of_budget",
    "short_number",
    "trials_table",
    "worst_classes",
    "write_csv",
    "write_curve",
    "write_report",
]
