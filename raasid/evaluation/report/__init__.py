"""`write_page`: what a run found out, on one page; `PAGE` of a kind of model says what is particular."""

from raasid.evaluation.report.page import Page, write_page

__all__ = ["Page", "write_page"]
