"""The source of a conversion: download, package layouts, configuration files."""
