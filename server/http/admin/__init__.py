"""Administration over HTTP: voices are listed, converted, reloaded and removed."""
