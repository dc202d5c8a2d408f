"""Access over HTTP: keys in headers, rights of paths, web pages of other hosts, proxies, and headers for browsers."""
