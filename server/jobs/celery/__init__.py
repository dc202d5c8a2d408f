"""Jobs on Celery workers of any number of machines, with Redis between them. Imported only when it is configured."""
