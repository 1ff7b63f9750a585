"""`write_report`: what a run found out, on one page."""

from raasid.evaluation.report.page import write_report

__all__ = ["write_report"]
