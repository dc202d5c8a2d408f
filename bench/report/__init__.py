"""Reports: tables in Markdown and on terminals, and plots."""
