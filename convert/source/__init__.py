"""Where a voice comes from: download, package layouts, configuration files."""
