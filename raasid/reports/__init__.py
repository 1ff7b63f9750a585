"""Building blocks of the HTML reports: document, charts and annotated frames."""
