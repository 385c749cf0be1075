"""Work on a site's labels: which are likely wrong, and which to write next. Knows no file and no command."""
