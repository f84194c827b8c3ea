"""Airflow's names, wherever this version keeps them: 3 is the target, 2.9 also works.

Takes nothing, gives names, never decides anything.
"""

from __future__ import annotations

try:
    from airflow.sdk import (
        Asset,
        AssetAlias,
        AsyncCallback,
        BaseHook,
        BaseOperatorLink,
        BaseSensorOperator,
        CronTriggerTimetable,
        DeadlineAlert,
        DeadlineReference,
        Param,
        dag,
        task,
    )
    from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException, AirflowSkipException
except ImportError:  # Airflow 2
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import dag, task
    from airflow.exceptions import AirflowFailException, AirflowNotFoundException, AirflowSkipException
    from airflow.hooks.base import BaseHook
    from airflow.models.param import Param
    from airflow.sensors.base import BaseSensorOperator
    from airflow.timetables.trigger import CronTriggerTimetable

    AssetAlias = AsyncCallback = BaseOperatorLink = DeadlineAlert = DeadlineReference = None

__all__ = [
    "AirflowFailException",
    "AirflowNotFoundException",
    "AirflowSkipException",
    "Asset",
    "AssetAlias",
    "AsyncCallback",
    "BaseHook",
    "BaseOperatorLink",
    "BaseSensorOperator",
    "CronTriggerTimetable",
    "DeadlineAlert",
    "DeadlineReference",
    "Param",
    "dag",
    "task",
]
