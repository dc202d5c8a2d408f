"""Long work: jobs of many parts, kept until they are done, computed beside live streams."""
