"""Reports: Markdown, rendered on terminals, and plots."""
