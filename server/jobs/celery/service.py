"""The jobs of a server whose workers are other processes."""

from server.config import Config
from server.jobs.celery.app import WorkMessages, create_app
from server.jobs.celery.dispatcher import Dispatcher
from server.jobs.celery.redis.redis_store import RedisStore
from server.jobs.celery.worker import job_files
from server.jobs.job_service import JobService
from server.jobs.quota import Quota
from server.jobs.renderer import Renderer
from server.jobs.runner.changes import Changes


def create_service(config: Config, renderer: Renderer) -> JobService:
    """Keeps jobs in Redis. Connects when it is used: without Redis, the server starts, and takes no jobs."""
    messages = WorkMessages(create_app(config.queue))
    broker = config.queue.broker.get_secret_value()
    store = RedisStore(broker, config.jobs.max_attempts, messages.send)
    files = job_files(config, store)
    quota = Quota(files, config.jobs.quota_mb)
    dispatcher = Dispatcher(store, messages)
    return JobService(config.jobs, renderer, store, files, quota, Changes(), runner=None, dispatch=dispatcher.run)
