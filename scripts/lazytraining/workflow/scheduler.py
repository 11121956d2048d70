"""Snakemake's scheduler, held to one look a second."""

import threading

from snakemake.workflow import Workflow


def look_once_a_second(workflow: Workflow) -> None:
    """Have the scheduler wait for one timer at a time.

    While jobs wait for a core it starts a timer at each look, and each timer is another look. Every job that ends adds one to
    those under way: after N jobs it looks N times a second, which is a tenth of a core at 400 jobs and all of it at 3000.
    """
    scheduler, waiting = workflow.scheduler, threading.Lock()

    def look() -> None:
        waiting.release()
        scheduler._open_jobs.release()

    def schedule(delay: float) -> None:
        if waiting.acquire(blocking=False):
            threading.Timer(delay, look).start()

    scheduler._schedule_reevalutation = schedule
