"""Building blocks of the HTML reports: the page frame, charts and annotated frames."""
